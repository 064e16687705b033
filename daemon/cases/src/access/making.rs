//! Making a package, and looking at it before it is approved.

use domain::{
    ambient::random_bytes,
    data_map::DataMap,
    ids::{ContactId, ObjectId, RequestId, VaultKeyId},
    language::Locale,
    regime::RequestName,
    request::RequestState,
};
use render::{PageName, wording};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::{
    Session,
    packages::{NewPackage, PackageRow, PackageState},
    requests::RequestRow,
    tickets::TicketRow,
};

use super::{
    beside::Silence,
    gathering::{Asked, Gathered},
    index::file_name,
    packing::pack,
    sections::Teller,
};
use crate::{Cases, CasesError, contacts::cells::guarded};

/// What is done with the matters of authorities and those under a legal hold (152-ФЗ ст. 14 ч. 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldBack {
    /// They are left out, and the package says that something is.
    LeftOut,
    /// A person of ours found that nothing stands against telling them.
    Included,
}

/// A package that was made.
#[derive(Debug, Clone)]
pub struct MadePackage {
    /// Its row.
    pub row: PackageRow,
    /// The language it is in.
    pub locale: Locale,
}

impl Cases {
    /// Makes the package of a request, in place of one that waits. Nothing is sent: it is looked at,
    /// and approved by another person.
    ///
    /// # Errors
    /// [`CasesError::Refused`]: `data_map` while a field of it is missing; `not_access`;
    /// `request_state` once it was decided; `not_their_address` for a contact that does not have the
    /// address of the matter; `no_processors` where data map and register contradict each other;
    /// `systems_answer` while a connected system has not said what it holds.
    pub async fn make_package(
        &self,
        request: RequestId,
        contact: Option<ContactId>,
        held_back: HeldBack,
        actor: &str,
    ) -> Result<MadePackage, CasesError> {
        self.make_file(request, contact, (held_back, Silence::IsWaitedFor), actor).await
    }

    /// The same although systems have not answered: package and letter say which.
    ///
    /// # Errors
    /// As [`Cases::make_package`], but for `systems_answer`.
    pub async fn make_incomplete_package(
        &self,
        request: RequestId,
        contact: Option<ContactId>,
        held_back: HeldBack,
        actor: &str,
    ) -> Result<MadePackage, CasesError> {
        self.make_file(request, contact, (held_back, Silence::IsTold), actor).await
    }

    async fn make_file(
        &self,
        request: RequestId,
        contact: Option<ContactId>,
        (held_back, silence): (HeldBack, Silence),
        actor: &str,
    ) -> Result<MadePackage, CasesError> {
        let map = self.data_map()?;
        self.check_processors(map).await?;
        let (row, ticket) = self.request_and_ticket(self.store(), request).await?;
        may_be_made(&row)?;
        let represented = self.represented(self.store(), (&row, &ticket)).await?;
        if represented.is_none() {
            self.check_contact(&ticket, contact).await?;
        } else if contact.is_some_and(|chosen| represented != Some(chosen)) {
            let reason = "somebody asks for another person: the package is about that person";
            return Err(CasesError::Refused { rule: "whose_data", reason: reason.to_owned() });
        }
        let contact = represented.or(contact);
        let for_another = represented.is_some();
        let holdings = self.systems_of((&row, &ticket), silence).await?;
        let silent = holdings.iter().filter(|one| !one.holding.is_known());
        let silent: Vec<String> = silent.map(|one| one.system.clone()).collect();
        let asked = Asked {
            request: &row,
            ticket: &ticket,
            contact,
            for_another,
            held_back,
            holdings: &holdings,
        };
        let gathered = self.gather_held(&asked).await?;
        let file = self.package_file(map, &gathered)?;
        let sha256: [u8; 32] = Sha256::digest(&file).into();
        let entropy = &*self.parts.entropy;
        let now = self.parts.clock.now();
        let new = NewPackage {
            request,
            object: ObjectId::new(now, random_bytes(entropy)),
            vault_key: VaultKeyId::new(now, random_bytes(entropy)),
            sha256,
            size_bytes: i64::try_from(file.len()).unwrap_or(i64::MAX),
            nothing_held: gathered.nothing_held,
            made_by: actor,
            silent: &silent,
        };
        // The row first: who dies here leaves a row without a file, never a file without a row.
        let transaction = self.store().begin().await?;
        let still = store::requests::by_id(&transaction, request).await?;
        may_be_made(&still.ok_or(CasesError::Content)?)?;
        let id = store::packages::make(&transaction, &new, now).await?;
        let detail = json!({
            "package": id, "sha256": hex::encode(sha256), "map": map.version, "contact": contact,
            "held_back": held_back == HeldBack::LeftOut, "nothing_held": gathered.nothing_held,
            "silent": silent,
        });
        let subject = format!("request:{request}");
        store::audit::append(&transaction, actor, "package_made", &subject, &detail, now).await?;
        transaction.commit().await?;
        self.parts.vault.put_with_new_key(new.object, new.vault_key, &file, entropy).await?;
        let made = store::packages::by_id(self.store(), id).await?;
        Ok(MadePackage { row: made.ok_or(CasesError::Content)?, locale: gathered.locale })
    }

