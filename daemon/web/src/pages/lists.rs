//! The values of the pages of the lists, every one ready to print.

use domain::language::Locale;
use render::{PageName, RenderError};
use serde::Serialize;

use crate::pages::{ErrorLine, Field, Site, render_only};
use crate::web::Web;

/// The subscription form, fresh or with errors.
#[derive(Debug, Serialize)]
pub(crate) struct SubscribePage {
    pub(crate) site: Site,
    pub(crate) errors: Vec<ErrorLine>,
    pub(crate) lists: Vec<ListBox>,
    /// What is wrong with the boxes; empty: nothing.
    pub(crate) lists_error: String,
    pub(crate) email: Field,
    pub(crate) name: Field,
    pub(crate) trap: Field,
    pub(crate) policy: ShownPolicy,
}

/// The same form for another site: bare HTML without a frame around it.
#[derive(Debug, Serialize)]
pub(crate) struct EmbeddedForm {
    /// Where it is posted to, with our public address.
    pub(crate) action: String,
    /// Where the person is told what was read here, for the comment.
    pub(crate) source_url: String,
    pub(crate) organisation: String,
    pub(crate) lists: Vec<ListBox>,
    pub(crate) policy: ShownPolicy,
}

/// One list with its own box and its own text.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ListBox {
    /// The id of the box.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) text: String,
    /// The value of the box: list and text.
    pub(crate) value: String,
    pub(crate) is_ticked: bool,
}

/// The policy beside a form.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ShownPolicy {
    pub(crate) url: String,
    pub(crate) version: String,
}

/// After the form: the same for everybody.
#[derive(Debug, Serialize)]
pub(crate) struct SubscribeSentPage {
    pub(crate) site: Site,
}

/// What a confirmation link stands for, with the button while it waits.
#[derive(Debug, Serialize)]
pub(crate) struct ConfirmPage {
    pub(crate) site: Site,
    pub(crate) lead: String,
    pub(crate) lists: Vec<ConfirmLine>,
    pub(crate) has_button: bool,
}

/// One list on the confirmation page.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConfirmLine {
    pub(crate) title: String,
    pub(crate) text: String,
}

/// A confirmation link that is of no use any more.
#[derive(Debug, Serialize)]
pub(crate) struct ConfirmEndedPage {
    pub(crate) site: Site,
    pub(crate) lead: String,
    /// Where one begins again.
    pub(crate) again_url: String,
}

/// What an unsubscribe link stands for, with the buttons that are left to press.
#[derive(Debug, Serialize)]
pub(crate) struct UnsubscribePage {
    pub(crate) site: Site,
    pub(crate) lead: String,
    /// The title of the list; empty when the subscription is gone.
    pub(crate) list: String,
    pub(crate) can_leave_list: bool,
    pub(crate) can_leave_everything: bool,
    pub(crate) has_left_everything: bool,
    /// Where one comes back; empty where nothing was left.
    pub(crate) again_url: String,
}

/// An unsubscribe link that is none of ours.
#[derive(Debug, Serialize)]
pub(crate) struct UnsubscribeUnknownPage {
    pub(crate) site: Site,
}

/// Renders every page of the lists in one language, with each branch of its template entered.
pub(crate) fn try_lists(web: &Web, locale: Locale) -> Result<(), RenderError> {
    let site = || Site::new(web, locale, "subscribe.title").with_other_url("x".to_owned());
    let policy = || ShownPolicy { url: "x".to_owned(), version: "x".to_owned() };
    for (text, is_on) in [("", false), ("x", true)] {
        let text = || text.to_owned();
        let field = || Field { value: text(), error: text() };
        let list = ListBox {
            id: text(),
            name: text(),
            title: text(),
            text: text(),
            value: text(),
            is_ticked: is_on,
        };
        let lists = || if is_on { vec![list.clone()] } else { Vec::new() };
        let errors = || {
            let line = |field| ErrorLine { field, text: text() };
            if is_on { vec![line("email"), line("")] } else { Vec::new() }
        };
        let subscribe = SubscribePage {
            site: site(),
            errors: errors(),
            lists: lists(),
            lists_error: text(),
            email: field(),
            name: field(),
            trap: field(),
            policy: policy(),
        };
        render_only(web, PageName::Subscribe, locale, &subscribe)?;
        let form = EmbeddedForm {
            action: text(),
            source_url: text(),
            organisation: text(),
            lists: lists(),
            policy: policy(),
        };
        render_only(web, PageName::SubscribeForm, locale, &form)?;
        let line = ConfirmLine { title: text(), text: text() };
        let confirm =
            ConfirmPage { site: site(), lead: text(), lists: vec![line], has_button: is_on };
        render_only(web, PageName::SubscribeConfirm, locale, &confirm)?;
        let ended = ConfirmEndedPage { site: site(), lead: text(), again_url: text() };
        render_only(web, PageName::SubscribeEnded, locale, &ended)?;
        let unsubscribe = UnsubscribePage {
            site: site(),
            lead: text(),
            list: text(),
            can_leave_list: is_on,
            can_leave_everything: is_on,
            has_left_everything: is_on,
            again_url: text(),
        };
        render_only(web, PageName::Unsubscribe, locale, &unsubscribe)?;
    }
    render_only(web, PageName::SubscribeSent, locale, &SubscribeSentPage { site: site() })?;
    render_only(web, PageName::UnsubscribeUnknown, locale, &UnsubscribeUnknownPage { site: site() })
}
