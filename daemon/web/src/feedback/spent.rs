//! Which forms are being filed, or were lately.
//!
//! A solved puzzle is worth one submission, however many are posted at once; and who sends the
//! same form twice (a double click, a reload) gets the same answer again without counting twice.
//! A form is reserved before it is filed; what was not filed gives it back. A fixed number is
//! remembered, the oldest is forgotten first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MOST: usize = 4096;

/// One form with one content.
#[derive(Debug)]
struct Spent {
    form: [u8; 16],
    entry: [u8; 16],
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// By so many submissions at once: the same content may come twice before it is filed.
    Reserved(u32),
    Filed,
}

/// The forms reserved, and those filed lately.
#[derive(Debug, Default)]
pub(crate) struct SpentForms(Mutex<VecDeque<Spent>>);

/// What may be done with a form.
pub(crate) enum Claim {
    /// This content of it was filed already.
    Filed,
    /// It carries nothing else; its puzzle is this submission's.
    First(Reservation),
    /// It carries, or carried, another content, which has its puzzle.
    Further(Reservation),
}

/// A form set aside for one submission; given back when dropped.
pub(crate) struct Reservation {
    forms: Arc<SpentForms>,
    form: [u8; 16],
    entry: [u8; 16],
}

impl SpentForms {
    /// Sets the form aside for a content, in one step: of two contents only one comes first.
    pub(crate) fn claim(self: &Arc<Self>, form: [u8; 16], entry: [u8; 16]) -> Claim {
        let mut spent = self.lock();
        let is_first = !spent.iter().any(|spent| spent.form == form && spent.entry != entry);
        match spent.iter_mut().find(|spent| spent.form == form && spent.entry == entry) {
            Some(Spent { state: State::Filed, .. }) => return Claim::Filed,
            Some(Spent { state: State::Reserved(times), .. }) => *times = times.saturating_add(1),
            None => {
                if spent.len() >= MOST {
                    spent.pop_front();
                }
                spent.push_back(Spent { form, entry, state: State::Reserved(1) });
            }
        }
        let reservation = Reservation { forms: Arc::clone(self), form, entry };
        if is_first { Claim::First(reservation) } else { Claim::Further(reservation) }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Spent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// It was filed: the form stays spent.
    pub(crate) fn keep(self) {
        let mut spent = self.forms.lock();
        let ours = |spent: &&mut Spent| spent.form == self.form && spent.entry == self.entry;
        if let Some(spent) = spent.iter_mut().find(ours) {
            spent.state = State::Filed;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut spent = self.forms.lock();
        let ours = |spent: &Spent| spent.form == self.form && spent.entry == self.entry;
        let Some(place) = spent.iter().position(ours) else { return };
        match spent.get_mut(place).map(|spent| &mut spent.state) {
            Some(State::Reserved(times)) if *times > 1 => *times = times.saturating_sub(1),
            Some(State::Reserved(_)) => {
                spent.remove(place);
            }
            Some(State::Filed) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: [u8; 16] = [1; 16];
    const ONE: [u8; 16] = [2; 16];
    const TWO: [u8; 16] = [3; 16];

    fn first(claim: Claim) -> Reservation {
        match claim {
            Claim::First(reservation) => reservation,
            Claim::Further(_) | Claim::Filed => panic!("not the first"),
        }
    }

    #[test]
    fn a_form_is_its_first_contents_until_that_fails() {
        let forms = Arc::new(SpentForms::default());
        let reservation = first(forms.claim(FORM, ONE));
        let same = first(forms.claim(FORM, ONE));
        assert!(matches!(forms.claim(FORM, TWO), Claim::Further(_)));
        drop(reservation);
        assert!(matches!(forms.claim(FORM, TWO), Claim::Further(_)), "the same waits still");
        drop(same);
        first(forms.claim(FORM, TWO)).keep();
        assert!(matches!(forms.claim(FORM, TWO), Claim::Filed));
        assert!(matches!(forms.claim(FORM, ONE), Claim::Further(_)));
        assert_eq!(forms.lock().len(), 1);
    }

    #[test]
    fn memory_does_not_grow() {
        let forms = Arc::new(SpentForms::default());
        for n in 0..5_000_u32 {
            let mut entry = [0; 16];
            entry[..4].copy_from_slice(&n.to_le_bytes());
            first(forms.claim(entry, entry)).keep();
        }
        assert_eq!(forms.lock().len(), MOST);
    }
}
