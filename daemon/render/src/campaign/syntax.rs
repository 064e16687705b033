//! The first two gates of a source: a scan before handlebars sees it, then the rules on its tree.
//!
//! The scan is there because compiling is itself dangerous: it costs the square of the tags, and
//! nested blocks and expressions recurse. It admits only tags that hold words, so the tree that
//! comes out can be walked without fear; the tree then decides what the tags mean.

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{Template, template::TemplateMapping};

use super::field::Field;
use super::finding::{Finding, Findings, Part, Place, Rule, quoted};

const MAX_SOURCE_BYTES: usize = 256 * 1024;
const MAX_LINE_BYTES: usize = 1_000;
const MAX_TAGS: usize = 500;
const MAX_NESTING: usize = 20;
const MAX_TAG_BYTES: usize = 120;

/// The tree of a source that keeps every rule of tags.
///
/// # Errors
/// All findings of the scan, or else all findings of the tree.
pub(crate) fn read(part: Part, source: &str) -> Result<Template, Vec<Finding>> {
    let mut findings = Findings::new(part);
    scan(part, source, &mut findings);
    if !findings.is_empty() {
        return Err(findings.sorted());
    }
    let template = match Template::compile(source) {
        Ok(template) => template,
        Err(error) => {
            let place = error.pos().map_or(Place::START, |(line, column)| Place { line, column });
            findings.add(place, Rule::Syntax, "it is not valid handlebars; is a block unclosed?");
            return Err(findings.sorted());
        }
    };
    Walk { part, findings: &mut findings }.template(&template, Place::START, 0);
    if findings.is_empty() { Ok(template) } else { Err(findings.sorted()) }
}

fn scan(part: Part, source: &str, findings: &mut Findings) {
    let limit = match part {
        Part::Subject | Part::Preheader => MAX_LINE_BYTES,
        Part::Body | Part::Text => MAX_SOURCE_BYTES,
    };
    if source.len() > limit {
        let reason = format!("it is longer than {limit} bytes; make it shorter");
        return findings.add(Place::START, Rule::TooLong, reason);
    }
    if matches!(part, Part::Subject | Part::Preheader)
        && let Some(at) = source.find(|c| crate::engine::is_invisible(c) || is_line_break(c))
    {
        let reason = "it must be one line without control characters";
        findings.add(Place::of(source, at), Rule::LineBreak, reason);
    }
    let mut depth = 0_usize;
    let mut next = 0;
    let mut tags = 0;
    // Every `{{` is looked at, those inside of comments too: nothing hides behind a comment whose
    // end handlebars sees elsewhere.
    while let Some(at) = source.get(next..).and_then(|rest| rest.find("{{")).map(|i| next + i) {
        tags += 1;
        if tags > MAX_TAGS {
            let reason = format!("it has more than {MAX_TAGS} tags; split the campaign");
            return findings.add(Place::of(source, at), Rule::TooManyTags, reason);
        }
        let rest = source.get(at + 2..).unwrap_or_default();
        match tag(rest) {
            Ok(Shape::Opens) => depth += 1,
            Ok(Shape::Closes) => depth = depth.saturating_sub(1),
            Ok(Shape::Value | Shape::Comment) => {}
            Err((rule, reason)) => findings.add(Place::of(source, at), rule, reason),
        }
        if depth > MAX_NESTING {
            let reason = format!("blocks are nested more than {MAX_NESTING} deep");
            return findings.add(Place::of(source, at), Rule::Nesting, reason);
        }
        next = at + 2;
    }
}

/// What a tag does, by its first sign.
enum Shape {
    Value,
    Comment,
    Opens,
    Closes,
}

type Refusal = (Rule, &'static str);

/// Reads one tag from behind its `{{`.
fn tag(rest: &str) -> Result<Shape, Refusal> {
    let end = rest.find("}}").ok_or((Rule::Syntax, "the tag is not closed; end it with }}"))?;
    let inside = rest.get(..end).unwrap_or_default();
    let word = inside.trim_start_matches('~').trim_start();
    if inside.starts_with('!') {
        return Ok(Shape::Comment);
    }
    match word.as_bytes() {
        [b'{' | b'&', ..] => {
            return Err((Rule::UnsafeValue, "write two braces: no field holds HTML"));
        }
        [b'>', ..] | [b'#', b'>', ..] => {
            return Err((Rule::Partial, "partials are not allowed in campaigns"));
        }
        [b'*', ..] | [b'#', b'*', ..] => {
            return Err((Rule::Decorator, "decorators and inline partials are not allowed"));
        }
        _ => {}
    }
    if inside.len() > MAX_TAG_BYTES {
        return Err((Rule::Syntax, "the tag is too long; it holds one field or one block"));
    }
    let is_word = |c: char| c.is_alphanumeric() || " \t\n\r~#/^@._-".contains(c);
    if !inside.chars().all(is_word) {
        return Err((Rule::Helper, "a tag holds one field or one block, no other expressions"));
    }
    match word.as_bytes() {
        [b'#', ..] => Ok(Shape::Opens),
        [b'/', ..] => Ok(Shape::Closes),
        _ => Ok(Shape::Value),
    }
}

/// What ends a line for some reader of it.
pub(crate) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

struct Walk<'f> {
    part: Part,
    findings: &'f mut Findings,
}

