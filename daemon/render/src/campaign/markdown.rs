//! Markdown to HTML (CommonMark with tables and struck-out text), fields kept as marks.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

use super::field::Field;
use super::flat::{Flat, Marks, Piece};

/// HTML of a marked text; a URL field that stands alone in the text becomes a link, as people
/// expect who write an address.
pub(crate) fn to_html(marked: &str, flat: &Flat, marks: &Marks) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut links = 0_usize;
    let events = Parser::new_ext(marked, options).flat_map(|event| {
        match &event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_)) => links += 1,
            Event::End(TagEnd::Link | TagEnd::Image | TagEnd::CodeBlock) => {
                links = links.saturating_sub(1);
            }
            _ => {}
        }
        match event {
            Event::Text(text) if links == 0 && text.contains("https://") => {
                linked(&text, flat, marks)
            }
            other => vec![other],
        }
    });
    let mut output = String::new();
    html::push_html(&mut output, events);
    output
}

/// A text with a link round each URL field in it.
fn linked(text: &str, flat: &Flat, marks: &Marks) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    let mut rest = text;
    let urls = flat.pieces.iter().enumerate().filter_map(|(number, (piece, _))| match piece {
        Piece::Field(field @ (Field::UnsubscribeUrl | Field::PolicyUrl)) => {
            Some(marks.mark(number, *field))
        }
        _ => None,
    });
    // Marks stand in the text in the order of their pieces.
    for url in urls {
        let Some((before, behind)) = rest.split_once(&url) else { continue };
        events.push(Event::Text(CowStr::from(before.to_owned())));
        events.push(Event::Start(Tag::Link {
            link_type: LinkType::Autolink,
            dest_url: CowStr::from(url.clone()),
            title: CowStr::Borrowed(""),
            id: CowStr::Borrowed(""),
        }));
        events.push(Event::Text(CowStr::from(url)));
        events.push(Event::End(TagEnd::Link));
        rest = behind;
    }
    events.push(Event::Text(CowStr::from(rest.to_owned())));
    events
}
