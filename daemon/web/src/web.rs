//! The state that all pages share: configuration, templates, the desk, limits and secrets.

use std::sync::Arc;

use domain::ambient::{Clock, Entropy, random_bytes};
use render::{RenderError, Renderer};
use tokio_util::task::TaskTracker;

use crate::assets::Assets;
use crate::config::WebConfig;
use crate::desk::Desk;
use crate::feedback::{SpentForms, TokenKey};
use crate::limits::Limiters;
use crate::pages;
use crate::rules::FormRules;

/// Everything the pages need from outside.
pub struct WebParts {
    /// The configuration.
    pub config: WebConfig,
    /// The rules of the form.
    pub rules: FormRules,
    /// The compiled templates.
    pub renderer: Arc<Renderer>,
    /// The rest of the product.
    pub desk: Arc<dyn Desk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Signs form tokens. Kept with the other keys and the same on all nodes, so that a form
    /// that one node made is taken by another, and after a restart.
    pub form_secret: [u8; 32],
}

impl std::fmt::Debug for WebParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebParts").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Why the pages cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// A page template, probably an override, does not go with its values.
    #[error("cannot prepare the pages: {0}")]
    Pages(#[from] RenderError),
    /// A file that pages refer to is not in the binary.
    #[error("the static file `{0}` is not in this binary; build it with its `templates` folder")]
    MissingAsset(&'static str),
}

/// The pages, ready to answer.
pub struct Web {
    pub(crate) config: WebConfig,
    pub(crate) rules: FormRules,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) token_key: TokenKey,
    pub(crate) limiters: Limiters,
    pub(crate) spent: Arc<SpentForms>,
    /// Filings in progress; they outlive the connection that asked for them.
    pub(crate) filings: TaskTracker,
    pub(crate) assets: Assets,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Web {
    /// Prepares the pages and renders each once in every language, so that a broken override
    /// stops the start and not a person.
    ///
    /// # Errors
    /// [`WebError`].
    pub fn new(parts: WebParts) -> Result<Self, WebError> {
        let limit_secret = random_bytes::<32>(parts.entropy.as_ref());
        let web = Self {
            limiters: Limiters::new(&parts.rules, &limit_secret),
            token_key: TokenKey::new(&parts.form_secret),
            spent: Arc::default(),
            filings: TaskTracker::new(),
            assets: Assets::load()?,
            config: parts.config,
            rules: parts.rules,
            renderer: parts.renderer,
            desk: parts.desk,
            clock: parts.clock,
            entropy: parts.entropy,
        };
        pages::try_all(&web)?;
        Ok(web)
    }
}
