//! The checker: which templates may be compiled at all.
//!
//! Handlebars can be made to overflow the stack or to loop for minutes (measured: recursive
//! inline partials, nesting 4000 deep, three `#each` inside one another), and neither can be
//! caught while rendering. So the syntax tree is checked once, before a template is registered.

use handlebars::Template;
use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};

use crate::error::RenderError;

/// Limits of one template file.
const MAX_SOURCE_BYTES: usize = 256 * 1024;
const MAX_TAGS: usize = 500;
const MAX_TAG_BYTES: usize = 300;
const MAX_NESTING: usize = 20;
const MAX_EACH_DEPTH: usize = 2;

/// The only helpers a template may call.
pub(crate) const HELPERS: [&str; 3] = ["if", "unless", "each"];

/// What the checked template may use beyond plain values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Names of partials; a partial itself gets an empty list, so there are no cycles.
    pub(crate) partials: &'static [&'static str],
    /// Paths of values that were made safe before and may stand in `{{{ }}}`.
    pub(crate) safe_values: &'static [&'static str],
}

/// Compiles a template if it keeps the rules.
///
/// # Errors
/// [`RenderError::Refused`] with the first rule that is broken.
pub(crate) fn compile(
    name: &str,
    source: &str,
    allowance: Allowance,
) -> Result<Template, RenderError> {
    let refused = |reason: String| RenderError::Refused { name: name.to_owned(), reason };
    // Before the parser sees it: its cost is quadratic in the number of tags.
    if source.len() > MAX_SOURCE_BYTES {
        return Err(refused(format!("it is longer than {MAX_SOURCE_BYTES} bytes")));
    }
    if source.matches("{{").count() > MAX_TAGS {
        return Err(refused(format!("it has more than {MAX_TAGS} tags")));
    }
    // The parser calls itself for each expression inside of a tag.
    if longest_tag(source) > MAX_TAG_BYTES {
        return Err(refused(format!("it has a tag of more than {MAX_TAG_BYTES} bytes")));
    }
    let template = Template::compile_with_name(source, name.to_owned()).map_err(|error| {
        let place = match error.pos() {
            Some((line, column)) => format!(" at line {line}, column {column}"),
            None => String::new(),
        };
        refused(format!("it is not valid handlebars{place}"))
    })?;
    Check { allowance }.elements(&template, Depth::default()).map_err(refused)?;
    Ok(template)
}

/// The length of the longest tag that is no comment.
fn longest_tag(source: &str) -> usize {
    let tags = source.split("{{").skip(1).filter(|rest| !rest.starts_with('!'));
    tags.map(|rest| rest.find("}}").unwrap_or(rest.len())).max().unwrap_or(0)
}

#[derive(Clone, Copy, Default)]
struct Depth {
    nesting: usize,
    each: usize,
}

struct Check {
    allowance: Allowance,
}

impl Check {
    fn elements(&self, template: &Template, depth: Depth) -> Result<(), String> {
        if depth.nesting > MAX_NESTING {
            return Err(format!("blocks are nested more than {MAX_NESTING} deep"));
        }
        template.elements.iter().try_for_each(|element| self.element(element, depth))
    }

