//! The words of the pages, per language: `page/words/ru.toml` and `en.toml`.
//!
//! One template serves all languages, so that a form cannot have a field in Russian that it lacks
//! in English. An operator's words are laid over the built-in ones, key by key.

use serde_json::{Map, Value};

use crate::error::RenderError;

/// Reads a words file into nested maps of texts.
///
/// # Errors
/// [`RenderError::Words`] when it is no TOML or holds something else than texts and tables.
pub(crate) fn read(name: &str, text: &str) -> Result<Value, RenderError> {
    let refused = |reason: String| RenderError::Words { name: name.to_owned(), reason };
    let words: Value = toml::from_str(text).map_err(|e| refused(e.message().to_owned()))?;
    only_texts(&words, "").map_err(refused)?;
    Ok(words)
}

/// Lays an operator's words over the built-in ones.
///
/// # Errors
/// [`RenderError::Words`] when a key does not exist in the built-in words.
pub(crate) fn lay_over(name: &str, base: &mut Value, above: Value) -> Result<(), RenderError> {
    merge(base, above, "").map_err(|reason| RenderError::Words { name: name.to_owned(), reason })
}

/// The word at a dotted path.
pub(crate) fn find<'a>(words: &'a Value, path: &str) -> Option<&'a str> {
    path.split('.').try_fold(words, |value, key| value.get(key))?.as_str()
}

fn only_texts(value: &Value, path: &str) -> Result<(), String> {
    match value {
        Value::String(_) => Ok(()),
        Value::Object(fields) => {
            fields.iter().try_for_each(|(key, value)| only_texts(value, &join(path, key)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Err(format!("key `{path}` is not a text; write it in quotes"))
        }
    }
}

fn merge(base: &mut Value, above: Value, path: &str) -> Result<(), String> {
    match (base, above) {
        (Value::Object(base), Value::Object(above)) => merge_tables(base, above, path),
        (Value::String(old), Value::String(new)) => {
            *old = new;
            Ok(())
        }
        _ => Err(format!("key `{path}` must be a text where the built-in file has one")),
    }
}

fn merge_tables(
    base: &mut Map<String, Value>,
    above: Map<String, Value>,
    path: &str,
) -> Result<(), String> {
    for (key, value) in above {
        let path = join(path, &key);
        let old = base.get_mut(&key).ok_or_else(|| format!("key `{path}` is not known"))?;
        merge(old, value, &path)?;
    }
    Ok(())
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
