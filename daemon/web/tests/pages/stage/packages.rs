//! The scripted desk's package: one link, spent by its first button.

use std::sync::Mutex;

use domain::language::Locale;
use web::{PackageFile, PackageStanding, PackageView};

/// The token of the one link.
pub const PACKAGE: &str = "5f0c2b7d9e1a4c6f8b3d5e7a9c1f2e4d";

#[derive(Default)]
pub struct Packages {
    /// How often the file was given.
    pub taken: Mutex<u32>,
    /// Whether the link is over.
    pub is_over: Mutex<bool>,
}

impl Packages {
    pub fn look(&self, token: &str) -> Option<PackageView> {
        let until = "2026-12-11T09:00:00Z".parse().expect("an instant");
        let standing = if *self.is_over.lock().expect("not poisoned") {
            PackageStanding::Expired
        } else if self.taken() > 0 {
            PackageStanding::Spent
        } else {
            PackageStanding::Open { until }
        };
        let view = PackageView { standing, size_bytes: 48_211, locale: Locale::Ru };
        (token == PACKAGE).then_some(view)
    }

    pub fn fetch(&self, token: &str) -> Option<PackageFile> {
        let open = matches!(self.look(token)?.standing, PackageStanding::Open { .. });
        let file = PackageFile { name: "CT-7H2K9MXQ.zip".to_owned(), bytes: b"PK".to_vec() };
        if open {
            *self.taken.lock().expect("not poisoned") += 1;
        }
        open.then_some(file)
    }

    pub fn taken(&self) -> u32 {
        *self.taken.lock().expect("not poisoned")
    }
}
