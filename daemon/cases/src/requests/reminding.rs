//! Reminders of duties at 50, 75, 90 and 100 % of their time, and the alarm of what is overdue.
//!
//! Called by the daemon. Each stage is told once, also after a standstill: then the highest that
//! has passed. What is told has ids and dates, never personal data.

use domain::{
    Timestamp,
    ambient::random_bytes,
    clock::reminders,
    delivery::{Class, Occasion},
    ids::{DutyId, VaultKeyId},
    letter::LetterContent,
};
use jiff::ToSpan as _;
use render::{MailName, mail::Alarm, wording};
use store::{Transaction, deliveries::NewDelivery, duties::OwedRow};

use super::dating::as_duty;
use crate::{Cases, CasesError};

/// Duties that are looked at in one go.
const AT_ONCE: u32 = 500;
/// The alarm that stands while something is overdue.
const OVERDUE: &str = "duties_overdue";
/// Lines of one staff mail; the rest is counted.
const MOST_FACTS: usize = 30;
/// The stages, in percent.
const STAGES: [i64; 4] = [50, 75, 90, 100];

/// The stage that has been passed at `now`: 0, 50, 75, 90 or 100 %.
fn stage(at: [Timestamp; 4], now: Timestamp) -> i64 {
    STAGES.iter().zip(at).filter(|(_, at)| *at <= now).map(|(stage, _)| *stage).max().unwrap_or(0)
}

impl Cases {
    /// Reminds of what is due. Returns how many duties were told.
    ///
    /// # Errors
    /// [`CasesError`] when database or vault cannot be used.
    pub async fn remind(&self, node: &str) -> Result<usize, CasesError> {
        let now = self.parts.clock.now();
        let mut due = Vec::new();
        let mut overdue: Vec<OwedRow> = Vec::new();
        let mut after = (i64::MIN, DutyId(0));
        loop {
            let rows = store::duties::owed(self.store(), (after, AT_ONCE)).await?;
            let Some(last) = rows.last() else { break };
            let at = last.duty.safe_due_at.map_or(i64::MIN, Timestamp::as_microsecond);
            after = (at, last.duty.id);
            for row in rows {
                // A clock that rests reminds of nothing.
                if row.paused_at.is_some() && self.may_rest(&row.duty) {
                    continue;
                }
                let Some(at) = as_duty(&row.duty).as_ref().and_then(reminders) else { continue };
                let passed = stage(at, now);
                if passed == 100 {
                    overdue.push(row.clone());
                }
                if passed > row.duty.reminded {
                    due.push((row, passed));
                }
            }
        }
        let told = self.tell_due(&due, node, now).await?;
        self.tell_overdue(&overdue, node, now).await?;
        Ok(told)
    }

    async fn tell_due(
        &self,
        due: &[(OwedRow, i64)],
        node: &str,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        if due.is_empty() {
            return Ok(0);
        }
        let key = self.staff_key().await?;
        let transaction = self.store().begin().await?;
        let mut facts = Vec::new();
        for (row, stage) in due {
            let (id, before) = (row.duty.id, row.duty.reminded);
            if !store::duties::remind(&transaction, id, before, *stage).await? {
                continue;
            }
            facts.push(format!("{} %: {}", stage, fact(row)));
            let task = if *stage == 100 { "duty_overdue" } else { "duty_due" };
            let detail = format!("request:{} duty:{}", row.duty.request, row.duty.name);
            // One that somebody closed comes back with the next stage.
            let at_any_time = Timestamp::MAX;
            let about = (row.ticket, detail.as_str());
            store::tasks::open_again(&transaction, task, about, at_any_time, now).await?;
        }
        if !facts.is_empty() {
            let remedy = "consentry request list; consentry request show ID";
            let words = ("сроки по обращениям приближаются / duties fall due", remedy);
            self.mail_staff(&transaction, "request_reminder", words, &facts, (key, node), now)
                .await?;
        }
        transaction.commit().await?;
        if facts.is_empty() {
            // Another node told of all of it.
            self.drop_key(key).await?;
        }
        Ok(facts.len())
    }

