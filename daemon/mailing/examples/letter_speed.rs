//! How fast campaign letters are made on one core: tokens, building, signing.
//!
//! `cargo run --release -p mailing --example letter_speed`. The mail is a Russian newsletter of
//! about 6 KB on the wire, text and HTML. Beside our builder stand those of lettre and of
//! mail-builder with the same content, so that one sees what the library costs and what we add.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Duration;

use domain::Timestamp;
use domain::address::EmailAddress;
use domain::ambient::Entropy;
use domain::ids::{CampaignId, DeliveryId, SubscriptionId};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Message, MultiPart, SinglePart};
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::url::URL;
use mailing::dkim::{DkimKeyConfig, Signer};
use mailing::letter::Correspondent;
use mailing::letter::campaign::{CampaignConstants, CampaignEnvelope, Person};
use mailing::letter::tagged;
use tokio::time::Instant;
use vault::{Digests, MailToken, TokenKind};

const FOR: Duration = Duration::from_secs(2);
const SUBJECT: &str = "Новости ноября: запись на чистку лица и новый врач в клинике";

type Failure = Box<dyn std::error::Error>;

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "an example has no clock file")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the system has randomness");
    }
}

/// Runs `work` for two seconds and prints how often a second.
fn measure(what: &str, mut work: impl FnMut(i64) -> usize) -> f64 {
    let (mut count, mut bytes) = (0_i64, 0_usize);
    let start = Instant::now();
    while start.elapsed() < FOR {
        for _ in 0..64 {
            count += 1;
            bytes = black_box(work(count));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of two seconds")]
    let rate = count as f64 / start.elapsed().as_secs_f64();
    println!("{what:<44} {rate:>10.0} /s {:>8.2} us {bytes:>7} bytes", 1e6 / rate);
    rate
}

fn text(name: &str) -> String {
    let paragraph = "В ноябре мы открыли запись на чистку лица. Приходите с результатами анализов: \
        врач посмотрит их на приёме. Подробности: https://clinic.example/news/november\n";
    format!("Здравствуйте, {name}!\n\n{}", paragraph.repeat(3))
}

fn html(name: &str) -> String {
    let paragraph = "<tr><td style=\"padding: 8px 16px\"><p>В ноябре мы открыли запись.</p>\
        <a href=\"https://clinic.example/news/november\">Подробнее</a></td></tr>\n";
    format!(
        "<!doctype html><html lang=\"ru\"><body><table>{}</table>{name}</body></html>\n",
        paragraph.repeat(10)
    )
}

fn constants() -> Result<CampaignConstants, Failure> {
    Ok(CampaignConstants {
        from: Correspondent {
            name: "Клиника «Модель»".into(),
            address: EmailAddress::parse("news@news.clinic.example")?,
        },
        reply_to: Some(EmailAddress::parse("hello@clinic.example")?),
        public_url: "https://mail.clinic.example".into(),
        unsubscribe_address: EmailAddress::parse("unsub@news.clinic.example")?,
        list_title: "Новости клиники".into(),
        list_name: "news".into(),
        list_domain: "news.clinic.example".into(),
        campaign: CampaignId(12),
        sender_id: "clinic-1".into(),
        loop_mark: "clinic.example".into(),
        language: "ru",
    })
}

fn by_lettre(id: &str, token: &str, text: &str, html: &str) -> Result<Vec<u8>, Failure> {
    let raw = |name: &'static str, value: String| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
    };
    let part = |content_type: ContentType, text: &str| -> Result<SinglePart, Failure> {
        let body =
            Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable)
                .map_err(|_| "cannot encode")?;
        Ok(SinglePart::builder().header(content_type).body(body))
    };
    let message = Message::builder()
        .from("Клиника «Модель» <news@news.clinic.example>".parse()?)
        .to("Анна Петрова <anna@mail.example>".parse()?)
        .subject(SUBJECT)
        .message_id(Some(id.to_owned()))
        .raw_header(raw("List-Unsubscribe", format!("<https://mail.clinic.example/u/{token}>")))
        .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()))
        .raw_header(raw("List-Id", "<news.news.clinic.example>".into()))
        .multipart(
            MultiPart::alternative()
                .singlepart(part(ContentType::TEXT_PLAIN, text)?)
                .singlepart(part(ContentType::TEXT_HTML, html)?),
        )?;
    Ok(message.formatted())
}

