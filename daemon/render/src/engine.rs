//! The engine: strict handlebars registries, for text and for HTML.
//!
//! Strict means strict here: `{{#if typo}}` is an error too, not silently false. Lists are
//! capped before and the output while rendering, so a context cannot make a page endless.

use std::{collections::BTreeMap, io, sync::OnceLock};

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, RenderContext,
    RenderErrorReason, Renderable, Template, html_escape,
};
use serde_json::Value;

use crate::assets;
use crate::checker::{self, Allowance};
use crate::error::RenderError;

/// No text that we render is longer.
pub(crate) const OUTPUT_LIMIT: usize = 2 * 1024 * 1024;
/// No list in a context is longer, but for the page of a package.
const LIST_LIMIT: usize = 100;

/// The sources of all templates by name; each is compiled when it is first rendered, with the
/// partials that it may use, in a registry that escapes for its sort of text.
///
/// Most commands render nothing, and no process renders everything.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    sources: BTreeMap<String, Source>,
}

/// One template: where it comes from, and what became of it.
#[derive(Debug)]
struct Source {
    /// The file, for messages.
    file: String,
    /// The operator's text; `None` for the built-in one.
    own: Option<String>,
    allowance: Allowance,
    compiled: OnceLock<Result<Handlebars<'static>, RenderError>>,
}

impl Engine {
    /// Adds a template under its name, which says what is escaped in it. `own` replaces the text
    /// of the built-in file.
    ///
    /// # Errors
    /// [`RenderError`] when an operator's text is refused: it is compiled at once.
    pub(crate) fn add(
        &mut self,
        name: &str,
        file: &str,
        own: Option<&str>,
        allowance: Allowance,
    ) -> Result<(), RenderError> {
        let own = own.map(str::to_owned);
        let source = Source { file: file.to_owned(), own, allowance, compiled: OnceLock::new() };
        if source.own.is_some() {
            source.template()?;
        }
        self.sources.insert(name.to_owned(), source);
        Ok(())
    }

    /// Renders one template.
    ///
    /// # Errors
    /// [`RenderError`]: a value is missing, a list or the output is over its limit.
    pub(crate) fn render(&self, name: &str, values: &Value) -> Result<String, RenderError> {
        if longest_list(values) > list_limit(name) {
            return Err(RenderError::Failed {
                name: name.to_owned(),
                reason: "a list has more items than a page or a mail may have",
            });
        }
        let registry = self.compiled(name)?;
        let mut output = Limited::default();
        let result = Context::wraps(values)
            .and_then(|context| registry.render_with_context_to_write(name, &context, &mut output));
        if output.is_full {
            return Err(RenderError::TooLong { name: name.to_owned() });
        }
        result.map_err(|error| explain(name, error.reason()))?;
        String::from_utf8(output.bytes).map_err(|_| RenderError::Failed {
            name: name.to_owned(),
            reason: "the text is not UTF-8",
        })
    }

    /// The registry that holds the template and its partials.
    fn compiled(&self, name: &str) -> Result<&Handlebars<'static>, RenderError> {
        let source = self.source(name)?;
        let compiled = source.compiled.get_or_init(|| {
            let mut registry = strict_registry(is_html(name));
            registry.register_template(name, source.template()?);
            for partial in source.allowance.partials {
                registry.register_template(partial, self.source(partial)?.template()?);
            }
            Ok(registry)
        });
        compiled.as_ref().map_err(Clone::clone)
    }

    /// Compiles every template that was not used so far.
    ///
    /// # Errors
    /// [`RenderError`] of the first that is refused.
    #[cfg(test)]
    pub(crate) fn compile_all(&self) -> Result<usize, RenderError> {
        for name in self.sources.keys() {
            self.compiled(name)?;
        }
        Ok(self.sources.len())
    }

    fn source(&self, name: &str) -> Result<&Source, RenderError> {
        self.sources.get(name).ok_or_else(|| RenderError::Failed {
            name: name.to_owned(),
            reason: "a template of that name does not exist",
        })
    }
}

impl Source {
    /// The checked template.
    fn template(&self) -> Result<Template, RenderError> {
        match &self.own {
            Some(text) => checker::compile(&self.file, text, self.allowance),
            None => checker::compile(&self.file, &assets::built_in(&self.file)?, self.allowance),
        }
    }
}

fn is_html(name: &str) -> bool {
    !name.ends_with(".txt")
}

fn strict_registry(is_html: bool) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    if is_html {
        registry.register_escape_fn(|value: &str| html_escape(&visible(value)));
    } else {
        registry.register_escape_fn(one_line);
    }
    for helper in ["log", "lookup", "with", "raw"] {
        registry.unregister_helper(helper);
    }
    registry.register_helper("if", Box::new(StrictIf { wanted: true }));
    registry.register_helper("unless", Box::new(StrictIf { wanted: false }));
    registry
}

/// `if` and `unless` that refuse a value which does not exist.
struct StrictIf {
    wanted: bool,
}

impl HelperDef for StrictIf {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        output: &mut dyn Output,
    ) -> HelperResult {
        let value = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex("if", 0))?;
        if value.is_value_missing() {
            let path = value.relative_path().cloned();
            return Err(RenderErrorReason::MissingVariable(path).into());
        }
        let template = if value.value().is_truthy(false) == self.wanted {
            helper.template()
        } else {
            helper.inverse()
        };
        template.map_or(Ok(()), |template| template.render(registry, context, render, output))
    }
}

/// A value inside a text mail stays in its line: a line break in it could forge lines of ours.
fn one_line(value: &str) -> String {
    visible(value)
        .chars()
        .map(|c| if matches!(c, '\n' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

/// Drops what a reader cannot see but a program obeys: control characters, and the marks that
/// turn the direction of writing (they can make `gpj.exe` read as `exe.jpg`).
fn visible(value: &str) -> String {
    value.chars().filter(|c| matches!(c, '\n' | '\t') || !is_invisible(*c)).collect()
}

/// Whether a character changes how its neighbours are read without being seen itself.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How long the lists of a template may be.
fn list_limit(name: &str) -> usize {
    // It lists all that is held about a person, cut into pages by whoever makes it.
    if name == "page/package_index.html" { 10_000 } else { LIST_LIMIT }
}

fn longest_list(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(longest_list).max().unwrap_or(0).max(items.len()),
        Value::Object(fields) => fields.values().map(longest_list).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Keeps the path of a missing value (a word of the template) and nothing else.
fn explain(name: &str, reason: &RenderErrorReason) -> RenderError {
    let name = name.to_owned();
    match reason {
        RenderErrorReason::MissingVariable(path) => RenderError::MissingValue {
            name,
            variable: path.clone().unwrap_or_else(|| "?".to_owned()),
        },
        RenderErrorReason::TemplateNotFound(_) | RenderErrorReason::PartialNotFound(_) => {
            RenderError::Failed { name, reason: "a template of that name does not exist" }
        }
        _ => RenderError::Failed { name, reason: "a value has the wrong shape" },
    }
}

#[derive(Default)]
struct Limited {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > OUTPUT_LIMIT {
            self.is_full = true;
            return Err(io::Error::other("over the limit"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
