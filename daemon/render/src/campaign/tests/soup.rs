//! Sources of any shape: the checker never panics, and what it lets through is sent in bounded
//! time, says what handlebars itself says, and leaves no mark behind.

use std::sync::LazyLock;

use handlebars::Handlebars;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

static RENDERER: LazyLock<Renderer> = LazyLock::new(renderer);

/// Pieces that templates, HTML and Markdown are made of, whole and broken.
const PIECES: &[&str] = &[
    "{{name}}",
    "{{#if name}}",
    "{{#unless organisation}}",
    "{{else}}",
    "{{else if list_title}}",
    "{{^}}",
    "{{/if}}",
    "{{/unless}}",
    "{{~name~}}",
    "{{unsubscribe_url}}",
    "{{policy_url}}",
    "{{! c }}",
    "{{!-- c --}}",
    "{{> p}}",
    "{{#each name}}",
    "{{/each}}",
    "{{{name}}}",
    "{{",
    "}}",
    "\\{{name}}",
    "{{#*inline \"p\"}}",
    "{{/inline}}",
    "{{nmae}}",
    "{{name name}}",
    "{{if}}",
    "{{else}}{{else}}",
    "{{#if}}",
    "{{/",
    "{{#if name as |x|}}",
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<a href=\"",
    "\">",
    "</a>",
    "<!--",
    "-->",
    "<td>",
    "<table>",
    "</table>",
    "<br/>",
    "<img src=\"",
    "zq0x",
    "zq0x1z",
    "q0x5z",
    "&#113;",
    "&amp;",
    "*",
    "**",
    "_",
    "`",
    "```\n",
    "> ",
    "- ",
    "1. ",
    "# ",
    "[x](",
    ")",
    "<",
    ">",
    "\n",
    "\n\n",
    " ",
    "    ",
    "x",
    "я",
    "\r\n",
    "\u{202e}",
    "\0",
    "https://a.example",
    "(",
    "'",
    "\"",
    "=",
    "---\n",
    "| a | b |\n|---|---|\n",
    "~~",
    "<li>",
    "<ul>",
    "</ul>",
    "<blockquote>",
    "</blockquote>",
    "<pre>",
    "</pre>",
    "<h1>",
    "</h1>",
    "<hr>",
];

fn soup() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat()),
        1 => ".{0,200}",
    ]
}

/// Sources that mostly pass.
fn orderly() -> impl Strategy<Value = String> {
    let leaf = select(&[
        "x ",
        "я",
        "\n",
        "\n\n",
        "<br>",
        "<p>a</p>",
        "{{name}}",
        "{{~name}}",
        "{{list_title}}",
        "{{organisation}}",
        "{{! c }}\n",
        "zq0x1z",
        "q0x5z",
        " ",
        "&amp;",
        "{{unsubscribe_url}}",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 6, |inner| {
        let inner = prop::collection::vec(inner, 0..6).prop_map(|pieces| pieces.concat());
        prop_oneof![
            inner.clone(),
            inner.clone().prop_map(|body| format!("\n{{{{#if name}}}}\n{body}\n{{{{/if}}}}\n")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!(
                "{{{{#unless name}}}}{a}{{{{else}}}}{b}{{{{/unless}}}}"
            )),
            (inner.clone(), inner).prop_map(|(a, b)| format!(
                "{{{{#if name}}}}\n{a}{{{{else if policy_url}}}}\n{b}{{{{/if}}}}"
            )),
        ]
    })
}

fn sent(content: &Content, name: &str) -> Option<RenderedCampaign> {
    check(content).ok()?;
    let template = CampaignTemplate::compile(&RENDERER, content, &frame()).ok()?;
    Some(template.render(&to(name)).expect("what compiles renders"))
}

proptest! {
    #[test]
    fn no_source_harms_the_checker(
        subject in soup(),
        body in soup(),
        text in proptest::option::of(soup()),
        name in ".{0,40}",
        is_markdown in any::<bool>(),
    ) {
        let format = if is_markdown { BodyFormat::Markdown } else { BodyFormat::Html };
        let content = Content { subject, text, format, ..html(&body) };
        if let Some(mail) = sent(&content, &name) {
            prop_assert!(mail.html.len() <= Renderer::OUTPUT_LIMIT);
            prop_assert!(!mail.subject.contains(['\r', '\n', '\0']));
            prop_assert!(!mail.subject.is_empty());
        }
    }

    #[test]
    fn what_is_sent_is_what_handlebars_says(
        body in orderly(),
        name in select(&["", "Анна", "Ann"]),
    ) {
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        let values = serde_json::json!({
            "name": name,
            "list_title": frame().list_title,
            "organisation": frame().organisation,
            "unsubscribe_url": LINK,
            "policy_url": frame().policy_url,
        });
        let expected = handlebars.render_template(&body, &values).expect("orderly");
        if let Some(mail) = sent(&html(&body), name) {
            prop_assert!(mail.html.contains(&expected), "{expected:?}\n{}", mail.html);
        }
    }

    #[test]
    fn markdown_leaves_no_mark_behind(body in orderly(), name in select(&["", "Анна"])) {
        let clean = body.replace("zq0x1z", "").replace("q0x5z", "");
        if let Some(mail) = sent(&markdown(&clean), name) {
            for text in [&mail.html, &mail.text, &mail.subject] {
                prop_assert!(!text.contains("zq") && !text.contains(".invalid"), "{text}");
            }
        }
    }
}

#[test]
fn the_worst_that_passes_is_compiled_in_bounded_time() {
    let filler = "<p>x</p>".repeat(500);
    let blocks = format!("{{{{#if name}}}}{filler}{{{{name}}}}{{{{/if}}}}").repeat(60);
    let nested = format!("{}x{}", "<div>".repeat(100), "</div>".repeat(100));
    let quotes = format!("{}x", "> ".repeat(90));
    let stars = "*a **b _c `d [e](".repeat(12_000);
    for content in [
        html(&format!("x{blocks}")),
        html(&nested),
        html(&format!("x{}", "<br>".repeat(20_000))),
        html(&format!("x {}", "&lt; ".repeat(50_000))),
        html(&format!("<p>{}</p>", "слово ".repeat(20_000))),
        html(&format!("<p>{}</p>", "x".repeat(250_000))),
        markdown(&quotes),
        markdown(&stars),
        markdown(&">".repeat(250_000)),
        markdown(&"[".repeat(250_000)),
        markdown(&"- ".repeat(100_000)),
    ] {
        // The limit of the test run is the bound: seconds in a debug build, not minutes.
        let _ = sent(&content, "Ann");
    }
}
