//! Each rule refuses, at its line and for its reason.

use super::*;

/// The findings of a body as `line:column rule`.
fn found(content: &Content) -> Vec<String> {
    let findings = check(content).err().unwrap_or_default();
    findings.iter().map(|f| format!("{}:{} {}", f.line, f.column, f.rule.name())).collect()
}

fn body(body: &str, expected: &[&str]) {
    let shown: String = body.chars().take(80).collect();
    assert_eq!(found(&html(body)), expected, "{shown}");
}

#[test]
fn plain_newsletters_pass() {
    body("<h1>Hi{{#if name}}, {{name}}{{/if}}</h1><p>{{organisation}}<br/>&copy;</p>", &[]);
    body("<ul><li>a<li>b</ul><table><tr><td>x<td>y<tr><td>z</table>", &[]);
    body("<a href=\"{{unsubscribe_url}}\">x</a> <a href='{{policy_url}}#top'>y</a>", &[]);
    body("<img src=\"https://a.example/x.png\" alt=\"{{list_title}} for {{name}}\">", &[]);
    body("{{! why }}<!-- seen by nobody --><p style=\"color: red\">x</p>", &[]);
    body("<a href=\"#top\">x</a><a href=\"mailto:a@b.example\">y</a><a href=tel:+7>z</a>", &[]);
    body("{{#if name}}a{{else if list_title}}b{{else}}c{{/if}}{{~name~}}", &[]);
}

#[test]
fn what_could_kill_the_daemon_is_refused_before_it_is_compiled() {
    let inline = "text\n{{#*inline \"p\"}}{{> p}}{{/inline}}{{> p}}";
    body(inline, &["2:1 decorator", "2:17 partial", "2:35 partial"]);
    body("{{> /etc/passwd}}", &["1:1 partial"]);
    body("{{#> p}}x{{/p}}", &["1:1 partial"]);
    body("{{* p}}", &["1:1 decorator"]);
    let lists = "{{#each name}}{{#each name}}x{{/each}}{{/each}}";
    body(lists, &["1:1 loop", "1:15 loop"]);
    let deep = |n: usize| format!("y{}x{}", "{{#if name}}".repeat(n), "{{/if}}".repeat(n));
    body(&deep(20), &[]);
    body(&deep(21), &["1:242 nesting"]);
    body(&deep(4_000), &["1:242 nesting"]);
    let chain = format!("{{{{#if name}}}}a{}{{{{/if}}}}", "{{else if name}}b".repeat(30));
    assert!(found(&html(&chain)).iter().all(|found| found.ends_with("nesting")));
    assert!(!found(&html(&chain)).is_empty());
    body(&format!("x{}", "{{name}}".repeat(500)), &[]);
    body(&format!("a\n{}", "{{name}}".repeat(501)), &["2:4001 too_many_tags"]);
    body(&"x".repeat(256 * 1024 + 1), &["1:1 too_long"]);
    body(&format!("{{{{a {}", "(".repeat(100_000)), &["1:1 syntax"]);
    body(&format!("{{{{a {}}}}}", "(".repeat(100)), &["1:1 helper"]);
    body(&format!("{{{{a {}}}}}", "[".repeat(5_000)), &["1:1 syntax"]);
    body(&format!("<p>x</p>{}", "<div>".repeat(5_000)), &["1:1 nesting", "1:1 unbalanced"]);
    body(&format!("x{}", "<br>".repeat(20_001)), &["1:1 too_long"]);
}

