//! Style sheet, script and icon: served from the binary, never from elsewhere.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use render::{StaticFile, static_file};

use crate::web::WebError;

const STYLE: &str = "site.css";
const SCRIPT: &str = "feedback.js";
const ICON: &str = "mark.svg";

/// The addresses of the static files; each carries the version of its content.
#[derive(Debug)]
pub(crate) struct Assets {
    pub(crate) style_url: String,
    pub(crate) script_url: String,
    pub(crate) icon_url: String,
}

impl Assets {
    pub(crate) fn load() -> Result<Self, WebError> {
        let url = |name: &'static str| {
            let file = static_file(name).ok_or(WebError::MissingAsset(name))?;
            Ok::<_, WebError>(format!("/assets/{name}?v={}", file.version))
        };
        Ok(Self { style_url: url(STYLE)?, script_url: url(SCRIPT)?, icon_url: url(ICON)? })
    }
}

/// `GET /assets/{name}`: a day in the browser's store; a changed file has another address.
pub(crate) async fn show(Path(name): Path<String>) -> Response {
    match static_file(&name) {
        Some(StaticFile { bytes, media_type, .. }) => (
            [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "public, max-age=86400")],
            Body::from(bytes.into_owned()),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
