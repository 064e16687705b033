//! States and other closed sets of words, as they stand in tables, JSON and on the command line.

/// Gives an enum without data its words: `ALL`, `name()` and `from_name()`.
macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in tables, JSON and on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word; `None` when it is none of them.
            #[must_use]
            pub fn from_name(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use words;

/// A state machine was asked for a step that does not leave its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {machine} that is {from} cannot {step}")]
pub struct InvalidTransition {
    /// Which machine.
    pub machine: &'static str,
    /// The state it is in.
    pub from: &'static str,
    /// The step that was asked for.
    pub step: &'static str,
}