#[test]
fn unknown_fields_and_helpers_are_refused_wherever_they_stand() {
    body("a\n  {{nmae}}", &["2:3 unknown_field"]);
    body("{{#if\nnmae}}x{{/if}}", &["1:1 unknown_field"]);
    body(
        "{{#unless nmae}}x{{else}}{{emial}}{{/unless}}",
        &["1:1 unknown_field", "1:26 unknown_field"],
    );
    for path in ["this", "../name", "@root.name", "name.first", "@index", "email", "preheader"] {
        body(&format!("x {{{{{path}}}}}"), &["1:3 unknown_field"]);
    }
    body("x{{log name}}", &["1:2 helper"]);
    body("{{lookup name 'b'}}x", &["1:1 helper"]);
    body("{{#with name}}x{{/with}}", &["1:1 helper"]);
    body("{{#name}}x{{/name}}", &["1:1 helper"]);
    body("{{#if name organisation}}x{{/if}}", &["1:1 helper"]);
    body("{{#if (gt name 1)}}x{{/if}}", &["1:1 helper"]);
    body("{{{name}}}", &["1:1 unsafe_value"]);
    body("{{{{raw}}}}x{{{{/raw}}}}", &["1:1 unsafe_value", "1:13 unsafe_value"]);
    body("{{~&name}}", &["1:1 unsafe_value"]);
    body("a\n{{#if name}}x", &["2:14 syntax"]);
    body("a {{name", &["1:3 syntax"]);
}

#[test]
fn a_subject_and_a_preheader_are_one_line_of_words() {
    let subject = |subject: &str| found(&Content { subject: subject.to_owned(), ..html("x") });
    assert_eq!(subject("a\r\nBcc: b"), ["1:2 line_break"]);
    assert_eq!(subject("a\u{2028}b"), ["1:2 line_break"]);
    assert_eq!(subject("a\u{202e}b"), ["1:2 line_break"]);
    assert_eq!(subject("see {{unsubscribe_url}}"), ["1:5 field_not_here"]);
    assert_eq!(subject(" "), ["1:1 empty"]);
    assert_eq!(subject("{{name}}"), ["1:1 empty"]);
    assert_eq!(subject("{{#if name}}{{name}}{{else}}Hi{{/if}}"), [""; 0]);
    assert_eq!(subject(&"x".repeat(1_001)), ["1:1 too_long"]);
    let preheader = Content { preheader: "a\nb {{x}}".to_owned(), ..html("x") };
    assert_eq!(found(&preheader), ["1:2 line_break"]);
    let text = Content { text: Some("a\n{{x}}".to_owned()), ..html("x") };
    assert_eq!(found(&text), ["2:1 unknown_field"]);
    let text = Content { text: Some("\n".to_owned()), ..html("x") };
    assert_eq!(found(&text), ["1:1 empty"]);
    body("<p> </p>", &["1:1 empty"]);
    body("{{#if name}}x{{/if}}", &["1:1 empty"]);
}

#[test]
fn links_go_to_pages_mailboxes_and_telephones_only() {
    for address in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "/relative",
        "//host.example/x",
        "",
    ] {
        let found = found(&html(&format!("x\n<a href=\"{address}\">y</a>")));
        assert_eq!(found.len(), 1, "{address}: {found:?}");
        assert!(found.iter().all(|found| found.ends_with(" link")), "{address}: {found:?}");
        let found = super::rules::found(&markdown(&format!("x [y](<{address}>)")));
        assert!(found.iter().all(|found| found.ends_with(" link")), "{address}: {found:?}");
        assert!(!found.is_empty(), "{address}");
    }
    body("x\n <a href=\"javascript:y\">z</a>", &["2:11 link"]);
    body("<a href=\"{{name}}\">x</a>", &["1:10 link"]);
    body("<a href=\"https://a.example/{{name}}\">x</a>", &["1:28 link"]);
    body("<a href=\"https://a.example/{{unsubscribe_url}}\">x</a>", &["1:28 link"]);
    body("<img src=\"data:image/png;base64,AAAA\">", &["1:11 link"]);
    body("<img src=\"{{organisation}}\">", &["1:11 link"]);
}

