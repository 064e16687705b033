//! From what was typed to an entry: a pure check of shape, with every mistake told at once.

use domain::address::EmailAddress;
use serde::Deserialize;

const LONGEST_NAME: usize = 200;
const LONGEST_PHONE: usize = 40;
const LONGEST_TEXT: usize = 20_000;

/// The fields of the form as they arrive; personal data, so it prints nothing of them.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) text: String,
    /// The trap: people do not see it.
    pub(crate) website: String,
    pub(crate) form_token: String,
    pub(crate) puzzle_answer: String,
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(***)")
    }
}

impl Typed {
    /// Whether nothing that a person types is there.
    pub(crate) fn is_empty(&self) -> bool {
        [&self.name, &self.email, &self.phone, &self.text].into_iter().all(String::is_empty)
    }
}

/// What was typed, in order.
pub(crate) struct Checked {
    pub(crate) name: String,
    pub(crate) email: EmailAddress,
    pub(crate) phone: String,
    pub(crate) text: String,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checked(***)")
    }
}

/// A mistake: the control's id, and the path of the word that explains it.
pub(crate) type Mistake = (&'static str, &'static str);

/// Checks all fields.
///
/// # Errors
/// Every mistake, in the order of the controls on the page.
pub(crate) fn check(typed: &Typed) -> Result<Checked, Vec<Mistake>> {
    let mut mistakes: Vec<Mistake> = Vec::new();
    let (name, phone) = (one_line(&typed.name), one_line(&typed.phone));
    let text = several_lines(&typed.text);
    let email = match typed.email.trim() {
        "" => Err("errors.email_missing"),
        email => EmailAddress::parse(email).map_err(|_| "errors.email_invalid"),
    };
    if let Err(mistake) = email {
        mistakes.push(("email", mistake));
    }
    if text.is_empty() {
        mistakes.push(("text", "errors.text_missing"));
    } else if text.chars().count() > LONGEST_TEXT {
        mistakes.push(("text", "errors.text_long"));
    }
    if name.chars().count() > LONGEST_NAME {
        mistakes.push(("name", "errors.name_long"));
    }
    if phone.chars().count() > LONGEST_PHONE {
        mistakes.push(("phone", "errors.phone_long"));
    }
    if !typed.website.is_empty() {
        mistakes.push(("website", "errors.trap_filled"));
    }
    match email {
        Ok(email) if mistakes.is_empty() => Ok(Checked { name, email, phone, text }),
        _ => Err(mistakes),
    }
}

/// One line: what would break it becomes a space.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// Lines ended by LF; other control characters, which nobody types, are left out.
fn several_lines(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String =
        lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(email: &str, text: &str) -> Typed {
        Typed { email: email.to_owned(), text: text.to_owned(), ..Typed::default() }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let typed = Typed {
            name: "я".repeat(201),
            phone: "1".repeat(41),
            website: "x".to_owned(),
            ..typed("anna", " \r\n ")
        };
        let mistakes = check(&typed).err().unwrap_or_default();
        let fields: Vec<_> = mistakes.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["email", "text", "name", "phone", "website"]);
    }

    #[test]
    fn what_is_on_the_limit_passes_and_is_cleaned() {
        let typed = Typed {
            name: format!(" {}\n", "я".repeat(200)),
            ..typed(" Anna@Mail.Example ", &format!("a\r\nb\0{}", "я".repeat(19_997)))
        };
        let checked = check(&typed).expect("it passes");
        assert_eq!(checked.email.expose(), "Anna@mail.example");
        assert!(checked.text.starts_with("a\nb\u{44f}"));
        assert_eq!(checked.name.chars().count(), 200);
    }

    proptest! {
        #[test]
        fn any_text_is_an_entry_or_a_list_of_mistakes(name in ".*", email in ".*", text in ".*") {
            let typed = Typed { name, email, text, ..Typed::default() };
            match check(&typed) {
                Ok(checked) => {
                    prop_assert!(!checked.name.contains(['\r', '\n', '\0']));
                    prop_assert!(!checked.text.contains(['\r', '\0']));
                }
                Err(mistakes) => prop_assert!(!mistakes.is_empty()),
            }
        }
    }
}
