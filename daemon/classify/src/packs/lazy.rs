//! Language packs that are compiled when a text is first judged by them.

use std::{ops::Deref, sync::OnceLock};

use super::Packs;

/// The embedded packs, compiled at their first use, or packs that were compiled before.
///
/// Most commands judge no text, and compiling is the longest part of their start.
#[derive(Debug, Default)]
pub struct LazyPacks(OnceLock<Packs>);

impl From<Packs> for LazyPacks {
    fn from(packs: Packs) -> Self {
        Self(OnceLock::from(packs))
    }
}

impl Deref for LazyPacks {
    type Target = Packs;

    fn deref(&self) -> &Packs {
        self.0.get_or_init(Packs::embedded)
    }
}
