//! The readable listing of one verdict: each hit with its rule, weight, place and words, the new
//! text, and what was left out of it.

use std::fmt::Write as _;

use domain::classification::{Band, Classification, Evidence, Verdict};
use domain::mail::ReadMail;

use crate::command::cut;

/// Line and column (in signs, both from 1) of a byte of a text; none when it is no border of a
/// sign.
#[must_use]
pub fn place(text: &str, at: usize) -> Option<(usize, usize)> {
    let before = text.get(..at)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
}

/// Everything that led to the verdict, for people.
#[must_use]
pub fn listing(path: &str, mail: &ReadMail, found: &Classification) -> String {
    let mut told = format!("{path}\n");
    let from: Vec<&str> = mail.from.iter().map(|from| from.address.as_str()).collect();
    field(&mut told, "from", &from.join(", "));
    field(&mut told, "subject", &mail.subject);
    let kind = serde_json::to_value(found.kind).unwrap_or_default();
    field(&mut told, "kind", kind.as_str().unwrap_or_default());
    if !found.kind_reasons.is_empty() {
        field(&mut told, "because of", &found.kind_reasons.join(", "));
    }
    field(&mut told, "language", found.language.as_deref().unwrap_or("not told"));
    let guards = found.auto_reasons.join(", ");
    let answer = if guards.is_empty() { "may go out".to_owned() } else { format!("no: {guards}") };
    field(&mut told, "automatic answer", &answer);
    for bounced in &found.bounces {
        let recipient = bounced.recipient.as_deref().unwrap_or("-");
        let code = bounced.code.as_deref().unwrap_or("-");
        let class = serde_json::to_value(bounced.class).unwrap_or_default();
        let class = class.as_str().unwrap_or_default();
        field(&mut told, "bounce", &format!("{recipient} {class} {code} {}", bounced.reason));
    }
    if found.forwarded {
        field(&mut told, "forwarded", "the new text was passed on by the sender");
    }
    told.push('\n');
    if found.labels.is_empty() && found.marks.is_empty() {
        told.push_str("no label and no mark\n");
    }
    for verdict in &found.labels {
        verdict_lines(&mut told, verdict.label.name(), verdict, &found.new_text);
    }
    for verdict in &found.marks {
        verdict_lines(&mut told, verdict.label.name(), verdict, &found.new_text);
    }
    told.push_str("\n--- the new text, which was judged\n");
    block(&mut told, &found.new_text);
    if !found.cut.is_empty() {
        told.push_str("\n--- what was left out\n");
    }
    for piece in &found.cut {
        let (from, to) = piece.span;
        let _ = writeln!(told, "{}, bytes {from}..{to} of the whole text", piece.what.name());
        block(&mut told, cut::words_of(&mail.text, piece));
    }
    told
}

fn field(told: &mut String, name: &str, value: &str) {
    let _ = writeln!(told, "  {name}: {value}");
}

fn verdict_lines<T>(told: &mut String, name: &str, verdict: &Verdict<T>, new_text: &str) {
    let band = match verdict.band {
        Band::Auto => "auto",
        Band::Suggest => "suggest",
        Band::None => "none",
    };
    let _ = writeln!(told, "{name}: {band}, confidence {:.3}", verdict.confidence);
    for hit in &verdict.evidence {
        let place = hit_place(hit, new_text);
        let _ = writeln!(
            told,
            "  {:+.2}  {}  {place}  \"{}\"",
            hit.weight,
            hit.rule,
            one_line(&hit.words)
        );
    }
}

fn hit_place(hit: &Evidence, new_text: &str) -> String {
    match (hit.in_subject, hit.span) {
        (true, Some((from, to))) => format!("in the subject, bytes {from}..{to}"),
        (true, None) => "in the subject".to_owned(),
        (false, None) => "anywhere".to_owned(),
        (false, Some((from, to))) => match (place(new_text, from), place(new_text, to)) {
            (Some(start), Some(end)) => {
                format!("{}:{}-{}:{} (bytes {from}..{to})", start.0, start.1, end.0, end.1)
            }
            _ => format!("bytes {from}..{to}"),
        },
    }
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn block(told: &mut String, text: &str) {
    for line in text.trim_end().lines() {
        let _ = writeln!(told, "  | {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_signs_from_one() {
        let text = "Да.\nУдалите меня\n";
        let at = text.find("меня").expect("there");
        assert_eq!(place(text, at), Some((2, 9)));
        assert_eq!(place(text, 0), Some((1, 1)));
        assert_eq!(place(text, 1), None, "inside a sign");
        assert_eq!(place(text, 999), None);
    }
}
