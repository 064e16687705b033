//! `[web]`: the public pages.

use std::net::SocketAddr;
use std::path::PathBuf;

use web::{Network, PublicUrl};

use super::section::Section;

/// Where the pages are.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// Where we listen when no socket is passed.
    pub listen: SocketAddr,
    /// How people reach the pages.
    pub public_url: PublicUrl,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Rules of the form instead of the built-in ones.
    pub feedback_form: Option<PathBuf>,
}

impl WebConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let listen = section.optional_read("listen", |text| {
            text.parse().map_err(|_| "it is no address with a port; write it as 127.0.0.1:8180")
        });
        let public_url = section.read("public_url", "https://hello.shop.example", PublicUrl::parse);
        let proxies = section
            .optional_texts("trusted_proxies")
            .unwrap_or_else(|| vec!["127.0.0.1".to_owned(), "::1".to_owned()]);
        let mut trusted_proxies = Vec::new();
        for text in proxies {
            match Network::parse(&text) {
                Ok(network) => trusted_proxies.push(network),
                Err(error) => section.wrong("trusted_proxies", format!("cannot be used: {error}")),
            }
        }
        let feedback_form = section.optional_path("feedback_form");
        section.finish();
        Some(Self {
            listen: listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8180))),
            public_url: public_url?,
            trusted_proxies,
            feedback_form,
        })
    }
}
