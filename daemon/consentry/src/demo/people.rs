//! The people whom the model clinic knows: contacts with advertising consents, so that blocks
//! and withdrawals have something to hold on to.

use domain::address::EmailAddress;
use domain::block::Purpose;
use store::consents::NewConsent;
use store::contacts::NewContact;

use crate::house::{House, clock};

/// Name, address, locale, and whether they agreed to the newsletter.
const PEOPLE: [(&str, &str, &str, bool); 7] = [
    ("Марина Ковалева", "m.kovaleva@pochta.example", "ru", true),
    ("Oliver Grant", "oliver.grant@letterbox.example", "en", true),
    ("Дмитрий Орлов", "d.orlov@bumaga.example", "ru", true),
    ("Ирина", "ira.1988@mylo.example", "ru", true),
    ("Priya Nair", "priya.nair@postroom.example", "en", true),
    ("Helen Murray", "helen@murray.example", "en", false),
    ("Laura Bennett", "laura.bennett@letterbox.example", "en", true),
];

/// Writes them down, unless they are.
///
/// # Errors
/// When the database cannot be written.
pub async fn seed(house: &House) -> anyhow::Result<()> {
    let now = clock().now();
    let transaction = house.store.begin().await?;
    for (name, email, locale, newsletter) in PEOPLE {
        let email = EmailAddress::parse(email)?;
        if store::addresses::find(&transaction, &email).await?.is_some() {
            continue;
        }
        let digests = house.digests.address(&email);
        let address = store::addresses::find_or_add(&transaction, &email, &digests, now).await?;
        let contact = NewContact {
            name: name.to_owned(),
            phone: String::new(),
            locale: locale.to_owned(),
            zone: "Europe/Moscow".to_owned(),
            source: "demo".to_owned(),
        };
        let contact = store::contacts::add(&transaction, &contact, now).await?;
        store::contacts::give_address(&transaction, contact, address, now).await?;
        for is_confirmed in [false, true].into_iter().filter(|_| newsletter) {
            let consent = NewConsent {
                contact,
                address,
                purpose: Purpose::Newsletter,
                list: None,
                is_confirmed,
                is_proven: true,
                capture_point: "subscription_form",
                evidence: r#"{"method":"double_opt_in","demo":true}"#,
            };
            store::consents::record(&transaction, &consent, now).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}
