//! What a marketer may write, what a reader gets, and that neither can harm the other.

mod rules;
mod soup;

use super::*;

fn renderer() -> Renderer {
    Renderer::new(&[]).expect("the built-in templates are in order")
}

fn html(body: &str) -> Content {
    Content {
        locale: Locale::Ru,
        subject: "Новости".to_owned(),
        preheader: String::new(),
        format: BodyFormat::Html,
        body: body.to_owned(),
        text: None,
    }
}

fn markdown(body: &str) -> Content {
    Content { format: BodyFormat::Markdown, ..html(body) }
}

fn frame() -> Frame {
    Frame {
        organisation: "ООО «Пример»".to_owned(),
        contact: "privacy@shop.example".to_owned(),
        advertiser: "ООО «Пример», ИНН 7700000000".to_owned(),
        list_title: "Новости магазина".to_owned(),
        policy_url: "https://shop.example/policy?a=1&b=2".to_owned(),
    }
}

const LINK: &str = "https://hello.shop.example/u/4f7c2k9wq3mzr8t6v1xa5hbn0d";

fn to(name: &str) -> Recipient<'_> {
    Recipient { name, unsubscribe_url: LINK }
}

fn compiled(content: &Content) -> CampaignTemplate {
    CampaignTemplate::compile(&renderer(), content, &frame()).expect("it keeps the rules")
}

const NEWS: &str = "\
# Здравствуйте{{#if name}}, {{name}}{{/if}}!

