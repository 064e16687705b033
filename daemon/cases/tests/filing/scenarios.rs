//! What filing promises, told as scenes. Each gets a fresh room.

mod answers;
mod correcting;
mod erased;
mod keeping;
mod lifting;
pub mod lists;
mod proofs;
mod reports;
mod returned;
mod sharing;
mod wishes;

use domain::{address::EmailAddress, ids::ContactId, letter::LetterContent};
use store::contacts::NewContact;

use crate::desk::Desk;

pub use self::{
    answers::*, correcting::*, erased::*, keeping::*, lifting::*, lists::*, proofs::*, reports::*,
    returned::*, sharing::*, wishes::*,
};

pub const ANNA: &str = "anna@mail.example";
pub const BORIS: &str = "boris@mail.example";

pub async fn contact(desk: &Desk, addresses: &[&str]) -> ContactId {
    let now = domain::ambient::Clock::now(&*desk.clock);
    let transaction = desk.store().begin().await.expect("begins");
    let new = NewContact {
        name: "Анна".into(),
        phone: String::new(),
        locale: "ru".into(),
        zone: "Europe/Moscow".into(),
        source: "test".into(),
    };
    let contact = store::contacts::add(&transaction, &new, now).await.expect("added");
    for text in addresses {
        let address = EmailAddress::parse(text).expect("valid");
        let digests = desk.cases.digests().address(&address);
        let id = store::addresses::find_or_add(&transaction, &address, &digests, now)
            .await
            .expect("an address");
        store::contacts::give_address(&transaction, contact, id, now).await.expect("given");
    }
    transaction.commit().await.expect("commits");
    contact
}

pub async fn letters(desk: &Desk) -> Vec<LetterContent> {
    let count = desk.number("SELECT COUNT(*) FROM delivery").await;
    let mut opened = Vec::new();
    for offset in 0..count {
        let (mail_id, content) =
            store::probe::letter(desk.store(), offset).await.expect("a letter");
        let context = LetterContent::seal_context(&mail_id);
        let plain = desk.cases.vault().open_sealed(&context, &content).await.expect("opens");
        opened.push(serde_json::from_slice(&plain).expect("a letter"));
    }
    opened
}
