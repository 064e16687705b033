//! The link of a package of a person's own data: a page with one button, whose POST gives the file.
//!
//! Mail programs open every link before its person does, so looking spends nothing. The file is
//! never kept by anything between us and the person, and runs nothing.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::language::Locale;
use render::{PageName, wording};
use serde::Deserialize;

use crate::asking;
use crate::caller::Caller;
use crate::desk::{DeskError, PackageFile, PackageStanding, PackageView};
use crate::lists::{other, without_scripts};
use crate::pages::{self, PackageEndedPage, PackagePage, Site, word};
use crate::web::Web;

/// The largest body of the button's POST: it says nothing.
pub(crate) const LARGEST_POST: usize = 1024;

/// Which button was pressed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pressed {
    take: String,
}

/// `GET /p/{token}`: what the button gives, and until when. It spends nothing.
pub(crate) async fn ask(State(web): State<Arc<Web>>, caller: Caller) -> Response {
    let found = look(&web, caller.token.as_deref()).await;
    show_found(&web, &caller, found)
}

/// `POST /p/{token}`: the button; a POST that does not say so shows it again.
pub(crate) async fn fetch(
    State(web): State<Arc<Web>>,
    caller: Caller,
    form: Result<Form<Pressed>, FormRejection>,
) -> Response {
    let Some(token) = caller.token.clone() else { return show_found(&web, &caller, Ok(None)) };
    // A program that posts whatever it finds does not say which button.
    if !form.is_ok_and(|Form(pressed)| pressed.take == "package") {
        let found = look(&web, Some(&token)).await;
        return show_found(&web, &caller, found);
    }
    let (desk, taken) = (Arc::clone(&web.desk), token.clone());
    let fetching = async move { desk.fetch_package(&taken).await };
    match asking::act(&web, "giving out a package", fetching).await {
        Ok(Some(file)) => give(file),
        Ok(None) => {
            let found = look(&web, Some(&token)).await;
            show_found(&web, &caller, found)
        }
        Err(error) => show_found(&web, &caller, Err(error)),
    }
}

async fn look(web: &Web, token: Option<&str>) -> Result<Option<PackageView>, DeskError> {
    let Some(token) = token else { return Ok(None) };
    asking::look("asking for a package", web.desk.package_link(token)).await
}

/// The file as a download.
fn give(file: PackageFile) -> Response {
    // Our own names have nothing else; whatever else came would break the header.
    let is_fit = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let name: String = file.name.chars().filter(is_fit).collect();
    let mut response = (StatusCode::OK, file.bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn show_found(
    web: &Web,
    caller: &Caller,
    found: Result<Option<PackageView>, DeskError>,
) -> Response {
    match found {
        Ok(Some(view)) => {
            let locale = caller.chosen.unwrap_or(view.locale);
            show_view(web, locale, caller.token.as_deref(), view)
        }
        Ok(None) => caller.show_unknown(web, |web, locale| {
            show_ended(web, locale, StatusCode::NOT_FOUND, "unknown")
        }),
        Err(DeskError::Unavailable | DeskError::Failed) => caller.show_unavailable(web),
    }
}

fn show_view(web: &Web, locale: Locale, token: Option<&str>, view: PackageView) -> Response {
    let until = match view.standing {
        PackageStanding::Open { until } => until,
        PackageStanding::Spent => return show_ended(web, locale, StatusCode::GONE, "spent"),
        PackageStanding::Expired => return show_ended(web, locale, StatusCode::GONE, "expired"),
    };
    let mut site = Site::new(web, locale, "package.title");
    if let Some(token) = token {
        site = site.with_other_url(format!("/p/{token}?locale={}", other(locale).code()));
    }
    let page = PackagePage {
        site,
        until: wording::instant(until, &web.config.zone, locale),
        size: size(view.size_bytes, locale),
    };
    without_scripts(pages::show(web, StatusCode::OK, PageName::Package, locale, &page))
}

fn show_ended(web: &Web, locale: Locale, status: StatusCode, name: &str) -> Response {
    let page = PackageEndedPage {
        site: Site::new(web, locale, &format!("package.{name}_title")),
        lead: word(web, locale, &format!("package.{name}_lead")),
    };
    without_scripts(pages::show(web, status, PageName::PackageEnded, locale, &page))
}

/// A size as people read it, rounded up.
fn size(bytes: u64, locale: Locale) -> String {
    let kib = bytes.div_ceil(1024).max(1);
    let (kilo, mega) = match locale {
        Locale::Ru => ("КБ", "МБ"),
        Locale::En => ("KB", "MB"),
    };
    if kib < 1024 { format!("{kib} {kilo}") } else { format!("{} {mega}", kib.div_ceil(1024)) }
}