{{#unless name}}
Мы не знаем, как вас зовут.
{{/unless}}

Вышла **новая** книга & кое-что ещё: [читать](https://shop.example/books?id=1&ref=news).

- первая <новость>
- вторая

> Цитата от {{organisation}}

| день | цена |
|------|------|
| пн   | 100  |

![Обложка](https://shop.example/cover.png)

---

Отписаться: {{unsubscribe_url}}
или [по ссылке]({{unsubscribe_url}}). Реклама. {{advertiser}}, {{list_title}}.
";

fn news() -> Content {
    Content {
        subject: "{{#if name}}{{name}}, новости{{else}}Новости{{/if}}: {{list_title}}".to_owned(),
        preheader: "Книга и <кое-что> для {{name}}".to_owned(),
        ..markdown(NEWS)
    }
}

fn snapshot(name: &str, mail: &RenderedCampaign) {
    let RenderedCampaign { subject, html, text } = mail;
    insta::with_settings!({ snapshot_path => "../../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, format!("Subject: {subject}\n\n{text}\n====\n{html}"));
    });
}

#[test]
fn a_campaign_reads_as_it_should_with_a_name_and_without() {
    let template = compiled(&news());
    snapshot("campaign_ru_named", &template.render(&to("Анна")).expect("it renders"));
    snapshot("campaign_ru_unnamed", &template.render(&to("")).expect("it renders"));
    let english = Content {
        locale: Locale::En,
        text: Some("Hello {{name}},\r\nleave: {{unsubscribe_url}}\n".to_owned()),
        ..html("<p>Hello {{name}}</p><p><a href=\"{{unsubscribe_url}}\">leave</a></p>")
    };
    let template = compiled(&english);
    snapshot("campaign_en", &template.render(&to("Ann")).expect("it renders"));
}

#[test]
fn a_hostile_name_stays_a_name() {
    let name = format!(
        "a\r\nBcc: b@c.example\n{{{{unsubscribe_url}}}}<script>alert('1')</script>&amp;\u{202e}gpj\0\u{2028}zq0x1z{}",
        "я".repeat(10_000)
    );
    let template = compiled(&news());
    let mail = template.render(&to(&name)).expect("it renders");
    snapshot("campaign_hostile", &mail);
    assert!(!mail.html.contains("<script>") && !mail.subject.contains(['\r', '\n']));
    for text in [&mail.html, &mail.text, &mail.subject] {
        assert!(!text.contains(['\r', '\0', '\u{202e}', '\u{2028}']));
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")));
        assert!(text.matches('я').count() < 2_000, "the name is cut");
    }
    let long = compiled(&html("<p>{{name}}</p>"));
    let mail = long.render(&to(&"я".repeat(10_000))).expect("it renders");
    assert!(mail.html.contains(&"я".repeat(100)) && !mail.html.contains(&"я".repeat(101)));
}

#[test]
fn a_name_of_nothing_visible_is_no_name() {
    let template = compiled(&news());
    let unnamed = template.render(&to("")).expect("it renders");
    for name in [" ", "\r\n", "\u{200b}", "\u{202e}\u{0}"] {
        assert_eq!(template.render(&to(name)).expect("it renders"), unnamed, "{name:?}");
    }
    assert!(unnamed.html.contains("Мы не знаем") && !unnamed.html.contains("<p></p>"));
}

#[test]
fn names_as_people_have_them_are_kept() {
    for name in ["Анна-Мария О'Нил", "José", "李小龍", "Анна  Иванова", "علی\u{200c}رضا"]
    {
        let mail = compiled(&html("<p>{{name}}</p>")).render(&to(name)).expect("it renders");
        let shown = name.replace("  ", " ");
        assert!(mail.text.contains(&shown), "{shown}: {}", mail.text);
    }
}

#[test]
fn constants_are_escaped_where_they_stand() {
    let frame = Frame {
        organisation: "A & <B>\r\nBcc: c".to_owned(),
        list_title: "zq0x0z{{name}}".to_owned(),
        ..frame()
    };
    let content = Content {
        subject: "{{organisation}} {{list_title}}".to_owned(),
        ..html("<p title=\"{{organisation}}\">{{organisation}} {{list_title}}</p>")
    };
    let template =
        CampaignTemplate::compile(&renderer(), &content, &frame).expect("it keeps the rules");
    let mail = template.render(&to("Ann")).expect("it renders");
    assert_eq!(mail.subject, "A & <B> Bcc: c zq0x0z{{name}}");
    assert!(mail.html.contains(
        "<p title=\"A &amp; &lt;B&gt; Bcc: c\">A &amp; &lt;B&gt; Bcc: c zq0x0z{{name}}</p>"
    ));
    assert!(mail.text.contains("A & <B> Bcc: c zq0x0z{{name}}\n"), "{}", mail.text);
}

#[test]
fn the_layout_adds_a_link_to_leave_to_every_mail() {
    let mail = compiled(&html("<p>x</p>")).render(&to("Ann")).expect("it renders");
    assert!(mail.html.contains(&format!("<a href=\"{LINK}\">")));
    assert!(mail.text.contains(LINK));
    assert!(mail.html.contains("https://shop.example/policy?a") && !mail.html.contains("zq"));
    for loading in ["<img", "<link", "<script", "url(", "@import"] {
        assert!(!mail.html.contains(loading), "the layout loads nothing");
    }
}

#[test]
fn a_link_to_leave_that_is_no_link_is_refused() {
    let template = compiled(&html("<p>x</p>"));
    let long = format!("https://x.example/{}", "a".repeat(3_000));
    for url in ["", "javascript:alert(1)", "https://x\r\nBcc: y", "https://x/\" onclick=\"", &long]
    {
        let result = template.render(&Recipient { name: "", unsubscribe_url: url });
        assert!(matches!(result, Err(RenderError::Failed { .. })), "{url}");
    }
}

#[test]
fn nothing_of_a_recipient_is_in_a_debug_text() {
    let recipient = to("Secret Name");
    let mail = compiled(&news()).render(&recipient).expect("it renders");
    assert!(!format!("{recipient:?} {mail:?}").contains("Secret"));
}

#[test]
fn a_template_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&compiled(&news()));
}

#[test]
fn a_broken_layout_of_an_operator_is_found_at_start() {
    let file = |text: &str| crate::OverrideFile {
        name: "mail/ru/campaign/layout.html.hbs".to_owned(),
        text: text.to_owned(),
    };
    assert!(Renderer::new(&[file("{{{body}}} {{unsubscribe_url}}")]).is_ok());
    assert!(Renderer::new(&[file("{{{body}}} {{unsubscribe_link}}")]).is_err());
    assert!(Renderer::new(&[file("{{{organisation}}}")]).is_err());
}
