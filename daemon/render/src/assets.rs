//! The files inside the binary: templates, words of the pages, style sheet, script.
//!
//! They come from `templates/` at build time, so nothing has to be installed beside the daemon.

use std::borrow::Cow;

use rust_embed::RustEmbed;

use crate::error::RenderError;

#[derive(RustEmbed)]
#[folder = "../../templates"]
struct Files;

/// A file that pages refer to (style sheet, script, picture).
#[derive(Debug, Clone)]
pub struct StaticFile {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, with charset.
    pub media_type: &'static str,
    /// The first 16 hex digits of its SHA-256; changes exactly when the content does.
    pub version: String,
}

/// The built-in static file of that name (no folders), such as `site.css`.
#[must_use]
pub fn static_file(name: &str) -> Option<StaticFile> {
    let media_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    let file = Files::get(&format!("static/{name}"))?;
    let digest = file.metadata.sha256_hash();
    let version = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Some(StaticFile { bytes: file.data, media_type, version })
}

/// The text of one built-in file.
pub(crate) fn text(name: &str) -> Option<String> {
    let file = Files::get(name)?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// The text of one built-in file that must be there.
///
/// # Errors
/// [`RenderError::UnknownTemplate`] when it is not.
pub(crate) fn built_in(name: &str) -> Result<String, RenderError> {
    text(name).ok_or_else(|| RenderError::UnknownTemplate { name: name.to_owned() })
}

/// The names of all built-in files that an operator may override: templates and words.
pub(crate) fn names() -> impl Iterator<Item = Cow<'static, str>> {
    Files::iter().filter(|name| name.ends_with(".hbs") || name.ends_with(".toml"))
}

/// The sources of the texts of all mails, built in or overridden, with their `{{…}}`: by them our
/// own words are known when they come back.
#[must_use]
pub fn mail_sources(overrides: &[crate::OverrideFile]) -> Vec<String> {
    let texts = names().filter(|name| name.starts_with("mail/") && name.ends_with(".txt.hbs"));
    texts
        .filter_map(|name| {
            let own = overrides.iter().find(|file| file.name == name);
            own.map(|file| file.text.clone()).or_else(|| text(&name))
        })
        .collect()
}
