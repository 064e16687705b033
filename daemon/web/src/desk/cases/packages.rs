//! Packages: from the words of `cases` to those of the page.

use ::cases::Cases;
use ::cases::access::PackageLinkState;

use crate::desk::cases::refuse;
use crate::desk::{DeskError, PackageFile, PackageStanding, PackageView};

pub(super) async fn look(cases: &Cases, token: &str) -> Result<Option<PackageView>, DeskError> {
    let link = cases.package_link(token).await;
    let link = link.map_err(|error| refuse("show the link of a package", &error))?;
    Ok(link.map(|link| PackageView {
        standing: match link.state {
            PackageLinkState::Open { until } => PackageStanding::Open { until },
            PackageLinkState::Spent => PackageStanding::Spent,
            PackageLinkState::Expired => PackageStanding::Expired,
        },
        size_bytes: link.size_bytes,
        locale: link.locale,
    }))
}

pub(super) async fn fetch(cases: &Cases, token: &str) -> Result<Option<PackageFile>, DeskError> {
    let file = cases.fetch_package(token).await;
    let file = file.map_err(|error| refuse("give out a package", &error))?;
    Ok(file.map(|file| PackageFile { name: file.name, bytes: file.file }))
}
