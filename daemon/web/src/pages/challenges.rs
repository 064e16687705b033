//! The values of the pages of a challenge, every one ready to print.

use domain::language::Locale;
use render::{PageName, RenderError};
use serde::Serialize;

use crate::pages::{ErrorLine, Field, Site, render_only};
use crate::web::Web;

/// What the link of a challenge stands for, with its buttons while it waits.
#[derive(Debug, Serialize)]
pub(crate) struct ChallengePage {
    pub(crate) site: Site,
    pub(crate) lead: String,
    /// The ticket; empty for a link that is none of ours.
    pub(crate) number: String,
    pub(crate) opened_at: String,
    pub(crate) requests: Vec<String>,
    pub(crate) has_buttons: bool,
}

/// The same by number and code.
#[derive(Debug, Serialize)]
pub(crate) struct ChallengeCodePage {
    pub(crate) site: Site,
    pub(crate) action: String,
    pub(crate) errors: Vec<ErrorLine>,
    pub(crate) number: Field,
    pub(crate) code: Field,
}

/// Renders both pages in one language, with each branch of their templates entered.
pub(crate) fn try_challenges(web: &Web, locale: Locale) -> Result<(), RenderError> {
    let site = || Site::new(web, locale, "challenge.ask_title").with_other_url("x".to_owned());
    for (text, is_on) in [("", false), ("x", true)] {
        let text = || text.to_owned();
        let page = ChallengePage {
            site: site(),
            lead: text(),
            number: text(),
            opened_at: text(),
            requests: if is_on { vec![text()] } else { Vec::new() },
            has_buttons: is_on,
        };
        render_only(web, PageName::Challenge, locale, &page)?;
        let field = || Field { value: text(), error: text() };
        let line = |field| ErrorLine { field, text: text() };
        let code = ChallengeCodePage {
            site: site(),
            action: text(),
            errors: if is_on { vec![line("number"), line("")] } else { Vec::new() },
            number: field(),
            code: field(),
        };
        render_only(web, PageName::ChallengeCode, locale, &code)?;
    }
    Ok(())
}