impl Walk<'_> {
    fn template(&mut self, template: &Template, above: Place, depth: usize) {
        if depth > MAX_NESTING {
            let reason = format!("blocks are nested more than {MAX_NESTING} deep");
            return self.findings.add(above, Rule::Nesting, reason);
        }
        for (number, element) in template.elements.iter().enumerate() {
            let place = mapped(template.mapping.get(number), above);
            self.element(element, place, depth);
        }
    }

    fn element(&mut self, element: &TemplateElement, place: Place, depth: usize) {
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
            TemplateElement::Expression(tag) => self.value(tag, place),
            TemplateElement::HelperBlock(tag) => self.block(tag, place, depth),
            TemplateElement::HtmlExpression(_) => {
                let reason = "write two braces: no field holds HTML";
                self.findings.add(place, Rule::UnsafeValue, reason);
            }
            TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) => {
                let reason = "partials are not allowed in campaigns";
                self.findings.add(place, Rule::Partial, reason);
            }
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                let reason = "decorators and inline partials are not allowed";
                self.findings.add(place, Rule::Decorator, reason);
            }
            _ => self.findings.add(place, Rule::Syntax, "it has an element of an unknown sort"),
        }
    }

    fn value(&mut self, tag: &HelperTemplate, place: Place) {
        if !tag.params.is_empty() || !tag.hash.is_empty() {
            let reason = "a tag prints one field; helpers inside it are not allowed";
            return self.findings.add(place, Rule::Helper, reason);
        }
        self.field(&tag.name, place);
    }

    fn block(&mut self, tag: &HelperTemplate, place: Place, depth: usize) {
        let helper = tag.name.as_name().unwrap_or_default();
        match (helper, tag.params.as_slice()) {
            ("if" | "unless", [field]) if tag.hash.is_empty() && tag.block_param.is_none() => {
                self.field(field, place);
            }
            ("if" | "unless", _) => {
                let reason = format!("the block `{helper}` takes exactly one field");
                self.findings.add(place, Rule::Helper, reason);
            }
            ("each", _) => {
                let reason = "campaigns have no lists, so there is nothing to loop over";
                self.findings.add(place, Rule::Loop, reason);
            }
            _ => {
                let reason = format!("no block `{}`; there are `if` and `unless`", quoted(helper));
                self.findings.add(place, Rule::Helper, reason);
            }
        }
        for inner in [&tag.template, &tag.inverse].into_iter().flatten() {
            self.template(inner, place, depth + 1);
        }
    }

    fn field(&mut self, parameter: &Parameter, place: Place) {
        match field_of(parameter) {
            Some(field) if field.may_stand_in(self.part) => {}
            Some(field) => {
                let (name, part) = (field.name(), self.part.name());
                let reason = format!("the field `{name}` may not stand in the {part}");
                self.findings.add(place, Rule::FieldNotHere, reason);
            }
            None => {
                let name = quoted(parameter.as_name().unwrap_or("?"));
                let known = Field::ALL.map(Field::name).join(", ");
                let reason = format!("no field `{name}`; there are {known}");
                self.findings.add(place, Rule::UnknownField, reason);
            }
        }
    }
}

/// The field that a tag names; paths such as `../name` or `@root.name` are none.
pub(crate) fn field_of(parameter: &Parameter) -> Option<Field> {
    match parameter {
        Parameter::Name(_) | Parameter::Path(_) => parameter.as_name().and_then(Field::from_name),
        _ => None,
    }
}

/// Where an element of the tree stands.
pub(crate) fn mapped(mapping: Option<&TemplateMapping>, above: Place) -> Place {
    mapping.map_or(above, |mapping| Place { line: mapping.0, column: mapping.1 })
}
