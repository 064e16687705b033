//! A segment as text that reads back as the same segment.

use std::fmt::Write as _;

use super::{Segment, Subject, Test, TextMatch, Vocabulary};

/// Writes a segment; `is_inner` puts `and` and `or` between parentheses.
pub(super) fn write(segment: &Segment, vocabulary: &Vocabulary, is_inner: bool, text: &mut String) {
    let (parts, word) = match segment {
        Segment::Test(test) => return write_test(test, vocabulary, text),
        Segment::Not(inner) => {
            text.push_str("not ");
            return write(inner, vocabulary, true, text);
        }
        Segment::And(parts) => (parts, " and "),
        Segment::Or(parts) => (parts, " or "),
    };
    if is_inner {
        text.push('(');
    }
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            text.push_str(word);
        }
        write(part, vocabulary, true, text);
    }
    if is_inner {
        text.push(')');
    }
}

fn write_test(test: &Test, vocabulary: &Vocabulary, text: &mut String) {
    let name = |subject: &Subject| subject_name(*subject, vocabulary);
    // Writing to a string cannot fail.
    let _ = match test {
        Test::Text(subject, TextMatch::Equals, values) if values.len() == 1 => {
            write!(text, "{} = {}", name(subject), quoted(&values[0]))
        }
        Test::Text(subject, TextMatch::Equals, values) => {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            write!(text, "{} in ({})", name(subject), values.join(", "))
        }
        Test::Text(subject, how, values) => {
            let how = if *how == TextMatch::Contains { "contains" } else { "starts_with" };
            let value = values.first().map(|value| quoted(value)).unwrap_or_default();
            write!(text, "{} {how} {value}", name(subject))
        }
        Test::Number(subject, order, value) => {
            write!(text, "{} {} {value}", name(subject), order.name())
        }
        Test::Date(subject, order, value) => {
            write!(text, "{} {} {value}", name(subject), order.name())
        }
        Test::DatePart(subject, part, order, value) => {
            write!(text, "{}.{} {} {value}", name(subject), part.name(), order.name())
        }
        Test::YesNo(subject, value) => {
            write!(text, "{} = {}", name(subject), if *value { "yes" } else { "no" })
        }
        Test::IsKnown(subject) => write!(text, "{} is known", name(subject)),
        Test::Tag(tag) => write!(text, "tag {}", quoted(tag)),
        Test::Subscribed(list) => write!(text, "subscribed {}", quoted(list)),
        Test::Reached(campaign) => write!(text, "reached {}", quoted(campaign)),
    };
}

fn subject_name(subject: Subject, vocabulary: &Vocabulary) -> String {
    match subject {
        Subject::Locale => "locale".to_owned(),
        Subject::Zone => "zone".to_owned(),
        Subject::Source => "source".to_owned(),
        Subject::Domain => "domain".to_owned(),
        Subject::Joined => "joined".to_owned(),
        Subject::Custom(id) => {
            let field = vocabulary.fields.iter().find(|field| field.id == id);
            field.map_or_else(|| format!("field_{id}"), |field| field.name.clone())
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
