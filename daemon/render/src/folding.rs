//! The text part of a mail: no line is wider than mail programs show.

/// Most characters of a line (RFC 5322 §2.1.1).
const WIDEST: usize = 78;

/// Breaks lines that are too wide at a space, those of an item under its first word. What is
/// shown word for word (lines with `> `) and words without a space, such as links, stay whole.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / WIDEST);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if bare.starts_with("> ") || bare.chars().count() <= WIDEST {
            out.push_str(line);
            continue;
        }
        fold_line(bare, &mut out);
        out.push_str(&line[bare.len()..]);
    }
    out
}

fn fold_line(line: &str, out: &mut String) {
    let text = line.trim_start_matches(' ');
    let (spaces, item) = (line.len() - text.len(), if text.starts_with("- ") { 2 } else { 0 });
    let hang = spaces + item;
    out.push_str(&line[..hang]);
    let mut width = hang;
    let mut begins = true;
    for word in line[hang..].split(' ') {
        let length = word.chars().count();
        if begins {
            begins = false;
        } else if width + 1 + length > WIDEST {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hang));
            width = hang;
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_line_is_broken_at_a_space() {
        let words = "слово ".repeat(30);
        let folded = fold(&format!("Здравствуйте!\n\n{}\nконец\n", words.trim_end()));
        assert!(folded.lines().all(|line| line.chars().count() <= WIDEST), "{folded}");
        assert_eq!(folded.replace('\n', " ").matches("слово").count(), 30);
        assert!(folded.starts_with("Здравствуйте!\n\nслово") && folded.ends_with("слово\nконец\n"));
    }

    #[test]
    fn an_item_goes_on_under_its_first_word() {
        let folded = fold(&format!("- {}", "слово ".repeat(20).trim_end()));
        let lines: Vec<&str> = folded.lines().collect();
        assert!(lines.len() == 2 && lines[1].starts_with("  слово"), "{folded}");
    }

    #[test]
    fn what_fits_and_what_has_no_space_stays_as_it_is() {
        let link = format!("https://shop.example/{}", "x".repeat(90));
        let quoted = format!("> {}", "слово ".repeat(20));
        for text in ["", "\n", "short\n", &link, &quoted, &"я".repeat(100)] {
            assert_eq!(fold(text), *text);
        }
        assert_eq!(fold(&format!("Политика: {link}")), format!("Политика:\n{link}"));
        // A no-break space holds a date together.
        let date = format!("{} 4\u{a0}декабря", "x".repeat(74));
        assert_eq!(fold(&date), format!("{}\n4\u{a0}декабря", "x".repeat(74)));
    }
}
