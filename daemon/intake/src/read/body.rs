//! The parts of a mail: visible text, attached mails, files, report parts, and what is odd.
//!
//! Called by the reader with the parsed structure. It walks the parts itself with stacks and
//! limits and never recurses: mails inside mails, signed content and Outlook's wrapping wait in a
//! list until their turn. Nothing read here was checked for truth.

mod inner;
mod visible;

use std::collections::HashSet;

use domain::mail::{AttachedMail, Oddity, ReadMail};
use mail_parser::{Message, MessagePart, PartType};

use self::inner::Inner;
use super::{
    MAX_TEXT, Oddities, addresses,
    files::Files,
    header::{self, Field},
    part, report, signed,
};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 20;
/// Most parts that are read, those of attached mails included.
const MAX_PARTS: usize = 200;
/// Most attached mails whose text is kept.
const MAX_ATTACHED: usize = 20;

/// Reads all parts of `message` into `mail`.
pub(super) fn read(message: &Message<'_>, mail: &mut ReadMail, odd: &mut Oddities) {
    let inner = message.raw_message.len().saturating_mul(2).saturating_add(64 * 1024);
    let mut budget = Budget { parts: MAX_PARTS, text: MAX_TEXT, inner };
    let mut files = Files::default();
    if let Some(root) = message.parts.first() {
        mail.report.report_type = report::report_type(root);
    }
    let mut waiting = Vec::new();
    let mut desk =
        Desk { mail, odd, budget: &mut budget, files: &mut files, waiting: &mut waiting };
    desk.read_all(message, Place::Mail, 0);
    while let Some(Inner { bytes, place, depth }) = desk.waiting.pop() {
        inner::read(&mut desk, &bytes, place, depth);
    }
    files.settle(mail, odd);
    if mail.text.trim().is_empty() && mail.attached.iter().all(|m| m.text.trim().is_empty()) {
        odd.add(Oddity::NoText);
    }
}

/// What is left of the limits.
struct Budget {
    parts: usize,
    text: usize,
    /// Bytes that may still be unwrapped and parsed again.
    inner: usize,
}

/// Whose text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The mail itself.
    Mail,
    /// A mail inside it, by its number.
    Attached(usize),
}

/// All that is filled while the parts are walked.
struct Desk<'d> {
    mail: &'d mut ReadMail,
    odd: &'d mut Oddities,
    budget: &'d mut Budget,
    files: &'d mut Files,
    waiting: &'d mut Vec<Inner>,
}

