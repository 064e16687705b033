//! Which forms were filed lately: a solved puzzle is worth one submission, not many.
//!
//! A fixed number is remembered, the oldest is forgotten first. What is forgotten can at worst
//! be spent again within the limits; that the same entry is one submission is kept by the desk.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

const MOST: usize = 4096;

/// Pairs of a form's id and the key of the entry that it carried.
#[derive(Debug, Default)]
pub(crate) struct SpentForms(Mutex<VecDeque<([u8; 16], [u8; 16])>>);

impl SpentForms {
    /// Whether the form was filed before with another content.
    pub(crate) fn carried_another(&self, form: [u8; 16], entry: [u8; 16]) -> bool {
        let spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.iter().any(|(id, key)| *id == form && *key != entry)
    }

    /// Remembers a filed form.
    pub(crate) fn remember(&self, form: [u8; 16], entry: [u8; 16]) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.contains(&(form, entry)) {
            return;
        }
        if spent.len() >= MOST {
            spent.pop_front();
        }
        spent.push_back((form, entry));
    }
}
