//! Which forms were filed lately, and what their senders were told.
//!
//! A solved puzzle is worth one submission, not many; and who sends the same form twice (a
//! double click, a reload) sees the same answer again, which the desk alone could not give: it
//! keeps only a digest of the code. A fixed number is remembered, the oldest is forgotten first.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::desk::FormFiled;

const MOST: usize = 4096;

#[derive(Debug)]
struct Spent {
    form: [u8; 16],
    entry: [u8; 16],
    filed: FormFiled,
}

/// The forms filed lately.
#[derive(Debug, Default)]
pub(crate) struct SpentForms(Mutex<VecDeque<Spent>>);

impl SpentForms {
    /// Whether the form was filed before with another content.
    pub(crate) fn carried_another(&self, form: [u8; 16], entry: [u8; 16]) -> bool {
        let spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.iter().any(|spent| spent.form == form && spent.entry != entry)
    }

    /// What the sender of this very entry was told.
    pub(crate) fn told(&self, entry: [u8; 16]) -> Option<FormFiled> {
        let spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = spent.iter().rev().find(|spent| spent.entry == entry)?;
        Some(FormFiled { is_repeated: true, ..told.filed })
    }

    /// Remembers a filed form.
    pub(crate) fn remember(&self, form: [u8; 16], entry: [u8; 16], filed: FormFiled) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() >= MOST {
            spent.pop_front();
        }
        spent.push_back(Spent { form, entry, filed });
    }
}
