//! `[identity]`: how it is made sure who asks.

use cases::settings::ChallengeMode;

use super::section::Section;

/// Who asks the address on file whether it was they.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityConfig {
    /// Whether challenges go out by themselves.
    pub challenge: ChallengeMode,
}

impl IdentityConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let word = section.optional_text("challenge");
        let challenge = match word.as_deref() {
            None | Some("auto") => ChallengeMode::Auto,
            Some("by_hand") => ChallengeMode::ByHand,
            Some(_) => {
                section
                    .wrong("challenge", "is neither \"auto\" nor \"by_hand\"; write one of them");
                ChallengeMode::ByHand
            }
        };
        section.finish();
        Self { challenge }
    }
}
