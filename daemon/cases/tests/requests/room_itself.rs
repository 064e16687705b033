//! The room does what its helpers promise, on both databases.

use domain::classification::Label;

use crate::room::{ANNA, Room};

async fn a_mail_opens_a_matter_whose_letters_can_be_read(room: Room) {
    let contact = room.contact("Анна", "+7 900 000-00-00", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    assert_eq!(room.ticket(matter.ticket).await.contact, Some(contact));
    let request = room.request(matter.request()).await;
    assert_eq!((request.ticket, request.regime.as_str()), (matter.ticket, "ru-152fz"));
    let letters = room.letters(matter.ticket).await;
    let topics: Vec<&str> = letters.iter().map(|letter| letter.topic.as_str()).collect();
    assert_eq!(topics, ["requests:erasure", "challenge"]);
    assert!(letters[0].content.as_ref().is_some_and(|letter| letter.text.contains(&matter.number)));
    room.relay_takes_all(matter.ticket).await;
    assert_eq!(room.letters(matter.ticket).await[0].state, "accepted");
}

async fn two_regimes_give_one_request_the_duties_of_both(mut room: Room) {
    room.with_both_regimes();
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let rules = format!("duty WHERE request_id = {} AND name = 'answer'", matter.request());
    assert_eq!(room.count(&rules).await, 2);
}

both! {
    a_mail_opens_a_matter_whose_letters_can_be_read,
    two_regimes_give_one_request_the_duties_of_both,
}
