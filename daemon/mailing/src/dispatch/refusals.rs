//! What a refusal says of an address: where there is no such mailbox, nothing more is sent to it.
//!
//! The suppression is written in the transaction of the outcome, with its numbered stop; called
//! where outcomes are settled, at run time and from the wire journal.

use domain::Timestamp;
use domain::address::EmailAddress;
use domain::bounce::RefusalFate;
use domain::gate::SuppressionReason;
use store::stops::StopKind;
use store::{StoreError, Transaction, suppressions};

use super::Dispatch;
use crate::outcome::Answer;
use crate::stops::{PendingStops, StopMark, Stopped};

/// Whether a server's refusal says that the address is none.
pub(super) fn names_no_mailbox(answer: &Answer) -> bool {
    let enhanced = answer.enhanced.map(|enhanced| enhanced.to_string());
    // Without a reply code the words are ours.
    answer.code.is_some_and(|code| code >= 500)
        && RefusalFate::of(enhanced.as_deref()) == RefusalFate::Suppress
}

/// Suppresses these addresses; what is new is a stop that the caller commits, under its mark.
pub(super) async fn suppress(
    dispatch: &Dispatch,
    transaction: &Transaction,
    addresses: impl Iterator<Item = (&EmailAddress, StopMark)>,
    now: Timestamp,
) -> Result<PendingStops, StoreError> {
    let mut stops = PendingStops::new();
    for (address, mark) in addresses {
        let digests = dispatch.digests.address_all(address);
        let reason = SuppressionReason::HardBounce;
        if suppressions::record(transaction, &digests, reason, "smtp_reply", now).await? {
            let kind = StopKind::Suppression;
            let scope = "suppression:hard_bounce";
            let stopped = Stopped { kind, scope, digests, contact: None };
            stops.record_as(transaction, mark, stopped).await?;
        }
    }
    Ok(stops)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_knows_no_such_mailbox_suppresses_it() {
        for (code, text, expected) in [
            (550, "5.1.1 unknown", true),
            (553, "5.1.3 bad syntax", true),
            (556, "5.1.10 null MX", true),
            (550, "5.7.1 refused", false),
            (550, "no such user", false),
            (554, "5.2.1 disabled", false),
            (450, "5.1.1 odd", false),
        ] {
            assert_eq!(names_no_mailbox(&Answer::of_server(code, text)), expected, "{text}");
        }
        let own = Answer::our_own_with(crate::EnhancedCode(5, 1, 1), "");
        assert!(!names_no_mailbox(&own));
    }
}
