//! A small HTTP client: a browser or a program that talks to the pages on loopback.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head, as sent.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("no JSON: {}", self.body))
    }
}

/// GET of a path.
///
/// # Errors
/// When nobody answers.
pub fn get(port: u16, path: &str) -> Result<Answer> {
    exchange(port, &format!("GET {path} HTTP/1.1\r\n"), None)
}

/// POST of a body of a media type.
///
/// # Errors
/// When nobody answers.
pub fn post(port: u16, path: &str, media_type: &str, body: &str) -> Result<Answer> {
    exchange(port, &format!("POST {path} HTTP/1.1\r\n"), Some((media_type, body)))
}

fn exchange(port: u16, line: &str, content: Option<(&str, &str)>) -> Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut request = format!("{line}Host: 127.0.0.1:{port}\r\nConnection: close\r\n");
    if let Some((media_type, body)) = content {
        let length = body.len();
        request.push_str(&format!("Content-Type: {media_type}\r\nContent-Length: {length}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(content.map_or("", |(_, body)| body));
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").context("an answer without a head")?;
    let status = head.split(' ').nth(1).context("an answer without a status")?.parse()?;
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