fn by_mail_builder(id: &str, token: &str, text: &str, html: &str) -> Result<Vec<u8>, Failure> {
    let url = format!("https://mail.clinic.example/u/{token}");
    let message = MessageBuilder::new()
        .from(("Клиника «Модель»", "news@news.clinic.example"))
        .to(("Анна Петрова", "anna@mail.example"))
        .subject(SUBJECT)
        .message_id(id)
        .date(1_795_348_800_i64)
        .header("List-Unsubscribe", URL::new(url))
        .header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"))
        .header("List-Id", Raw::new("<news.news.clinic.example>"))
        .text_body(text)
        .html_body(html);
    Ok(message.write_to_vec()?)
}

fn key_files(directory: &std::path::Path) -> Result<[DkimKeyConfig; 2], Failure> {
    let write = |selector: &str, algorithm: &'static rcgen::SignatureAlgorithm| {
        let key_file = directory.join(format!("{selector}.pem"));
        let key = rcgen::KeyPair::generate_for(algorithm)?;
        std::fs::write(&key_file, key.serialize_pem())?;
        Ok::<_, Failure>(DkimKeyConfig { selector: selector.to_owned(), key_file })
    };
    Ok([write("rsa", &rcgen::PKCS_RSA_SHA256)?, write("ed", &rcgen::PKCS_ED25519)?])
}

async fn measure_signing(what: &str, signer: Signer, letter: &[u8]) -> Result<(), Failure> {
    let (mut count, start) = (0_u32, Instant::now());
    while start.elapsed() < FOR {
        // As many at once as connections are usual: all cores sign.
        let signed = (0..32).map(|_| signer.sign(letter.to_vec()));
        count += u32::try_from(futures::future::try_join_all(signed).await?.len())?;
    }
    println!("{what:<44} {:>10.0} /s", f64::from(count) / start.elapsed().as_secs_f64());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let digests = Digests::open(directory.path(), &SystemEntropy)?;
    let words = |n: i64| MailToken {
        kind: TokenKind::Unsubscribe,
        delivery: DeliveryId(n),
        subscription: Some(SubscriptionId(n + 7)),
    };
    measure("seal a token", |n| digests.seal_token(&words(n)).len());
    let token = digests.seal_token(&words(1));
    measure("open a token", |_| usize::from(digests.open_token(&token).is_some()));
    let bounce = EmailAddress::parse("bounce@news.clinic.example")?;
    measure("VERP address", |_| tagged::verp(&token, &bounce).map_or(0, |a| a.expose().len()));

    let to = EmailAddress::parse("anna@mail.example")?;
    let (text, html) = (text("Анна"), html("Анна"));
    let envelope = CampaignEnvelope::prepare(&constants()?)?;
    let person = Person {
        name: "Анна Петрова",
        address: &to,
        unsubscribe_token: &token,
        message_id: "0198c7d1a2b3c4d5@news.clinic.example",
        written_at: Timestamp::from_second(1_795_348_800)?,
    };
    let letter = envelope.letter(&person, SUBJECT, &text, &html)?;
    println!("text {} bytes, HTML {} bytes", text.len(), html.len());
    for _ in 0..2 {
        let ours = measure("campaign letter", |_| {
            envelope.letter(&person, SUBJECT, &text, &html).map_or(0, |bytes| bytes.len())
        });
        println!("{:<44} {}", "  target 20,000 /s", if ours >= 2e4 { "met" } else { "MISSED" });
        measure("  with two tokens and the VERP address", |n| {
            let token = digests.seal_token(&words(n));
            let verp = MailToken { kind: TokenKind::Bounce, ..words(n) };
            let sender = tagged::verp(&digests.seal_token(&verp), &bounce);
            let person = Person { unsubscribe_token: &token, ..person };
            let bytes = envelope.letter(&person, SUBJECT, &text, &html);
            bytes.map_or(0, |bytes| bytes.len()) + sender.map_or(0, |s| s.expose().len())
        });
        measure("mail-builder alone, fewer headers", |_| {
            by_mail_builder(person.message_id, &token, &text, &html).map_or(0, |b| b.len())
        });
        measure("lettre alone, fewer headers", |_| {
            by_lettre(person.message_id, &token, &text, &html).map_or(0, |b| b.len())
        });
    }
    let keys = key_files(directory.path())?;
    for (what, keys) in [
        ("sign RSA-2048, all cores", &keys[..1]),
        ("sign Ed25519, all cores", &keys[1..]),
        ("sign RSA-2048 and Ed25519, all cores", &keys[..]),
    ] {
        measure_signing(what, Signer::load("clinic.example", keys)?, &letter).await?;
    }
    Ok(())
}