    /// Overdue is loud: an alarm that stands, and a staff mail every day.
    async fn tell_overdue(
        &self,
        overdue: &[OwedRow],
        node: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if overdue.is_empty() {
            let standing = store::alarms::standing(self.store()).await?;
            if standing.iter().any(|alarm| alarm.name == OVERDUE) {
                let transaction = self.store().begin().await?;
                store::alarms::clear(&transaction, OVERDUE, now).await?;
                transaction.commit().await?;
            }
            return Ok(());
        }
        let mut facts: Vec<String> = Vec::new();
        for row in overdue {
            let penalty = self.row_of(&row.duty).and_then(|row| row.penalty.as_ref());
            let penalty = penalty.map_or(String::new(), |text| format!("; {}", text.ru));
            facts.push(format!("{}{penalty}", fact(row)));
        }
        let day_ago = now - 24.hours();
        // A key is made for a mail alone: this is asked again and again while something is overdue.
        let is_told =
            store::deliveries::staff_mail_since(self.store(), OVERDUE, day_ago).await? > 0;
        let key = if is_told { None } else { self.staff_key().await? };
        let transaction = self.store().begin().await?;
        let detail = format!(
            "{} duties of requests are overdue, the first since {}; see `consentry request list --overdue`",
            overdue.len(),
            overdue[0].duty.safe_due_on.as_deref().unwrap_or("-"),
        );
        store::alarms::raise(&transaction, OVERDUE, &detail, now).await?;
        for row in overdue {
            // Closing the task does not do the duty: it comes back every day.
            let detail = format!("request:{} duty:{}", row.duty.request, row.duty.name);
            let about = (row.ticket, detail.as_str());
            store::tasks::open_again(&transaction, "duty_overdue", about, day_ago, now).await?;
        }
        if store::deliveries::staff_mail_since(&transaction, OVERDUE, day_ago).await? == 0 {
            let remedy = "consentry request list --overdue";
            let words = ("сроки по обращениям пропущены / duties are overdue", remedy);
            self.mail_staff(&transaction, OVERDUE, words, &facts, (key, node), now).await?;
            return Ok(transaction.commit().await?);
        }
        transaction.commit().await?;
        self.drop_key(key).await
    }

    /// A key under which nothing was sealed.
    async fn drop_key(&self, key: Option<VaultKeyId>) -> Result<(), CasesError> {
        if let Some(key) = key {
            self.parts.vault.destroy_key(key).await?;
        }
        Ok(())
    }

    /// A key for one staff mail, made before the transaction; none when nobody is to be told.
    async fn staff_key(&self) -> Result<Option<VaultKeyId>, CasesError> {
        if self.parts.settings.requests.alarm_to.is_empty() {
            return Ok(None);
        }
        let key = VaultKeyId::new(self.parts.clock.now(), random_bytes(&*self.parts.entropy));
        self.parts.vault.create_key(key, &*self.parts.entropy).await?;
        Ok(Some(key))
    }

    async fn mail_staff(
        &self,
        transaction: &Transaction,
        topic: &'static str,
        (headline, remedy): (&str, &str),
        facts: &[String],
        (key, node): (Option<VaultKeyId>, &str),
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let Some(key) = key else { return Ok(()) };
        let settings = &self.parts.settings;
        let mut lines: Vec<String> = facts.iter().take(MOST_FACTS).cloned().collect();
        if facts.len() > MOST_FACTS {
            lines.push(format!("… + {}", facts.len() - MOST_FACTS));
        }
        let alarm = Alarm {
            headline: headline.to_owned(),
            noticed_at: wording::instant(now, &settings.zone, settings.locale),
            facts: lines,
            remedy: remedy.to_owned(),
            node: node.to_owned(),
        };
        let mail = self.parts.renderer.mail(MailName::Alarm, settings.locale, &alarm)?;
        let entropy = &*self.parts.entropy;
        for address in &settings.requests.alarm_to {
            let random: [u8; 16] = random_bytes(entropy);
            let mail_id = format!("{}@{}", hex::encode(random), settings.mail_id_domain);
            let content = LetterContent {
                subject: mail.subject.clone(),
                text: mail.text.clone(),
                html: mail.html.clone(),
                in_reply_to: None,
                references: Vec::new(),
                automatic: true,
            };
            let plain = serde_json::to_vec(&content).map_err(|_| CasesError::Content)?;
            let context = LetterContent::seal_context(&mail_id);
            let sealed = self.parts.vault.seal(key, &context, &plain, entropy).await?;
            let digests = self.parts.digests.address(address);
            let to = store::addresses::find_or_add(transaction, address, &digests, now).await?;
            let new = NewDelivery {
                class: Class::Staff,
                occasion: Occasion::Alarm,
                topic,
                ticket: None,
                submission: None,
                address: to,
                stop_digest: digests.stop,
                mail_id: &mail_id,
                mail_id_digest: self.parts.digests.message_id(&mail_id),
                content: &sealed,
                vault_key: key,
                expires_at: now + 48.hours(),
            };
            store::deliveries::plan(transaction, &new, now).await?;
        }
        Ok(())
    }
}

/// A duty in words and numbers of ours.
fn fact(row: &OwedRow) -> String {
    format!(
        "{} request {} {}: {} by {} (law {}), {}",
        row.number,
        row.duty.request,
        row.name.name(),
        row.duty.name,
        row.duty.safe_due_on.as_deref().unwrap_or("-"),
        row.duty.legal_due_on.as_deref().unwrap_or("-"),
        row.duty.rule,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_standstill_only_the_highest_stage_is_told() {
        let at = |second: i64| Timestamp::from_second(second).expect("an instant");
        let stages = [at(50), at(75), at(90), at(100)];
        for (now, expected) in
            [(0, 0), (49, 0), (50, 50), (74, 50), (75, 75), (99, 90), (100, 100), (9999, 100)]
        {
            assert_eq!(stage(stages, at(now)), expected, "at {now}");
        }
    }
}