    fn element(&self, element: &TemplateElement, depth: Depth) -> Result<(), String> {
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => Ok(()),
            TemplateElement::Expression(tag) => self.value(tag),
            TemplateElement::HtmlExpression(tag) => {
                self.value(tag)?;
                match tag.name.as_name() {
                    Some(path) if self.allowance.safe_values.contains(&path) => Ok(()),
                    _ => Err("only values marked as safe may stand in triple braces".to_owned()),
                }
            }
            TemplateElement::HelperBlock(tag) => self.block(tag, depth),
            TemplateElement::PartialExpression(tag) => self.partial(tag),
            TemplateElement::PartialBlock(_) => {
                Err("blocks of partials are not allowed".to_owned())
            }
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                Err("decorators and inline partials are not allowed".to_owned())
            }
            _ => Err("it has an element of an unknown sort".to_owned()),
        }
    }

    fn value(&self, tag: &HelperTemplate) -> Result<(), String> {
        let is_path = matches!(tag.name, Parameter::Name(_) | Parameter::Path(_));
        if !is_path || !tag.params.is_empty() || !tag.hash.is_empty() {
            return Err("a tag prints one value; helpers inside it are not allowed".to_owned());
        }
        Ok(())
    }

    fn block(&self, tag: &HelperTemplate, depth: Depth) -> Result<(), String> {
        let helper = tag.name.as_name().unwrap_or_default();
        if !HELPERS.contains(&helper) {
            return Err(format!("only the blocks {} are allowed", HELPERS.join(", ")));
        }
        if tag.params.len() != 1 || !tag.hash.is_empty() {
            return Err(format!("the block `{helper}` takes exactly one value"));
        }
        if !matches!(tag.params.first(), Some(Parameter::Name(_) | Parameter::Path(_))) {
            return Err(format!("the block `{helper}` takes the name of a value"));
        }
        let each = depth.each + usize::from(helper == "each");
        if each > MAX_EACH_DEPTH {
            return Err(format!("`each` is nested more than {MAX_EACH_DEPTH} deep"));
        }
        let inside = Depth { nesting: depth.nesting + 1, each };
        [&tag.template, &tag.inverse]
            .into_iter()
            .flatten()
            .try_for_each(|template| self.elements(template, inside))
    }

    fn partial(&self, tag: &DecoratorTemplate) -> Result<(), String> {
        let known = tag.name.as_name().is_some_and(|name| self.allowance.partials.contains(&name));
        if !known || !tag.params.is_empty() || !tag.hash.is_empty() || tag.template.is_some() {
            return Err(match self.allowance.partials {
                [] => "partials are not allowed here".to_owned(),
                names => format!("only the partials {} are allowed", names.join(", ")),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWANCE: Allowance = Allowance { partials: &["head"], safe_values: &["body_html"] };

    fn check(source: &str, refusal: Option<&str>) {
        let shown: String = source.chars().take(60).collect();
        match (compile("t", source, ALLOWANCE), refusal) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => {
                assert!(error.to_string().contains(words), "{shown}: {error}");
            }
            (result, expected) => panic!("{shown}: {:?}, expected {expected:?}", result.err()),
        }
    }

    #[test]
    fn a_plain_template_passes() {
        check("{{! why }}{{> head}}{{#if a}}{{b.c}}{{else if d}}x{{else}}y{{/if}}", None);
        check("{{#each list}}{{this.name}} {{../title}} {{@index}}{{/each}}", None);
        check("{{{body_html}}}", None);
    }

    #[test]
    fn what_could_kill_or_mislead_the_daemon_is_refused() {
        check("{{#*inline \"p\"}}{{> p}}{{/inline}}{{> p}}", Some("inline"));
        check("{{> /etc/passwd}}", Some("partials"));
        check("{{> (lookup a 'b')}}", Some("partials"));
        check("{{#> head}}x{{/head}}", Some("partials"));
        check("{{log a}}", Some("helpers"));
        check("{{lookup a 'b'}}", Some("helpers"));
        check("{{#with a}}{{b}}{{/with}}", Some("only the blocks"));
        check("{{#if (gt a 1)}}x{{/if}}", Some("name of a value"));
        check("{{{name}}}", Some("triple"));
        check("{{&name}}", Some("triple"));
        check("{{#if a}}x", Some("not valid"));
        check(&"{{a}}".repeat(501), Some("tags"));
        check(&format!("{{{{a {}", "(a ".repeat(80_000)), Some("a tag of more"));
        check(&format!("{{{{a {}}}}}", "(a ".repeat(80)), Some("not valid"));
        check(&"x".repeat(256 * 1024 + 1), Some("longer"));
        let deep = |n: usize| format!("{}x{}", "{{#if a}}".repeat(n), "{{/if}}".repeat(n));
        check(&deep(20), None);
        check(&deep(21), Some("nested"));
        let each = |n: usize| format!("{}x{}", "{{#each a}}".repeat(n), "{{/each}}".repeat(n));
        check(&each(2), None);
        check(&each(3), Some("nested"));
        check(&deep(4000), Some("tags"));
    }
}
