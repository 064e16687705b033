//! Numbers of acts: given in the order in which acts are drawn up, without gaps in a year.

use std::fmt;

/// The number of an act: `A-2026-000017`, without gaps in its year; that of a supplement to it is
/// `A-2026-000017-1`, so that it stands beside it in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActNumber {
    year: i16,
    place: u32,
    /// 0: the act itself.
    supplement: u8,
}

/// A text that should have been the number of an act is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the number of an act; write it as A-2026-000017")]
pub struct InvalidActNumber;

impl ActNumber {
    /// The number after `last` in a year; the first one when there is none yet.
    #[must_use]
    pub fn next(year: i16, last: Option<Self>) -> Self {
        let place = last.filter(|last| last.year == year).map_or(0, |last| last.place);
        Self { year, place: place.saturating_add(1), supplement: 0 }
    }

    /// The number of the first supplement to this act.
    #[must_use]
    pub fn supplemented(self) -> Self {
        Self { supplement: self.supplement.saturating_add(1), ..self }
    }

    /// Which supplement it is; none of an act itself.
    #[must_use]
    pub fn supplement(self) -> Option<u8> {
        (self.supplement > 0).then_some(self.supplement)
    }

    /// Reads a number, in any case.
    ///
    /// # Errors
    /// [`InvalidActNumber`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidActNumber> {
        let text = text.trim().to_ascii_uppercase();
        let (year, place) = text
            .strip_prefix("A-")
            .and_then(|rest| rest.split_once('-'))
            .ok_or(InvalidActNumber)?;
        let (place, supplement) = match place.split_once('-') {
            Some((place, supplement)) => (place, Some(supplement)),
            None => (place, None),
        };
        if year.len() != 4 || !(6..=9).contains(&place.len()) {
            return Err(InvalidActNumber);
        }
        let supplement = match supplement {
            // One digit: so do numbers stand in their order as texts, too.
            Some(text) if text.len() == 1 => Some(text),
            Some(_) => return Err(InvalidActNumber),
            None => None,
        };
        let read = |text: &str| -> Result<u32, InvalidActNumber> {
            if !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(InvalidActNumber);
            }
            text.parse().map_err(|_| InvalidActNumber)
        };
        let (year, place) = (read(year)?, read(place)?);
        let supplement = supplement.map(read).transpose()?;
        if place == 0 || supplement == Some(0) {
            return Err(InvalidActNumber);
        }
        Ok(Self {
            year: i16::try_from(year).map_err(|_| InvalidActNumber)?,
            place,
            supplement: u8::try_from(supplement.unwrap_or(0)).map_err(|_| InvalidActNumber)?,
        })
    }

    /// What all numbers of a year begin with.
    #[must_use]
    pub fn prefix(year: i16) -> String {
        format!("A-{year:04}-")
    }

    /// Its year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.year
    }
}

impl fmt::Display for ActNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:06}", Self::prefix(self.year), self.place)?;
        match self.supplement {
            0 => Ok(()),
            supplement => write!(f, "-{supplement}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_within_a_year_and_begin_again_in_the_next() {
        let first = ActNumber::next(2026, None);
        assert_eq!(first.to_string(), "A-2026-000001");
        let second = ActNumber::next(2026, Some(first));
        assert_eq!(second.to_string(), "A-2026-000002");
        assert_eq!(ActNumber::next(2027, Some(second)).to_string(), "A-2027-000001");
        assert_eq!(ActNumber::parse(" a-2026-000002 "), Ok(second));
        let supplement = second.supplemented();
        assert_eq!(supplement.to_string(), "A-2026-000002-1");
        assert_eq!(ActNumber::parse("a-2026-000002-1"), Ok(supplement));
        assert_eq!((second.supplement(), supplement.supplement()), (None, Some(1)));
        // It takes no number from the acts, and stands between them.
        let third = ActNumber::next(2026, Some(supplement));
        assert_eq!(third.to_string(), "A-2026-000003");
        assert!(second < supplement && supplement < third);
        for wrong in ["A-2026-000002-0", "A-2026-000002-", "A-2026-000002-12", "A-2026-000002-x"] {
            assert_eq!(ActNumber::parse(wrong), Err(InvalidActNumber), "{wrong}");
        }
        for wrong in ["A-2026-0", "A-26-000001", "B-2026-000001", "A-2026-000000", "A-2026-00001x"]
        {
            assert_eq!(ActNumber::parse(wrong), Err(InvalidActNumber), "{wrong}");
        }
    }
}
