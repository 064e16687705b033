//! What acts say of the house and of whom it told; and that nothing is destroyed which could not be
//! told.

use domain::{
    act::{ActHouse, ActInformed, ActParty},
    ids::PlanId,
};
use store::Session;

use crate::{Cases, CasesError};

impl Cases {
    /// What acts say of the house.
    #[must_use]
    pub fn act_house(&self) -> ActHouse {
        let settings = &self.parts.settings;
        let acts = &settings.requests.acts;
        ActHouse {
            operator: ActParty {
                name: settings.organisation.clone(),
                address: acts.operator_address.clone(),
            },
            system: acts.system.clone(),
            tool: acts.tool.clone(),
            persons: acts.persons.clone(),
            shows: acts.shows,
        }
    }

    /// Whether an act could be drawn up in which these have destroyed: asked before they do.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`act_operator_address`, `act_person`).
    pub(crate) fn check_act<'a>(
        &self,
        actors: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), CasesError> {
        self.act_house()
            .can_say(actors)
            .map_err(|lack| CasesError::Refused { rule: lack.rule(), reason: lack.to_string() })
    }
}

/// Connected systems and recipients that were told to destroy, with what they answered.
pub(super) async fn informed_of(
    session: &impl Session,
    plan: PlanId,
) -> Result<Vec<ActInformed>, CasesError> {
    let informed = store::register::informed_of(session, plan).await?;
    let one = |one: store::register::Informed| ActInformed {
        name: one.name,
        role: one.role,
        told_at: one.told_at,
        acknowledged_at: one.acknowledged_at,
        state: one.state,
    };
    Ok(informed.into_iter().map(one).collect())
}
