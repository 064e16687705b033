//! The fourth stage: objects and keys of the vault, from the list that the rows left.

use domain::{
    Timestamp,
    ids::{ObjectId, PlanId, VaultKeyId},
};
use store::{
    Transaction,
    destruction::{Vaulted, VaultedKind},
    plans::PlanRow,
};
use tokio::task::JoinSet;
use vault::{Vault, VaultError};

use super::Staged;
use crate::{Cases, CasesError};

/// Files that are destroyed at once: each waits for the disk.
const AT_ONCE: usize = 16;

impl Cases {
    /// Destroys what a plan has in the vault; repeating it is harmless. Durable on return.
    pub(crate) async fn destroy_vaulted(&self, plans: &[PlanId]) -> Result<(), CasesError> {
        let mut outstanding = Vec::new();
        for plan in plans {
            let all = store::destruction::of_plan(self.store(), *plan).await?;
            outstanding.extend(all.into_iter().filter(|one| one.destroyed_at.is_none()));
        }
        let mut under_way = JoinSet::new();
        for one in outstanding {
            if under_way.len() >= AT_ONCE {
                joined(under_way.join_next().await)?;
            }
            under_way.spawn(destroy(self.parts.vault.clone(), one));
        }
        while !under_way.is_empty() {
            joined(under_way.join_next().await)?;
        }
        Ok(())
    }

    pub(super) async fn note_vaulted(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        store::destruction::mark_destroyed(transaction, plan.id, now).await?;
        store::plans::advance(transaction, plan, now).await?;
        Ok(Staged::Done)
    }

    /// How many objects and keys of a plan are still there.
    pub(super) async fn still_in_vault(&self, plan: PlanId) -> Result<i64, CasesError> {
        let vault = &self.parts.vault;
        let mut there = 0;
        for one in store::destruction::of_plan(self.store(), plan).await? {
            let is_there = match one.kind {
                VaultedKind::Object => vault.exists(object(&one)?).await?,
                VaultedKind::Key => vault.key_exists(key(&one)?).await?,
            };
            there += i64::from(is_there);
        }
        Ok(there)
    }
}

async fn destroy(vault: Vault, one: Vaulted) -> Result<(), CasesError> {
    let done = match one.kind {
        VaultedKind::Object => vault.delete(object(&one)?).await,
        VaultedKind::Key => vault.destroy_key(key(&one)?).await,
    };
    Ok(done?)
}

fn object(one: &Vaulted) -> Result<ObjectId, CasesError> {
    ObjectId::parse(&one.id).map_err(|_| CasesError::Content)
}

fn key(one: &Vaulted) -> Result<VaultKeyId, CasesError> {
    VaultKeyId::parse(&one.id).map_err(|_| CasesError::Content)
}

fn joined(
    done: Option<Result<Result<(), CasesError>, tokio::task::JoinError>>,
) -> Result<(), CasesError> {
    match done {
        None => Ok(()),
        Some(Ok(done)) => done,
        Some(Err(ended)) => Err(CasesError::Vault(VaultError::Unavailable {
            operation: "destroy",
            place: "an object or key".into(),
            source: Box::new(ended),
        })),
    }
}
