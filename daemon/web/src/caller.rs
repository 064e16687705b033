//! Who comes by a link of a mail: with which token, and in which language they want to be answered.

use std::sync::Arc;

use axum::extract::rejection::ExtensionRejection;
use axum::extract::{Extension, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Response;
use domain::language::Locale;

use crate::guard::Audience;
use crate::lists::{Link, count_wrong_token, has_shape_of_token, show_too_many, show_unavailable};
use crate::network::Origin;
use crate::web::Web;

/// Who came with which token.
pub(crate) struct Caller {
    /// `None` when it cannot be a token of ours.
    pub(crate) token: Option<String>,
    pub(crate) origin: Origin,
    /// The language asked for.
    pub(crate) chosen: Option<Locale>,
    /// People or programs, in the language of the browser.
    pub(crate) audience: Audience,
}

impl FromRequestParts<Arc<Web>> for Caller {
    type Rejection = ExtensionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        web: &Arc<Web>,
    ) -> Result<Self, ExtensionRejection> {
        let Extension(origin) = Extension::<Origin>::from_request_parts(parts, web).await?;
        let Extension(audience) = Extension::<Audience>::from_request_parts(parts, web).await?;
        let token = Path::<String>::from_request_parts(parts, web).await;
        let token = token.ok().map(|Path(token)| token).filter(|token| has_shape_of_token(token));
        Ok(Self { token, origin, chosen: Link::read(parts.uri.query()).locale, audience })
    }
}

impl Caller {
    /// The language while nothing is known of the person.
    pub(crate) fn locale(&self) -> Locale {
        self.chosen.unwrap_or(self.audience.locale())
    }

    /// The token is none of ours: it is counted, and `page` says so.
    pub(crate) fn show_unknown(
        &self,
        web: &Web,
        page: impl FnOnce(&Web, Locale) -> Response,
    ) -> Response {
        match count_wrong_token(web, self.origin) {
            Ok(()) => page(web, self.locale()),
            Err(over) => show_too_many(web, Audience::People(self.locale()), over),
        }
    }

    /// The desk did not answer.
    pub(crate) fn show_unavailable(&self, web: &Web) -> Response {
        show_unavailable(web, Audience::People(self.locale()))
    }
}
