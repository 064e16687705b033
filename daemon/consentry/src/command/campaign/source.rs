//! The files that a campaign is written of.

use std::path::Path;

use domain::campaign::BodyFormat;

use crate::failure::WrongUse;

/// No source is longer; the checker refuses far shorter ones with words.
const LONGEST_FILE: u64 = 4 << 20;

/// A file of UTF-8 text.
///
/// # Errors
/// [`WrongUse`] when it cannot be read, is too long or is no UTF-8.
pub fn text_of(path: &Path) -> Result<String, WrongUse> {
    let shown = path.display();
    let failed = |error: std::io::Error| WrongUse(format!("cannot read `{shown}`: {error}"));
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > LONGEST_FILE {
        return Err(WrongUse(format!("`{shown}` is longer than {LONGEST_FILE} bytes")));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| WrongUse(format!("`{shown}` is no UTF-8 text; save it as UTF-8")))?;
    Ok(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
}

/// A body, its format told by the end of the file's name.
///
/// # Errors
/// As [`text_of`].
pub fn body_of_file(path: &Path) -> Result<(BodyFormat, String), WrongUse> {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    let format = match end.to_ascii_lowercase().as_str() {
        "md" | "markdown" => BodyFormat::Markdown,
        _ => BodyFormat::Html,
    };
    Ok((format, text_of(path)?))
}

/// The body that was given in one of two ways, if in any.
///
/// # Errors
/// As [`text_of`].
pub fn body_of(
    html: Option<&Path>,
    markdown: Option<&Path>,
) -> Result<Option<(BodyFormat, String)>, WrongUse> {
    match (html, markdown) {
        (Some(path), _) => Ok(Some((BodyFormat::Html, text_of(path)?))),
        (None, Some(path)) => Ok(Some((BodyFormat::Markdown, text_of(path)?))),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_told_by_its_name_and_read_without_its_byte_order_mark() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("issue.MD");
        std::fs::write(&path, "\u{feff}# Новости").expect("written");
        let (format, body) = body_of_file(&path).expect("read");
        assert_eq!((format, body.as_str()), (BodyFormat::Markdown, "# Новости"));
        let path = directory.path().join("issue.html");
        std::fs::write(&path, [0xcf, 0xf0]).expect("written");
        let error = body_of_file(&path).expect_err("windows-1251").to_string();
        assert!(error.contains("UTF-8"), "{error}");
        assert!(text_of(&directory.path().join("none")).is_err());
    }
}
