//! The values of each page, every one ready to print; templates only place them.

use axum::http::Uri;
use domain::language::Locale;
use render::{PageName, RenderError};
use serde::Serialize;

use crate::pages::challenges::try_challenges;
use crate::pages::lists::try_lists;
use crate::pages::packages::try_packages;
use crate::pages::{Problem, ShownPolicy, render_only, word};
use crate::web::Web;

/// What every page shows around its content.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Site {
    title: String,
    /// The number of a ticket behind the title; empty where there is none.
    number: String,
    organisation: String,
    email: String,
    contact: String,
    policy_url: String,
    policy_version: String,
    feedback_url: String,
    status_url: String,
    /// The same page in the other language; empty where there is none to go to by GET.
    other_language_url: String,
    style_url: String,
    script_url: String,
    icon_url: String,
}

impl Site {
    /// The frame of a page; `title` is the path of its word.
    pub(crate) fn new(web: &Web, locale: Locale, title: &str) -> Self {
        let config = &web.config;
        Self {
            title: word(web, locale, title),
            number: String::new(),
            organisation: config.organisation.name.clone(),
            email: config.organisation.email.expose().to_owned(),
            contact: config.organisation.contact.clone(),
            policy_url: config.policy.url.clone(),
            policy_version: config.policy.version.clone(),
            feedback_url: format!("/{}/feedback", locale.code()),
            status_url: format!("/{}/status", locale.code()),
            other_language_url: String::new(),
            style_url: web.assets.style_url.clone(),
            script_url: String::new(),
            icon_url: web.assets.icon_url.clone(),
        }
    }

    /// With a link to the same page in the other language, keeping the query.
    pub(crate) fn with_other_language(mut self, locale: Locale, page: &str, uri: &Uri) -> Self {
        let other = match locale {
            Locale::Ru => Locale::En,
            Locale::En => Locale::Ru,
        };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.other_language_url = format!("/{}/{page}{query}", other.code());
        self
    }

    /// With the policy that holds beside the lists, instead of the configured one; a policy
    /// without version is named without.
    pub(crate) fn with_policy(mut self, policy: &ShownPolicy) -> Self {
        if !policy.url.is_empty() {
            self.policy_url.clone_from(&policy.url);
        }
        self.policy_version.clone_from(&policy.version);
        self
    }

    /// With a link to the same page in the other language, where the path has none.
    pub(crate) fn with_other_url(mut self, url: String) -> Self {
        self.other_language_url = url;
        self
    }

    /// With the title followed by a number: "Message CT-…".
    pub(crate) fn with_number(mut self, number: &str) -> Self {
        number.clone_into(&mut self.number);
        self
    }

    /// With the script of the form.
    pub(crate) fn with_script(mut self, web: &Web) -> Self {
        self.script_url.clone_from(&web.assets.script_url);
        self
    }
}

/// One control: what was typed, and what is wrong with it (empty: nothing).
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Field {
    pub(crate) value: String,
    pub(crate) error: String,
}

/// One line of the summary of errors; `field` is the id of the control, or empty.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ErrorLine {
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

/// The feedback form.
#[derive(Debug, Serialize)]
pub(crate) struct FeedbackPage {
    pub(crate) site: Site,
    pub(crate) action: String,
    pub(crate) errors: Vec<ErrorLine>,
    pub(crate) name: Field,
    pub(crate) email: Field,
    pub(crate) phone: Field,
    pub(crate) text: Field,
    pub(crate) trap: Field,
    pub(crate) form_token: String,
    pub(crate) puzzle_seed: String,
    pub(crate) puzzle_bits: u32,
}

/// After filing: the same for everybody, whatever the address they typed.
#[derive(Debug, Serialize)]
pub(crate) struct FiledPage {
    pub(crate) site: Site,
}

/// The question for number and code.
#[derive(Debug, Serialize)]
pub(crate) struct StatusPage {
    pub(crate) site: Site,
    pub(crate) action: String,
    pub(crate) errors: Vec<ErrorLine>,
    pub(crate) number: Field,
    pub(crate) code: Field,
}

/// The state of a ticket.
#[derive(Debug, Serialize)]
pub(crate) struct StatusShownPage {
    pub(crate) site: Site,
    pub(crate) state: String,
    pub(crate) opened_at: String,
    pub(crate) requests: Vec<RequestLine>,
    /// Where a challenge is answered with its code; empty while none waits.
    pub(crate) code_url: String,
}

/// One request on the status page.
#[derive(Debug, Serialize)]
pub(crate) struct RequestLine {
    pub(crate) what: String,
    pub(crate) state: String,
    pub(crate) owed: Vec<String>,
}

/// A problem.
#[derive(Debug, Serialize)]
pub(crate) struct ProblemPage {
    pub(crate) site: Site,
    pub(crate) text: String,
}

/// Renders every page once in every language, with each branch of its template entered.
pub(crate) fn try_all(web: &Web) -> Result<(), RenderError> {
    for locale in [Locale::Ru, Locale::En] {
        let site = || Site::new(web, locale, "feedback.title").with_script(web);
        for error in ["", "x"] {
            let field = || Field { value: "x".to_owned(), error: error.to_owned() };
            let errors = || match error {
                "" => Vec::new(),
                text => [("email", text), ("", text)]
                    .map(|(field, text)| ErrorLine { field, text: text.to_owned() })
                    .to_vec(),
            };
            let feedback = FeedbackPage {
                site: site(),
                action: "x".to_owned(),
                errors: errors(),
                name: field(),
                email: field(),
                phone: field(),
                text: field(),
                trap: field(),
                form_token: "x".to_owned(),
                puzzle_seed: "x".to_owned(),
                puzzle_bits: 1,
            };
            render_only(web, PageName::Feedback, locale, &feedback)?;
            let status = StatusPage {
                site: site(),
                action: "x".to_owned(),
                errors: errors(),
                number: field(),
                code: field(),
            };
            render_only(web, PageName::Status, locale, &status)?;
            let line = RequestLine {
                what: "x".to_owned(),
                state: "x".to_owned(),
                owed: vec!["x".to_owned()],
            };
            let shown = StatusShownPage {
                site: site(),
                state: "x".to_owned(),
                opened_at: "x".to_owned(),
                requests: if error.is_empty() { Vec::new() } else { vec![line] },
                code_url: error.to_owned(),
            };
            render_only(web, PageName::StatusShown, locale, &shown)?;
        }
        render_only(web, PageName::FeedbackFiled, locale, &FiledPage { site: site() })?;
        try_lists(web, locale)?;
        try_challenges(web, locale)?;
        try_packages(web, locale)?;
        for problem in Problem::ALL {
            render_only(web, PageName::Problem, locale, &problem.page(web, locale))?;
        }
    }
    Ok(())
}
