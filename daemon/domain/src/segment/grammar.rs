//! From tokens to the typed tree.

use super::{
    CustomField, DEEPEST, FieldType, LONGEST_TEXT, MOST_TESTS, Segment, SegmentError, Subject,
    Test, Vocabulary,
    token::{Placed, Token, tokens},
};

/// Words that mean something in a segment.
const RESERVED: &str = "and or not in is known unknown contains starts_with tag subscribed reached \
                        today yes no locale zone source domain joined month day";

/// Whether a word means something in a segment, so that no field may be called so.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    RESERVED.split_whitespace().any(|reserved| reserved == word)
}

/// What a name stands for.
pub(super) struct Named<'v> {
    pub(super) subject: Subject,
    pub(super) kind: FieldType,
    pub(super) field: Option<&'v CustomField>,
}

pub(super) struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    pub(super) next: usize,
    depth: usize,
    tests: usize,
    vocabulary: &'a Vocabulary,
}

pub(super) type Read<T> = Result<T, SegmentError>;

/// Reads the whole text.
pub(super) fn parse(text: &str, vocabulary: &Vocabulary) -> Read<Segment> {
    if text.len() > LONGEST_TEXT {
        let what = format!("a segment has at most {LONGEST_TEXT} bytes; split it in two");
        return Err(SegmentError { at: 0, what });
    }
    let tokens = tokens(text)?;
    let mut reader = Reader { text, tokens, next: 0, depth: 0, tests: 0, vocabulary };
    let segment = reader.either()?;
    match reader.peek() {
        None => Ok(segment),
        Some(token) => {
            Err(reader.wrong(&format!("{token} after the end; join tests by `and` or `or`")))
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.1)
    }

    /// An error at the token that is next.
    pub(super) fn wrong(&self, what: &str) -> SegmentError {
        let at = self.tokens.get(self.next).map_or(self.text.len(), |placed| placed.0);
        SegmentError { at: self.text[..at].chars().count(), what: what.to_owned() }
    }

    pub(super) fn expected(&self, what: &str) -> SegmentError {
        match self.peek() {
            Some(token) => self.wrong(&format!("{what} was expected, not {token}")),
            None => self.wrong(&format!("{what} is missing at the end")),
        }
    }

    pub(super) fn takes(&mut self, wanted: &Token) -> bool {
        let is_next = self.peek() == Some(wanted);
        self.next += usize::from(is_next);
        is_next
    }

    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.next += usize::from(is_next);
        is_next
    }

    pub(super) fn needs(&mut self, sign: &'static str) -> Read<()> {
        if self.takes(&Token::Sign(sign)) {
            return Ok(());
        }
        Err(self.expected(&format!("`{sign}`")))
    }

    fn either(&mut self) -> Read<Segment> {
        let mut parts = vec![self.all()?];
        while self.takes_word("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Segment::Or))
    }

    fn all(&mut self) -> Read<Segment> {
        let mut parts = vec![self.one()?];
        while self.takes_word("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Segment::And))
    }

    fn one(&mut self) -> Read<Segment> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong(&format!("this nests deeper than {DEEPEST} levels")));
        }
        let segment = if self.takes_word("not") {
            Segment::Not(Box::new(self.one()?))
        } else if self.takes(&Token::Sign("(")) {
            let inner = self.either()?;
            self.needs(")")?;
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(segment)
    }

    fn test(&mut self) -> Read<Segment> {
        self.tests += 1;
        if self.tests > MOST_TESTS {
            return Err(self.wrong(&format!("a segment has at most {MOST_TESTS} tests")));
        }
        let Some(Token::Word(word)) = self.peek().cloned() else {
            return Err(self.expected("the name of a field, `tag`, `subscribed` or `reached`"));
        };
        match word.as_str() {
            "tag" => self.named_things(Test::Tag),
            "subscribed" => self.named_things(Test::Subscribed),
            "reached" => self.named_things(Test::Reached),
            _ => {
                let named = self.name(&word)?;
                self.next += 1;
                self.comparison(&named)
            }
        }
    }

    /// `tag "vip"` or `tag in ("vip", "guest")`.
    fn named_things(&mut self, test: fn(String) -> Test) -> Read<Segment> {
        self.next += 1;
        if self.takes_word("in") {
            let names = self.values(Self::some_text)?;
            let parts = names.into_iter().map(|name| Segment::Test(test(name))).collect();
            return Ok(joined(parts, Segment::Or));
        }
        Ok(Segment::Test(test(self.some_text()?)))
    }

    fn name(&self, word: &str) -> Read<Named<'a>> {
        let built_in = |subject, kind| Ok(Named { subject, kind, field: None });
        match word {
            "locale" => return built_in(Subject::Locale, FieldType::Choice),
            "zone" => return built_in(Subject::Zone, FieldType::Text),
            "source" => return built_in(Subject::Source, FieldType::Text),
            "domain" => return built_in(Subject::Domain, FieldType::Text),
            "joined" => return built_in(Subject::Joined, FieldType::Date),
            _ => {}
        }
        let vocabulary: &'a Vocabulary = self.vocabulary;
        let Some(field) = vocabulary.fields.iter().find(|field| field.name == word) else {
            return Err(
                self.wrong(&format!("there is no field `{word}`; see `consentry field list`"))
            );
        };
        if field.is_special {
            return Err(self.wrong(&format!(
                "the field `{word}` holds special data, by which nobody is selected"
            )));
        }
        Ok(Named { subject: Subject::Custom(field.id), kind: field.kind, field: Some(field) })
    }
}

pub(super) fn joined(mut parts: Vec<Segment>, join: fn(Vec<Segment>) -> Segment) -> Segment {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

pub(super) fn negated(is_not: bool, segment: Segment) -> Segment {
    if is_not { Segment::Not(Box::new(segment)) } else { segment }
}
