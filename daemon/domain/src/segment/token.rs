//! The tokens of a segment, each with its place.

use winnow::{
    LocatingSlice, ModalResult, Parser as _,
    ascii::{digit1, multispace0},
    combinator::{alt, delimited, opt, preceded, repeat},
    token::{any, none_of, one_of, take, take_while},
};

use super::{Decimal, SegmentError};
use jiff::civil::Date;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or a keyword, in small letters.
    Word(String),
    /// Between quotes.
    Text(String),
    Number(Decimal),
    Date(Date),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `(`, `)`, `,`, `.`, `+`, `-`.
    Sign(&'static str),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Text(_) => f.write_str("a text"),
            Self::Number(number) => write!(f, "`{number}`"),
            Self::Date(date) => write!(f, "`{date}`"),
            Self::Sign(sign) => write!(f, "`{sign}`"),
        }
    }
}

/// A token and where it begins, in bytes.
pub(super) type Placed = (usize, Token);

type Input<'a> = LocatingSlice<&'a str>;

/// The tokens of a text.
///
/// # Errors
/// [`SegmentError`] at the first character that begins none.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, SegmentError> {
    let mut rest = LocatingSlice::new(text);
    let mut tokens = Vec::new();
    loop {
        let _: ModalResult<&str> = multispace0.parse_next(&mut rest);
        if rest.is_empty() {
            return Ok(tokens);
        }
        let at = text.len() - rest.len();
        match token.with_span().parse_next(&mut rest) {
            Ok((Some(token), span)) => tokens.push((span.start, token)),
            Ok((None, span)) => return Err(unread(text, span.start)),
            Err(_) => return Err(unread(text, at)),
        }
    }
}

fn unread(text: &str, at: usize) -> SegmentError {
    let what = match text[at..].chars().next() {
        Some('"' | '“' | '”' | '«') => {
            "a text is written between straight quotes, \"like this\", with \\\" and \\\\ for the two signs themselves"
                .to_owned()
        }
        Some('0'..='9') => {
            "a number has up to six places after a point; a date is written 2026-01-31".to_owned()
        }
        Some(other) => format!("`{other}` means nothing here; texts stand in \"quotes\""),
        None => "something is missing".to_owned(),
    };
    SegmentError { at: text[..at].chars().count(), what }
}

/// One token; `None` where a number or a date is none.
fn token(input: &mut Input<'_>) -> ModalResult<Option<Token>> {
    alt((
        quoted.map(|text| Some(Token::Text(text))),
        date_or_number,
        word.map(Some),
        sign.map(Some),
    ))
    .parse_next(input)
}

fn quoted(input: &mut Input<'_>) -> ModalResult<String> {
    let escaped = preceded('\\', one_of(['"', '\\']));
    let inner = repeat(0.., alt((escaped, none_of(['"', '\\', '\n', '\r']))));
    delimited('"', inner, '"').parse_next(input)
}

fn date_or_number(input: &mut Input<'_>) -> ModalResult<Option<Token>> {
    let date = (digit1, '-', digit1, '-', digit1).take().map(|text: &str| {
        let is_iso = text.len() == 10;
        text.parse().ok().filter(|_| is_iso).map(Token::Date)
    });
    let number = (digit1, opt(('.', digit1)))
        .take()
        .map(|text: &str| Decimal::parse(text).map(Token::Number));
    alt((date, number)).parse_next(input)
}

fn word(input: &mut Input<'_>) -> ModalResult<Token> {
    let first = any.verify(|sign: &char| sign.is_alphabetic() || *sign == '_');
    let more = take_while(0.., |sign: char| sign.is_alphanumeric() || sign == '_');
    (first, more).take().map(|word: &str| Token::Word(word.to_lowercase())).parse_next(input)
}

fn sign(input: &mut Input<'_>) -> ModalResult<Token> {
    const SIGNS: [&str; 12] = ["!=", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", "+", "-"];
    let longer = alt(("!=", "<=", ">="));
    let shorter = take(1_usize);
    alt((longer, shorter))
        .verify_map(|sign: &str| SIGNS.into_iter().find(|known| *known == sign))
        .map(Token::Sign)
        .parse_next(input)
}
