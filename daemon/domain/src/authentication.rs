//! What is known about whether a mail really comes from the domain in its From header.
//!
//! DMARC pass is not the identity of a person: it only raises the tier (RULES X5). Only a trusted
//! Authentication-Results header can say fail; whatever is unknown counts as not failing.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// The result for one submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderAuthentication {
    /// The From domain is aligned with a valid signature or a trusted pass.
    Pass,
    /// A trusted server says that DMARC failed.
    Fail,
    /// Nothing trustworthy says either (temperror and permerror too).
    Unknown,
    /// A trusted server says that the domain has no policy; form entries count so.
    None,
}

words!(SenderAuthentication {
    Pass => "pass", Fail => "fail", Unknown => "unknown", None => "none",
});
