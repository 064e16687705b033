//! What can go wrong between a template and a text.
//!
//! No variant carries a value of a context: those are personal data.

/// Why a template is refused or a text cannot be made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RenderError {
    /// A file of the override directory has a name that no built-in template has.
    #[error("template `{name}` does not exist; an override must carry the name of a built-in file")]
    UnknownTemplate {
        /// The name of the file, relative to the directory.
        name: String,
    },
    /// A template breaks the rules of the checker or the grammar.
    #[error("template `{name}` is refused: {reason}")]
    Refused {
        /// The template.
        name: String,
        /// What is wrong, in words for the person who edits it.
        reason: String,
    },
    /// A page-words file is no TOML, or has a key that no page uses, or not a text.
    #[error("words file `{name}` is refused: {reason}")]
    Words {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The template asks for a value that the context does not have.
    #[error("template `{name}` asks for `{variable}`, which this mail or page does not have")]
    MissingValue {
        /// The template.
        name: String,
        /// The path of the value, as the template writes it.
        variable: String,
    },
    /// The context or the template fails in another way.
    #[error("template `{name}` cannot be rendered: {reason}")]
    Failed {
        /// The template.
        name: String,
        /// The sort of failure; never a value.
        reason: &'static str,
    },
    /// The text became longer than [`crate::Renderer::OUTPUT_LIMIT`].
    #[error("template `{name}` renders more than the limit of 2 MiB")]
    TooLong {
        /// The template.
        name: String,
    },
    /// A text for a header has a line break or another character that may not stand there.
    #[error("template `{name}` renders a header value with a line break or control character")]
    HeaderValue {
        /// The template.
        name: String,
    },
}