impl Desk<'_> {
    /// Reads a message and the mails that stand in it as they are.
    fn read_all(&mut self, message: &Message<'_>, place: Place, depth: usize) {
        let mut attached = Vec::new();
        self.read_one(message, place, depth, &mut attached);
        attached.reverse();
        while let Some((message, depth)) = attached.pop() {
            let Some(place) = self.begin_attached(message, depth) else { return };
            let mut inner = Vec::new();
            self.read_one(message, place, depth, &mut inner);
            attached.extend(inner.into_iter().rev());
        }
    }

    /// Makes the place of one more attached mail, while there is room.
    fn begin_attached(&mut self, message: &Message<'_>, depth: usize) -> Option<Place> {
        if self.mail.attached.len() == MAX_ATTACHED || depth > MAX_DEPTH {
            self.odd.add(Oddity::TooManyParts);
            return None;
        }
        let fields =
            message.parts.first().map_or_else(Vec::new, |root| part::fields(root, message));
        self.mail.attached.push(AttachedMail {
            from: addresses::of(&fields, "from"),
            subject: subject(&fields),
            message_id: first_id(&fields),
            text: String::new(),
        });
        Some(Place::Attached(self.mail.attached.len() - 1))
    }

    fn read_one<'m, 'x>(
        &mut self,
        message: &'m Message<'x>,
        place: Place,
        depth: usize,
        attached: &mut Vec<(&'m Message<'x>, usize)>,
    ) {
        let readable = walk(message, depth, self.budget, self.odd, attached);
        let found = visible::read(message, &readable, self.budget.text, self.odd);
        self.put(place, found);
        for (id, part) in message.parts.iter().enumerate() {
            if !readable.contains(&id) {
                continue;
            }
            let is_file = u32::try_from(id).is_ok_and(|id| message.attachments.contains(&id));
            self.read_part(part, message, is_file, place, depth);
        }
    }

    /// Takes what is not the visible text: reports, files and wrappings.
    fn read_part(
        &mut self,
        part: &MessagePart<'_>,
        message: &Message<'_>,
        is_file: bool,
        place: Place,
        depth: usize,
    ) {
        let media_type = part::media_type(part);
        match media_type.as_str() {
            "multipart/encrypted" => self.odd.add(Oddity::Encrypted),
            "multipart/signed" => self.odd.add(Oddity::Signed),
            _ => {}
        }
        if place == Place::Mail && depth == 0 {
            report::read(part, message, &mut self.mail.report, self.odd);
        }
        if !is_file {
            return;
        }
        let name = part::file_name(&part::fields(part, message));
        let wrapping = match &part.body {
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                inner::wrapping(&media_type, &name, bytes)
            }
            _ => None,
        };
        self.files.add(part, message, name, media_type, &mut self.mail.attachments, self.odd);
        if let (Some(wrapping), PartType::Binary(bytes) | PartType::InlineBinary(bytes)) =
            (wrapping, &part.body)
        {
            inner::open(self, wrapping, bytes, place, depth);
        }
    }

    /// Puts found text to its place, within the limit.
    fn put(&mut self, place: Place, found: visible::Visible) {
        let visible::Visible { text, from_html, other } = found;
        let text = signed::without_armor(text, self.odd);
        let text = self.within(text);
        if place == Place::Mail {
            self.mail.text_from_html |= from_html;
        }
        let target = self.text_of(place);
        if !target.is_empty() && !text.is_empty() && !target.ends_with('\n') {
            target.push('\n');
        }
        target.push_str(&text);
        if place == Place::Mail && !other.is_empty() {
            self.odd.add(Oddity::TextsDisagree);
            let other = self.within(other);
            if !self.mail.other_text.is_empty() {
                self.mail.other_text.push('\n');
            }
            self.mail.other_text.push_str(&other);
        }
    }

    fn text_of(&mut self, place: Place) -> &mut String {
        match place {
            Place::Attached(at) if at < self.mail.attached.len() => {
                &mut self.mail.attached[at].text
            }
            Place::Attached(_) | Place::Mail => &mut self.mail.text,
        }
    }

    /// Cuts a text to what is left of the limit, at a character.
    fn within(&mut self, mut text: String) -> String {
        if text.len() > self.budget.text {
            header::cut(&mut text, self.budget.text);
            self.odd.add(Oddity::TextCut);
        }
        self.budget.text -= text.len();
        text
    }
}

/// Finds the parts within the limits, and the attached mails among them with their depth.
fn walk<'m, 'x>(
    message: &'m Message<'x>,
    depth: usize,
    budget: &mut Budget,
    odd: &mut Oddities,
    attached: &mut Vec<(&'m Message<'x>, usize)>,
) -> HashSet<usize> {
    let mut readable = HashSet::new();
    let mut stack = vec![(0usize, depth)];
    while let Some((id, depth)) = stack.pop() {
        let Some(part) = message.parts.get(id) else { continue };
        if depth > MAX_DEPTH || budget.parts == 0 {
            odd.add(Oddity::TooManyParts);
            continue;
        }
        if !readable.insert(id) {
            continue;
        }
        budget.parts -= 1;
        if part.is_encoding_problem {
            odd.add(Oddity::Malformed);
        }
        match &part.body {
            PartType::Multipart(children) => {
                let children = children.iter().rev();
                stack.extend(children.filter_map(|c| Some((usize::try_from(*c).ok()?, depth + 1))));
            }
            PartType::Message(inner) => attached.push((inner, depth + 1)),
            PartType::Text(_)
            | PartType::Html(_)
            | PartType::Binary(_)
            | PartType::InlineBinary(_) => {}
        }
    }
    readable
}

fn subject(fields: &[Field]) -> String {
    let field = fields.iter().find(|field| field.name == "subject");
    field.map_or_else(String::new, |field| header::readable(&field.value, 2_000).0)
}

fn first_id(fields: &[Field]) -> Option<String> {
    let field = fields.iter().find(|field| field.name == "message-id")?;
    header::message_ids(&field.value).into_iter().next()
}
