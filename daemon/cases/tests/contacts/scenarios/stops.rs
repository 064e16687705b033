//! An import revives nobody.

use domain::{
    block::{Field, Purpose, Scope},
    gate::SuppressionReason,
};

use crate::room::Room;

fn file(address: &str) -> String {
    format!("email,name,act,consent_at\n{address},Имя,checkbox,2026-03-01\n")
}

async fn left_off(room: &Room, address: &str, reason: &str) {
    let (counts, _) = room.import(&file(address)).await;
    assert_eq!(counts.not_subscribed.get(reason), Some(&1), "{reason}: {counts:?}");
    assert_eq!((counts.taken, counts.subscribed, counts.consents), (1, 0, 0), "{reason}");
}

pub async fn an_import_revives_nobody(room: Room) {
    use SuppressionReason as S;
    for reason in [S::HardBounce, S::Complaint, S::Manual, S::UnsubscribedAll] {
        let address = format!("{}@x.example", reason.name());
        room.suppress(&address, reason).await;
        left_off(&room, &address, reason.name()).await;
    }
    for (name, scope, reason) in [
        ("marketing", Scope::Marketing, "marketing_block"),
        ("purpose", Scope::Purposes(vec![Purpose::Newsletter]), "purpose_block"),
        ("field", Scope::Fields(vec![Field::Email]), "purpose_block"),
    ] {
        let address = format!("{name}@x.example");
        room.block(&address, &scope).await;
        // A stop matches by the wide form of the address.
        left_off(&room, &format!("{name}+shop@x.example"), reason).await;
    }
    left_by_their_own_word(&room).await;
    withdrawn_by_words(&room).await;
    assert_eq!(room.number("SELECT COUNT(*) FROM subscription WHERE state = 'confirmed'").await, 1);
}

pub async fn under_a_full_block_no_contact_is_made_or_filled(room: Room) {
    room.import("email,name,list\nheld@x.example,,partners\n").await;
    room.block("held@x.example", &Scope::Full).await;
    room.block("new@x.example", &Scope::Full).await;
    for address in ["held@x.example", "new@x.example", "new+shop@x.example"] {
        let (counts, _) = room.import(&file(address)).await;
        assert_eq!(counts.skipped.get("full_block"), Some(&1), "{address}: {counts:?}");
    }
    assert_eq!((room.count("contact").await, room.count("address").await), (1, 1));
    assert_eq!(room.number("SELECT COUNT(*) FROM contact WHERE name <> ''").await, 0);
}

/// Anybody can type an address into the form: that wish is no answer of its owner.
pub async fn a_strangers_wish_keeps_nobody_off_the_list(room: Room) {
    room.import("email,name,list\nwished@x.example,Имя,partners\n").await;
    let wish = "INSERT INTO subscription (list_id, address_id, state, since_at, created_at) \
                SELECT l.id, a.id, 'pending', 0, 0 FROM list l, address a WHERE l.name = 'news' RETURNING id";
    room.number(wish).await;
    let (counts, _) = room.import(&file("wished@x.example")).await;
    assert_eq!((counts.taken, counts.subscribed, counts.consents), (1, 1, 1), "{counts:?}");
}

async fn left_by_their_own_word(room: &Room) {
    room.import(&file("left@x.example")).await;
    let sql = "UPDATE subscription SET state = 'unsubscribed', left_at = 1 RETURNING id";
    room.number(sql).await;
    let (counts, _) =
        room.import("email,name,act,consent_at\nleft@x.example,Имя,checkbox,2026-11-01\n").await;
    assert_eq!(counts.not_subscribed.get("unsubscribed"), Some(&1));
    room.number("UPDATE subscription SET state = 'pending' RETURNING id").await;
    let (counts, _) =
        room.import("email,name,act,consent_at\nleft@x.example,Имя,checkbox,2026-11-02\n").await;
    assert_eq!(counts.not_subscribed.get("not_confirmed"), Some(&1));
}

async fn withdrawn_by_words(room: &Room) {
    room.import("email,name,list\nword@x.example,Имя,partners\n").await;
    let sql = "DELETE FROM subscription WHERE state = 'confirmed' RETURNING id";
    room.number(sql).await;
    let at = "2026-06-01T00:00:00Z".parse::<domain::Timestamp>().expect("an instant");
    let sql = format!(
        "INSERT INTO consent_event (contact_id, address_id, purpose, act, grade, capture_point, at, evidence) \
         SELECT c.contact_id, a.id, 'newsletter', 'withdrawn', 'none', 'email', {}, '{{}}' FROM address AS a \
         JOIN contact_address AS c ON c.address_id = a.id WHERE a.email = 'word@x.example' RETURNING id",
        at.as_microsecond()
    );
    room.number(&sql).await;
    // Claimed for a day before the withdrawal, and for no day at all.
    left_off(room, "word@x.example", "withdrawn").await;
    let (counts, _) = room.import("email\nword@x.example\n").await;
    assert_eq!(counts.not_subscribed.get("withdrawn"), Some(&1));
    // Another purpose was not withdrawn.
    let (counts, _) = room
        .import("email,list,act,consent_at\nword@x.example,partners,checkbox,2026-03-01\n")
        .await;
    assert_eq!(counts.subscribed, 1);
}

pub async fn of_an_erased_person_not_even_a_row_is_made(room: Room) {
    room.suppress("anna.petrova@gmail.com", SuppressionReason::Erased).await;
    // The same mailbox, written differently.
    let (counts, _) = room.import(&file("AnnaPetrova+news@googlemail.com")).await;
    assert_eq!(counts.skipped.get("erased"), Some(&1));
    for table in ["contact", "address", "contact_address", "subscription", "consent_event"] {
        assert_eq!(room.count(table).await, 0, "{table}");
    }
}
