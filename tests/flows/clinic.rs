//! The model clinic of the flows: its servers, its people, and the house that runs over them.

use std::path::PathBuf;

use mail_parser::{Message, MessageParser};
use tests::{
    Result,
    certificates::Certificates,
    daemon::{Home, Settings},
    dkim::DkimKeys,
    letter::{Letter, Transfer},
    maildir,
    place::Place,
    servers::{Dovecot, MailStore, Postfix},
    wait::{LONG, wait_for},
};

pub const HELLO: &str = "hello@clinic.example";
pub const ANNA: &str = "anna.sergeeva@post.example";
pub const BORIS: &str = "boris@letters.example";
/// Stands in Anna's letter and must stand nowhere else: no log, no answer.
pub const SECRET: &str = "лиловый бегемот";

/// Real servers: mail comes in by SMTP, is read by IMAP, and answers go out by SMTP.
pub struct Clinic {
    pub place: Place,
    pub tls: Certificates,
    pub store: MailStore,
    pub dovecot: Dovecot,
    pub postfix: Postfix,
    pub keys: DkimKeys,
}

impl Clinic {
    pub fn open() -> Result<Self> {
        Self::open_for(&[ANNA, BORIS])
    }

    /// With a mailbox for each of these people beside hello@.
    pub fn open_for(people: &[&str]) -> Result<Self> {
        let place = Place::new()?;
        let tls = Certificates::make(&place)?;
        let store = MailStore::make(&place, &[&[HELLO], people].concat())?;
        let dovecot = Dovecot::start(&place, &store, &tls)?;
        // Without AUTH: smtpd dies with Dovecot's authentication, and Postfix then starts none for a
        // minute.
        let postfix = Postfix::start(&place, &store, &tls, None)?;
        let keys = DkimKeys::make(&place, "clinic.example")?;
        Ok(Self { place, tls, store, dovecot, postfix, keys })
    }

    pub fn settings(&self) -> Settings {
        Settings::on_servers(HELLO, &self.dovecot, &self.postfix, &self.tls).signed(&self.keys)
    }

    /// Waits until a person has this many mails and returns them.
    pub fn mails_of(&self, person: &str, count: usize) -> Result<Vec<Vec<u8>>> {
        wait_for(&format!("the person has {count} mails"), LONG, || {
            let mails = self.store.mails(person)?;
            Ok((mails.len() >= count).then_some(mails))
        })
    }
}

/// The small house: a Maildir in, a Maildir out, SQLite, no servers.
pub struct SmallHouse {
    pub place: Place,
    pub mailbox: PathBuf,
    pub replies: PathBuf,
    pub home: Home,
}

impl SmallHouse {
    pub fn open() -> Result<Self> {
        Self::open_in(Place::new()?, |settings| settings)
    }

    /// With other settings than the smallest.
    pub fn open_in(place: Place, choose: impl FnOnce(Settings) -> Settings) -> Result<Self> {
        let (mailbox, replies) = (place.path().join("hello"), place.path().join("replies"));
        maildir::make(&mailbox)?;
        maildir::make(&replies)?;
        let settings = choose(Settings::embedded(HELLO, &mailbox, &replies));
        let home = Home::make(&place, "home", &settings)?;
        Ok(Self { place, mailbox, replies, home })
    }

    pub fn deliver(&self, raw: &[u8]) -> Result<PathBuf> {
        maildir::deliver(&self.mailbox, raw, 1_793_600_000)
    }

    /// Waits until so many answers lie in the outgoing Maildir and returns them.
    pub fn answers(&self, count: usize) -> Result<Vec<Vec<u8>>> {
        wait_for(&format!("{count} answers have left"), LONG, || {
            let mails = maildir::mails(&self.replies)?;
            Ok((mails.len() >= count).then_some(mails))
        })
    }
}

/// Anna's letter: koi8-r, base64, a body that asks for erasure and holds the secret.
pub fn erasure(from: &str, id: &str) -> Vec<u8> {
    Letter::new("Анна Сергеева", from, HELLO)
        .subject("Удаление персональных данных")
        .message_id(id)
        .text(&format!(
            "Здравствуйте!\n\nПрошу удалить все мои персональные данные: имя, телефон и адрес.\n\
             Мой пароль у вас был {SECRET}.\n\nАнна Сергеева\n"
        ))
        .encoded("koi8-r", Transfer::Base64)
        .bytes()
}

pub fn parsed(raw: &[u8]) -> Message<'_> {
    MessageParser::default().parse(raw).expect("an answer of ours is a mail")
}

/// The first number of the form CT-7K3M9QXW in a text.
pub fn ticket_number(text: &str) -> Option<String> {
    text.match_indices("CT-").find_map(|(at, _)| {
        let number: String = text[at..].chars().take(11).collect();
        let random = number.get(3..)?;
        let right = random.len() == 8
            && random
                .chars()
                .all(|c| c.is_ascii_digit() || (c.is_ascii_uppercase() && !"ILOU".contains(c)));
        right.then_some(number)
    })
}
