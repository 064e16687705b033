//! What the scripted desk knows of lists, confirmations and unsubscribe tokens.

use std::sync::Mutex;

use domain::ids::ConsentTextId;
use domain::language::Locale;
use web::{
    ConfirmationState, ConfirmationView, ConfirmedList, LeavableList, LeaveAnswer, Leaving,
    OpenList, OpenLists, UnsubscribeView, Visit, Wish, WishAnswer,
};

/// The one token that the desk takes for its own; of a confirmation and of a mail alike.
pub const TOKEN: &str = "mfrggzdfmztwq2lknnwg23tpobyxe43u";

pub const NEWS: &str = "Я согласен(-на) получать рекламную рассылку ООО «Пример» «Новости».\n\
    Отозвать согласие можно в любой момент.";

/// The part of the desk that is about lists.
#[derive(Default)]
pub struct Lists {
    pub open: Mutex<OpenLists>,
    pub wishes: Mutex<Vec<Wish>>,
    /// The texts change between the page's look and the desk's.
    pub changes: Mutex<bool>,
    pub confirmation: Mutex<Option<ConfirmationState>>,
    pub confirmed_by: Mutex<Vec<Visit>>,
    pub subscription: Mutex<Option<UnsubscribeView>>,
    pub left: Mutex<Vec<(Leaving, Visit)>>,
}

fn of<T: Clone>(state: &Mutex<T>) -> T {
    state.lock().expect("not poisoned").clone()
}

impl Lists {
    /// Two lists and a mail of the first.
    pub fn fill(&self) {
        let list = |name: &str, title: &str, id, text: &str| OpenList {
            name: name.to_owned(),
            title: title.to_owned(),
            text_id: ConsentTextId(id),
            text: text.to_owned(),
        };
        *self.open.lock().expect("not poisoned") = OpenLists {
            lists: vec![
                list("news", "Новости", 12, NEWS),
                list("offers", "Предложения партнёров", 7, "Я согласен(-на) на <предложения>."),
            ],
            policy_version: "2026-11-01".to_owned(),
            policy_url: "https://shop.example/policy".to_owned(),
        };
        *self.confirmation.lock().expect("not poisoned") = Some(ConfirmationState::Open);
        *self.subscription.lock().expect("not poisoned") = Some(UnsubscribeView {
            list: Some(LeavableList {
                name: "news".to_owned(),
                title_ru: "Новости".to_owned(),
                title_en: "News".to_owned(),
                is_left: false,
            }),
            locale: Locale::Ru,
        });
    }

    pub fn wishes(&self) -> Vec<Wish> {
        of(&self.wishes)
    }

    pub fn left(&self) -> Vec<Leaving> {
        of(&self.left).into_iter().map(|(leaving, _)| leaving).collect()
    }

    /// A text gets a new version.
    pub fn change_text(&self, place: usize, text_id: i64) {
        self.open.lock().expect("not poisoned").lists[place].text_id = ConsentTextId(text_id);
    }

    pub fn set_confirmation(&self, state: ConfirmationState) {
        *self.confirmation.lock().expect("not poisoned") = Some(state);
    }

    /// The subscription was destroyed; its token is still one of ours.
    pub fn destroy_subscription(&self) {
        let mut subscription = self.subscription.lock().expect("not poisoned");
        subscription.as_mut().expect("filled").list = None;
    }

    pub(super) fn subscribe(&self, wish: Wish) -> WishAnswer {
        if of(&self.changes) {
            return WishAnswer::TextChanged;
        }
        self.wishes.lock().expect("not poisoned").push(wish);
        WishAnswer::Taken
    }

    pub(super) fn confirmation(&self, token: &str) -> Option<ConfirmationView> {
        let state = of(&self.confirmation)?;
        (token == TOKEN).then(|| ConfirmationView {
            state,
            locale: Locale::Ru,
            lists: vec![ConfirmedList {
                name: "news".to_owned(),
                title: "Новости".to_owned(),
                text: NEWS.to_owned(),
            }],
        })
    }

    pub(super) fn confirm(&self, token: &str, visit: Visit) -> Option<ConfirmationView> {
        let mut view = self.confirmation(token)?;
        if view.state == ConfirmationState::Open {
            self.confirmed_by.lock().expect("not poisoned").push(visit);
            self.set_confirmation(ConfirmationState::Already);
            view.state = ConfirmationState::Confirmed;
        }
        Some(view)
    }

    pub(super) fn unsubscription(&self, token: &str) -> Option<UnsubscribeView> {
        of(&self.subscription).filter(|_| token == TOKEN)
    }

    pub(super) fn unsubscribe(&self, token: &str, leaving: Leaving, visit: Visit) -> LeaveAnswer {
        if token != TOKEN {
            return LeaveAnswer::Unknown;
        }
        self.left.lock().expect("not poisoned").push((leaving, visit));
        let mut subscription = self.subscription.lock().expect("not poisoned");
        if let Some(list) = subscription.as_mut().and_then(|view| view.list.as_mut()) {
            list.is_left = true;
        }
        LeaveAnswer::Left
    }
}