#[test]
fn fields_stand_where_they_are_escaped() {
    for source in [
        "<p title={{name}}>x</p>",
        "<p {{name}}>x</p>",
        "<p {{name}}=\"y\">x</p>",
        "<!-- {{name}} -->x",
        "<p style=\"color:{{name}}\">x</p>",
        "<p title=it's{{name}}>x</p>",
    ] {
        let found = found(&html(source));
        assert!(found.iter().any(|found| found.ends_with(" field_place")), "{source}: {found:?}");
    }
    assert!(!found(&html("<{{name}}>x")).is_empty());
    body("x\n<p title={{name}}>x</p>", &["2:10 field_place"]);
}

#[test]
fn a_body_is_a_piece_of_a_mail_and_leaves_the_layout_whole() {
    body("x\n<script>alert(1)</script>", &["2:1 element"]);
    body("<style>a{display:none}</style>x", &["1:1 element"]);
    body("<html><body>x</body></html>", &["1:1 element", "1:7 element"]);
    body("<!DOCTYPE html>x", &["1:1 element"]);
    for element in ["iframe", "form", "svg", "math", "template", "textarea", "noscript", "base"] {
        assert!(!found(&html(&format!("x<{element}>"))).is_empty(), "{element}");
    }
    body("x <p onclick=\"a()\">y</p>", &["1:6 attribute"]);
    body("<p style=\"background:URL(https://a.example)\">y</p>", &["1:4 attribute"]);
    body("a\n</td></table>", &["2:1 unbalanced", "2:1 unbalanced"]);
    body("a\n<div>\nb", &["2:1 unbalanced"]);
    body("<b><i>x</b></i>", &["1:1 unbalanced", "1:1 unbalanced"]);
    body("x\n<!-- y", &["2:1 unbalanced"]);
    body("x <a href=\"https://a.example", &["1:1 unbalanced"]);
    body("x <b", &["1:1 unbalanced"]);
    let markdown = found(&markdown("x\n\n<script>y</script>\n"));
    assert_eq!(markdown, ["3:1 element"]);
}

#[test]
fn a_link_to_leave_counts_only_where_every_reader_finds_it() {
    let leaves = |content: &Content| check(content).expect("in order").has_unsubscribe_link;
    assert!(leaves(&html("<a href=\"{{unsubscribe_url}}\">leave</a>")));
    assert!(leaves(&html("leave: {{unsubscribe_url}}")));
    assert!(leaves(&markdown("[leave]({{unsubscribe_url}})")));
    assert!(leaves(&markdown("leave: {{unsubscribe_url}}")));
    assert!(leaves(&markdown("leave: <{{unsubscribe_url}}>")));
    assert!(leaves(&html("{{#if name}}{{unsubscribe_url}}{{else}}{{unsubscribe_url}}{{/if}}")));
    assert!(!leaves(&html("x")));
    assert!(!leaves(&html("x {{! {{unsubscribe_url}} }}".trim_end_matches(" }}"))));
    assert!(!leaves(&html("x <p title=\"{{unsubscribe_url}}\"></p>")));
    assert!(!leaves(&html("x <a href=\"{{policy_url}}\">y</a>")));
    assert!(!leaves(&html("x{{#if name}}{{unsubscribe_url}}{{/if}}")));
    let markdown = markdown("leave: {{unsubscribe_url}} or `code`");
    let mail = compiled(&markdown).render(&to("")).expect("it renders");
    assert!(mail.html.contains(&format!("leave: <a href=\"{LINK}\">{LINK}</a> or")));
}

#[test]
fn a_finding_is_told_to_people_and_to_programs() {
    let findings = check(&html("a\n  {{nmae}}")).expect_err("an unknown field");
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(
        finding.to_string(),
        "body, line 2, column 3: no field `nmae`; there are name, list_title, organisation, \
         advertiser, unsubscribe_url, policy_url (unknown_field)"
    );
    let json = serde_json::to_value(finding).expect("JSON");
    assert_eq!(json["part"], "body");
    assert_eq!(json["rule"], "unknown_field");
    assert_eq!((&json["line"], &json["column"]), (&2.into(), &3.into()));
    assert!(json["reason"].as_str().is_some_and(|reason| reason.starts_with("no field")));
}
