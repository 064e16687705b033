//! A letter that wants something taken down: which data it names is written down, and the site is
//! told where the table says so.

use domain::{ids::TicketId, regime::RequestName};

use super::apply::Filing;
use crate::{Cases, CasesError, systems::publishing::both};

impl Cases {
    pub(super) async fn file_publication(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
    ) -> Result<(), CasesError> {
        let (transaction, now) = (filing.transaction, filing.now);
        let wanted = filing.plan.published.join(" ");
        let Some(row) = store::tickets::by_id(transaction, ticket).await? else { return Ok(()) };
        for request in store::requests::of_ticket(transaction, ticket).await? {
            if request.name != RequestName::StopPublication || !request.state.is_open() {
                continue;
            }
            let is_its_own = request.received_at == filing.submission.received_at;
            let words = if is_its_own {
                wanted.clone()
            } else {
                // An earlier letter asked for it already: both hold.
                let held = store::systems::published(transaction, request.id).await?;
                both(&held, &wanted)
            };
            store::systems::set_published(transaction, request.id, &words).await?;
            if filing.plan.tell_site {
                self.stop_publication(transaction, (&request, &row), now).await?;
            }
        }
        Ok(())
    }
}
