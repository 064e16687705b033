//! What a refusal says of an address: does it exist, or was only this mail refused?
//!
//! One table for the reply of a server and for a delivery status notification (RFC 3463 codes).

use crate::words::words;

/// What follows from a permanent refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalFate {
    /// There is no such mailbox: the address is suppressed at once.
    Suppress,
    /// This mail was refused, nothing is said of the address.
    RejectOnly,
}

words!(RefusalFate { Suppress => "suppress", RejectOnly => "reject_only" });

impl RefusalFate {
    /// Reads an enhanced status code such as `5.1.1` (RFC 3463); none, or any other text, refuses
    /// the mail only. `5.1.1`, `5.1.2`, `5.1.3`, `5.1.6` and `5.1.10` (RFC 7505) say that the
    /// address is none; `5.1.7` and `5.1.8` speak of the sender, `5.7.x` of policy.
    #[must_use]
    pub fn of(enhanced: Option<&str>) -> Self {
        match enhanced.map(str::trim) {
            Some("5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10") => Self::Suppress,
            _ => Self::RejectOnly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_the_address_is_none_suppresses_it() {
        for code in ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"] {
            assert_eq!(RefusalFate::of(Some(code)), RefusalFate::Suppress, "{code}");
        }
        for code in ["5.1.7", "5.1.8", "5.7.1", "5.7.515", "5.2.2", "4.1.1", "5.1.0", "5.1.11", ""]
        {
            assert_eq!(RefusalFate::of(Some(code)), RefusalFate::RejectOnly, "{code}");
        }
        assert_eq!(RefusalFate::of(None), RefusalFate::RejectOnly);
    }
}
