//! The newsletter that the benchmark sends, made as long as it is asked for.

use anyhow::Result;
use domain::{
    Timestamp,
    campaign::{BodyFormat, Content},
    ids::CampaignId,
    language::Locale,
};
use mailing::letter::campaign::{CampaignConstants, CampaignEnvelope, Person};
use render::{
    Renderer,
    campaign::{CampaignTemplate, Frame, Recipient},
};

use super::{NOON, address, bulk};

const SUBJECT: &str = "Новости ноября: запись на чистку лица и новый врач в клинике";

/// A Russian newsletter, text and HTML, of which a mail has about `size` bytes on the wire.
pub fn content_of(size: usize, renderer: &Renderer) -> Result<(Content, usize)> {
    let mut paragraphs = 0;
    loop {
        let paragraph = "<tr><td style=\"padding: 8px 16px\"><p>В ноябре мы открыли запись. Приходите!</p>\
            <a href=\"https://clinic.example/news/november\">Подробнее</a></td></tr>\n";
        let body = format!(
            "<p>Здравствуйте{{{{#if name}}}}, {{{{name}}}}{{{{/if}}}}!</p>\n<table>{}</table>\n\
             <p><a href=\"{{{{unsubscribe_url}}}}\">Отписаться</a></p>\n",
            paragraph.repeat(paragraphs)
        );
        let content = Content {
            // The layout's own words are short in English: a mail of 6 KB has room for ours.
            locale: Locale::En,
            subject: SUBJECT.into(),
            preheader: String::new(),
            format: BodyFormat::Html,
            body,
            text: Some("Здравствуйте! В ноябре мы открыли запись.\n\n{{unsubscribe_url}}\n".into()),
        };
        let bytes = bytes_of(&content, renderer)?;
        if bytes >= size {
            return Ok((content, bytes));
        }
        paragraphs += 1;
    }
}

fn bytes_of(content: &Content, renderer: &Renderer) -> Result<usize> {
    let bulk = bulk()?;
    let constants = CampaignConstants {
        from: bulk.from.clone(),
        reply_to: Some(bulk.reply_to.clone()),
        public_url: bulk.public_url.clone(),
        unsubscribe_address: bulk.unsubscribe_address.clone(),
        list_title: "Новости".into(),
        list_name: "news".into(),
        list_domain: bulk.list_domain.clone(),
        campaign: CampaignId(1),
        sender_id: bulk.sender_id.clone(),
        loop_mark: "0123456789abcdef".into(),
        language: "en",
    };
    let envelope = CampaignEnvelope::prepare(&constants)?;
    let frame = Frame {
        organisation: bulk.organisation.clone(),
        contact: bulk.contact.clone(),
        advertiser: "ООО «Модель»".into(),
        list_title: "Новости".into(),
        policy_url: bulk.policy_url.clone(),
    };
    let template = CampaignTemplate::compile(renderer, content, &frame)
        .map_err(|findings| anyhow::anyhow!("{findings:?}"))?;
    let token = "a".repeat(56);
    let url = format!("{}/u/{token}", bulk.public_url);
    let rendered = template.render(&Recipient { name: "Имя 10000", unsubscribe_url: &url })?;
    let to = address("person10000@mail.example")?;
    let person = Person {
        name: "Имя 10000",
        address: &to,
        unsubscribe_token: &token,
        message_id: &format!("{}@news.clinic.example", "a".repeat(32)),
        written_at: Timestamp::from_second(NOON)?,
    };
    let (subject, text, html) = (&rendered.subject, &rendered.text, &rendered.html);
    Ok(envelope.letter(&person, subject, text, html)?.len())
}
