//! Cells that a spreadsheet would take for formulas: `contact export --format csv` puts an
//! apostrophe before them, and the import takes it away again.
//!
//! A name or a source comes from outside; a spreadsheet that opens the export would run a cell
//! such as `=HYPERLINK(…)` with the rights of whoever looks at it.

use std::borrow::Cow;

/// With what a formula begins (a tab or a CR before it is dropped by the spreadsheet).
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether a formula stands behind no, one or several apostrophes: those too get one more, so
/// that taking one away always gives back what was there.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA)
}

/// The cell as it may stand in a CSV that a spreadsheet opens.
#[must_use]
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if is_formula(cell) { format!("'{cell}").into() } else { cell.into() }
}

/// The cell without the apostrophe of [`guarded`].
#[must_use]
pub fn unguarded(field: &str) -> &str {
    field.strip_prefix('\'').filter(|cell| is_formula(cell)).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{guarded, unguarded};

    #[test]
    fn what_a_spreadsheet_would_run_gets_an_apostrophe() {
        for cell in ["=1+1", "+7900", "-2", "@SUM(A1)", "\t=1", "\r=1", "'=1"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
        }
        for cell in ["", "Anna", "'t Hooft", "a=b", "1-2", "'"] {
            assert_eq!(guarded(cell), cell);
            assert_eq!(unguarded(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn the_import_takes_away_what_the_export_put_there(cell in "['=+@\t\r-]{0,4}.{0,3}") {
            let shown = guarded(&cell);
            prop_assert_eq!(unguarded(&shown), cell.as_str());
            prop_assert!(!shown.starts_with(super::FORMULA));
        }
    }
}
