//! The gate asked again before START, when the stop sequence has moved since the claim.
//!
//! One task looks for all rows that wait: first at the stops themselves, of which most concern
//! nobody in hand, then once at the facts of those rows that a stop may concern. So a thousand
//! stops in a run at full speed cost a thousand small reads, not one for each row in hand.

use std::collections::HashSet;
use std::sync::Arc;

use domain::digest::AddressDigests;
use domain::ids::{DeliveryId, StopNumber};
use domain::journal::{CommittedStop, StopAct};
use store::{StoreError, deliveries, stops};

use super::Engine;
use super::judging::{self, Facts, Judgement};
use super::row_in_hand::RowInHand;
use super::stop_view::View;

/// More stops than this at once are not looked at one by one.
const STOPS: u32 = 500;

/// Gates `row`, and every other row that waits, up to the stops of `view`.
pub(super) async fn gate_again(
    engine: &Engine,
    row: &Arc<RowInHand>,
    view: View,
) -> Result<(), StoreError> {
    let _asking = engine.waiting.asking.lock().await;
    let gated = row.gated();
    if gated.at >= view.number || gated.kept.is_some() {
        return Ok(());
    }
    let mut behind = engine.waiting.all();
    behind.push(Arc::clone(row));
    behind.retain(|row| {
        let gated = row.gated();
        gated.at < view.number && gated.kept.is_none()
    });
    let since = behind.iter().map(|row| row.gated().at).min().unwrap_or(view.number);
    let moved = Moved::read(engine, since).await?;
    let (concerned, others): (Vec<_>, Vec<_>) =
        behind.into_iter().partition(|row| moved.may_concern(row));
    if !concerned.is_empty() {
        ask(engine, &concerned, view.number).await?;
    }
    for row in others {
        row.may_go(view.number);
    }
    Ok(())
}

/// The facts of these rows in three or four queries, and the gate for each.
async fn ask(
    engine: &Engine,
    rows: &[Arc<RowInHand>],
    number: StopNumber,
) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let now = parts.clock.now();
    let recipients: Vec<_> = rows.iter().map(|row| row.recipient.clone()).collect();
    let standings = deliveries::standings(&parts.store, &recipients, now).await?;
    let of_campaigns: Vec<DeliveryId> = rows
        .iter()
        .filter(|row| row.delivery.campaign.is_some())
        .map(|row| row.delivery.id)
        .collect();
    let campaigns = deliveries::campaign_standings(&parts.store, &of_campaigns).await?;
    for row in rows {
        let delivery = &row.delivery;
        let facts = Facts {
            standing: standings.get(&delivery.address),
            campaign: campaigns.get(&delivery.id).copied(),
        };
        match judging::judge(delivery, &facts, now) {
            // Allowed by another consent than the one the row names: the next claim names it.
            Judgement::Goes { consent }
                if delivery.campaign.as_ref().is_some_and(|part| part.consent != consent) =>
            {
                row.keep(number, Judgement::GivenBack { not_before: None });
            }
            Judgement::Goes { .. } => row.may_go(number),
            judgement => row.keep(number, judgement),
        }
    }
    Ok(())
}

/// The stops after a number.
enum Moved {
    /// These.
    Stops(Vec<CommittedStop>),
    /// Too many, or one that does not fit: every row may be concerned.
    Unknown,
}

impl Moved {
    async fn read(engine: &Engine, since: StopNumber) -> Result<Self, StoreError> {
        match stops::committed_after(&engine.parts.store, since, STOPS).await {
            Ok(stops) if stops.len() < STOPS as usize => Ok(Self::Stops(stops)),
            Ok(_) | Err(StoreError::Inconsistent { .. }) => Ok(Self::Unknown),
            Err(error) => Err(error),
        }
    }

    /// Whether one of the stops may concern the row. A stop without an address is a campaign's,
    /// or one of which nobody knows: it may concern everybody.
    fn may_concern(&self, row: &RowInHand) -> bool {
        let stops = match self {
            Self::Stops(stops) => stops,
            Self::Unknown => return true,
        };
        let gated_at = row.gated().at;
        let own: HashSet<&[u8; 32]> =
            row.recipient.stop_digests.iter().map(|digest| &digest.bytes).collect();
        let names = |digests: &AddressDigests| own.contains(&digests.stop.bytes);
        stops
            .iter()
            .filter(|stop| stop.number > gated_at && stop.intent.act != StopAct::Lift)
            .any(|stop| stop.intent.digests.is_empty() || stop.intent.digests.iter().any(names))
    }
}
