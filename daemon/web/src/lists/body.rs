//! The fields of a posted form, in whichever of the two ways they are written.

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};

use crate::pages::Problem;

/// Names and values in the order in which they came; personal data, so it prints none of it.
#[derive(Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fields(***)")
    }
}

impl Fields {
    /// Reads `application/x-www-form-urlencoded` or `multipart/form-data`, both with whatever
    /// parameters.
    ///
    /// # Errors
    /// [`Problem::MediaType`] for another type, [`Problem::Unreadable`] for a broken body.
    pub(crate) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        match media_type(headers).as_str() {
            "application/x-www-form-urlencoded" => Ok(Self::read_urlencoded(&body)),
            "multipart/form-data" => Self::read_multipart(headers, body).await,
            _ => Err(Problem::MediaType),
        }
    }

    /// Any bytes are some fields.
    pub(crate) fn read_urlencoded(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    async fn read_multipart(headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        let mut request = Request::new(Body::from(body));
        if let Some(content_type) = headers.get(header::CONTENT_TYPE) {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.clone());
        }
        let unreadable = |_| Problem::Unreadable;
        let mut parts =
            Multipart::from_request(request, &()).await.map_err(|_| Problem::Unreadable)?;
        let mut fields = Vec::new();
        while let Some(part) = parts.next_field().await.map_err(unreadable)? {
            let name = part.name().unwrap_or_default().to_owned();
            fields.push((name, part.text().await.map_err(unreadable)?));
        }
        Ok(Self(fields))
    }

    /// The first value of that name, or nothing.
    pub(crate) fn first(&self, name: &str) -> &str {
        let found = self.pairs().find(|(known, _)| *known == name);
        found.map(|(_, value)| value).unwrap_or_default()
    }

    /// Every value of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Everything.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Why a body could not be taken in.
pub(crate) fn body_problem(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::Unreadable,
    }
}