    /// All packages of a request, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn packages(&self, request: RequestId) -> Result<Vec<PackageRow>, CasesError> {
        self.request_and_ticket(self.store(), request).await?;
        Ok(store::packages::of_request(self.store(), request).await?)
    }

    /// The file of the package that waits or was sent, to be looked at; audited before it is given out.
    ///
    /// # Errors
    /// [`CasesError::Refused`] `no_package` when none was made or its file is destroyed.
    pub async fn open_package(
        &self,
        request: RequestId,
        actor: &str,
    ) -> Result<(PackageRow, Vec<u8>), CasesError> {
        let row = self.package_in(self.store(), request).await?;
        let file = self.parts.vault.get(row.object).await.map_err(gone)?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let detail = json!({ "package": row.id });
        let subject = format!("request:{request}");
        store::audit::append(&transaction, actor, "read", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok((row, file))
    }

    /// The newest package of a request that is not void.
    pub(super) async fn package_in(
        &self,
        session: &impl Session,
        request: RequestId,
    ) -> Result<PackageRow, CasesError> {
        let all = store::packages::of_request(session, request).await?;
        let standing = all.into_iter().find(|row| row.state != PackageState::Void);
        standing.ok_or_else(|| {
            let reason = format!("make it first: consentry package make {request}");
            CasesError::Refused { rule: "no_package", reason }
        })
    }

    fn data_map(&self) -> Result<&DataMap, CasesError> {
        let access = &self.parts.settings.requests.access;
        access.data_map.as_deref().ok_or_else(|| {
            let reason = format!(
                "the data map does not tell everything that the law calls for: {}",
                access.problems.join("; ")
            );
            CasesError::Refused { rule: "data_map", reason }
        })
    }

    async fn check_contact(
        &self,
        ticket: &TicketRow,
        contact: Option<ContactId>,
    ) -> Result<(), CasesError> {
        let Some(contact) = contact else { return Ok(()) };
        let of_address = match ticket.address {
            Some(address) => store::contacts::of_address(self.store(), address).await?,
            None => Vec::new(),
        };
        if of_address.contains(&contact) || ticket.contact == Some(contact) {
            return Ok(());
        }
        let reason =
            "the contact does not have the address of this matter; correct the contact first";
        Err(CasesError::Refused { rule: "not_their_address", reason: reason.to_owned() })
    }

    fn package_file(&self, map: &DataMap, gathered: &Gathered) -> Result<Vec<u8>, CasesError> {
        let zone = &self.parts.settings.zone;
        let locale = gathered.locale;
        let today = self.parts.clock.now().to_zoned(zone.clone()).date();
        let as_of = wording::date(today, locale);
        let teller = Teller { locale, zone, map, data: &gathered.data, as_of };
        let mut files = Vec::new();
        for (index, page) in teller.tell().iter().zip(1..) {
            let index_page = self.parts.renderer.page(PageName::PackageIndex, locale, index)?;
            files.push((file_name(page), index_page.into_bytes()));
        }
        let mut data = gathered.data.clone();
        data["as_of"] = json!(today);
        data["data_map"] = serde_json::to_value(map).map_err(|_| CasesError::Content)?;
        let text = serde_json::to_vec_pretty(&data).map_err(|_| CasesError::Content)?;
        files.extend([
            ("data.json".to_owned(), text),
            ("subscriptions.csv".to_owned(), table(&data["subscriptions"], &SUBSCRIPTIONS)?),
            ("consents.csv".to_owned(), table(&data["consents"]["events"], &CONSENTS)?),
            ("mails_sent.csv".to_owned(), table(&data["mails_sent"], &MAILS)?),
        ]);
        files.extend(gathered.files.iter().cloned());
        pack(&files)
    }
}

const SUBSCRIPTIONS: [&str; 6] = ["list", "purpose", "state", "since_at", "opted_in_at", "left_at"];
const CONSENTS: [&str; 6] = ["at", "act", "grade", "purpose", "list", "capture_point"];
const MAILS: [&str; 7] =
    ["planned_at", "settled_at", "class", "occasion", "campaign", "ticket", "state"];

/// A table of data.json as CSV; a spreadsheet runs nothing of it.
fn table(rows: &Value, columns: &[&str]) -> Result<Vec<u8>, CasesError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).map_err(|_| CasesError::Content)?;
    for row in rows.as_array().into_iter().flatten() {
        let cells = columns.iter().map(|column| match &row[*column] {
            Value::Null => String::new(),
            Value::String(text) => guarded(text).into_owned(),
            other => other.to_string(),
        });
        writer.write_record(cells).map_err(|_| CasesError::Content)?;
    }
    writer.into_inner().map_err(|_| CasesError::Content)
}

fn may_be_made(request: &RequestRow) -> Result<(), CasesError> {
    if request.name != RequestName::Access {
        let reason = "a package answers a request for access; this one asks for something else";
        return Err(CasesError::Refused { rule: "not_access", reason: reason.to_owned() });
    }
    match request.state {
        RequestState::Received
        | RequestState::Blocked
        | RequestState::Identity
        | RequestState::UnderReview => Ok(()),
        state @ (RequestState::Approved
        | RequestState::Refused
        | RequestState::Executing
        | RequestState::Verified
        | RequestState::Answered
        | RequestState::Closed
        | RequestState::Joined
        | RequestState::Withdrawn) => {
            let reason = format!(
                "it is {} and what was decided on is not changed; reopen it first",
                state.name()
            );
            Err(CasesError::Refused { rule: "request_state", reason })
        }
    }
}

/// A file that is gone is made again; anything else is an outage.
pub(super) fn gone(error: vault::VaultError) -> CasesError {
    match error {
        vault::VaultError::NotFound(_) | vault::VaultError::KeyDestroyed(_) => {
            let reason = "its file is destroyed or was never written; make it again".to_owned();
            CasesError::Refused { rule: "no_package", reason }
        }
        other => other.into(),
    }
}
