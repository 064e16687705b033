//! The values of the pages of a package's link, every one ready to print.

use domain::language::Locale;
use render::{PageName, RenderError};
use serde::Serialize;

use crate::pages::{Site, render_only};
use crate::web::Web;

/// The link, with its button.
#[derive(Debug, Serialize)]
pub(crate) struct PackagePage {
    pub(crate) site: Site,
    pub(crate) until: String,
    pub(crate) size: String,
}

/// A link that gives no file.
#[derive(Debug, Serialize)]
pub(crate) struct PackageEndedPage {
    pub(crate) site: Site,
    pub(crate) lead: String,
}

/// Renders both in one language.
pub(crate) fn try_packages(web: &Web, locale: Locale) -> Result<(), RenderError> {
    let site = || Site::new(web, locale, "package.title").with_other_url("x".to_owned());
    let text = || "x".to_owned();
    let page = PackagePage { site: site(), until: text(), size: text() };
    render_only(web, PageName::Package, locale, &page)?;
    let ended = PackageEndedPage { site: site(), lead: text() };
    render_only(web, PageName::PackageEnded, locale, &ended)
}
