//! The people of the sample mails whom the model clinic knows: they stand among the contacts, so
//! that blocks and withdrawals have something to hold on to.

/// Name, address, locale.
pub const KNOWN: [(&str, &str, &str); 6] = [
    ("Марина Ковалева", "m.kovaleva@pochta.example", "ru"),
    ("Oliver Grant", "oliver.grant@letterbox.example", "en"),
    ("Дмитрий Орлов", "d.orlov@bumaga.example", "ru"),
    ("Ирина", "ira.1988@mylo.example", "ru"),
    ("Priya Nair", "priya.nair@postroom.example", "en"),
    ("Laura Bennett", "laura.bennett@letterbox.example", "en"),
];
