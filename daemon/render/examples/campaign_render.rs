//! How many mails of a campaign are rendered in a second, by one thread: a newsletter of 6 KB and
//! one of 30 KB. Run it with `cargo run --release -p render --example campaign_render`.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::campaign::{BodyFormat, Content};
use domain::language::Locale;
use render::Renderer;
use render::campaign::{CampaignTemplate, Frame, Recipient};

const MAILS: u32 = 200_000;

fn main() {
    let renderer = Renderer::new(&[]).expect("the built-in templates are in order");
    for kilobytes in [6, 30] {
        let content = newsletter(kilobytes * 1024);
        let start = Instant::now();
        let template = CampaignTemplate::compile(&renderer, &content, &frame());
        let template = template.expect("the newsletter keeps the rules");
        println!("{kilobytes} KB: compiled in {:?}", start.elapsed());
        for run in 1..=3 {
            let (took, bytes) = render(&template);
            let rate = f64::from(MAILS) / took.as_secs_f64();
            println!("  run {run}: {rate:.0} mails/s, {bytes} bytes of HTML and text each");
        }
    }
}

fn render(template: &CampaignTemplate) -> (Duration, usize) {
    let url = "https://hello.shop.example/u/4f7c2k9wq3mzr8t6v1xa5hbn0d4f7c2k9wq3mzr8t6v1xa5";
    let names = ["Анна", "Пётр <b>", "", "Maria O'Neil"];
    let mut bytes = 0;
    let start = Instant::now();
    for name in names.iter().cycle().take(MAILS as usize) {
        let mail = template.render(&Recipient { name, unsubscribe_url: url }).expect("it renders");
        bytes = mail.html.len() + mail.text.len();
        black_box(mail);
    }
    (start.elapsed(), bytes)
}

/// HTML and text together have about `bytes` with the layout.
fn newsletter(bytes: usize) -> Content {
    let item = "<p>A new book is here, {{#if name}}{{name}}{{else}}dear reader{{/if}}: \
                <a href=\"https://shop.example/books?id=17\">read about it</a>.</p>\n";
    let link = "<p><a href=\"{{unsubscribe_url}}\">Unsubscribe</a></p>\n";
    let layout = 4_600;
    let body = item.repeat((bytes.saturating_sub(layout)).max(500) / 210) + link;
    Content {
        locale: Locale::En,
        subject: "{{#if name}}{{name}}, news{{else}}News{{/if}}".to_owned(),
        preheader: "What is new".to_owned(),
        format: BodyFormat::Html,
        body,
        text: None,
    }
}

fn frame() -> Frame {
    Frame {
        organisation: "Example LLC".to_owned(),
        contact: "privacy@shop.example".to_owned(),
        advertiser: "Example LLC".to_owned(),
        list_title: "Shop news".to_owned(),
        policy_url: "https://shop.example/policy".to_owned(),
    }
}
