//! The middle of the demo: the campaign runs, mails come in, and two of its readers stop it.
//!
//! The same parts work as in `run`: pages, dispatch, runner of campaigns, reading. One person
//! writes «удалите мои данные», one presses the button behind the link of the mail; both stand at
//! the end of the queue, and the time after which nothing may go to them is taken when their stop
//! was committed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::Timestamp;
use domain::address::EmailAddress;
use domain::campaign::CampaignState;
use domain::ids::DeliveryId;
use store::campaigns::Report;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use vault::{MailToken, TokenKind};

use super::newsletter::{BY_LINK, BY_WORDS, CAMPAIGN};
use super::story::Story;
use super::{house_now, place, samples};
use crate::daemon::pages;
use crate::daemon::reading::Reading;
use crate::daemon::sending::{self, Sending};
use crate::house::House;

/// Mails of the campaign that have left when the two stop it: early, so that their own mails are
/// still far from their turn on the slowest machine.
const IN_THE_MIDDLE: i64 = 5;
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// For the whole run.
const PATIENCE: Duration = Duration::from_secs(120);

/// Carries mailbox and campaign to their end.
///
/// # Errors
/// When a part fails, or it is not done in two minutes.
pub async fn carry(
    house: &House,
    reading: &Reading,
    sending: &Sending,
    listener: TcpListener,
    directory: &Path,
) -> anyhow::Result<Story> {
    let cancel = CancellationToken::new();
    let address = listener.local_addr()?;
    let shown = tokio::spawn(web::serve(listener, pages::pages(house)?, cancel.clone()));
    let dispatch = sending.dispatch(house, &sending.ways[0])?;
    let sent = tokio::spawn(mailing::dispatch::run(dispatch, cancel.clone()));
    let campaigns = sending::campaigns(house).context("the demo has a campaign")?;
    let run = tokio::spawn(mailing::campaigns::run(campaigns, cancel.clone()));
    let middle = Middle { house, reading, address, directory };
    let story = tokio::time::timeout(PATIENCE, middle.carry()).await;
    cancel.cancel();
    sent.await??;
    run.await??;
    shown.await??;
    story.context("the demo was not done in time")?
}

struct Middle<'a> {
    house: &'a House,
    reading: &'a Reading,
    address: std::net::SocketAddr,
    directory: &'a Path,
}

impl Middle<'_> {
    async fn carry(&self) -> anyhow::Result<Story> {
        let mut story = Story::default();
        let mut stops = Vec::new();
        if !self.is_over().await? {
            self.until(|report| report.states.accepted >= IN_THE_MIDDLE).await?;
            stops.push(self.stop_by_link().await?);
            stops.push(self.stop_by_words(&mut story).await?);
        }
        // All other mail comes in while the rest of the campaign goes out.
        samples::deliver(&place::inbox(self.directory), house_now())?;
        self.read(&mut story).await?;
        self.settled().await?;
        for (delivery, at) in stops {
            story.after_stop +=
                store::deliveries::gone_after(&self.house.store, delivery, at).await?;
        }
        let (_, report) = self.house.cases.campaign_report(CAMPAIGN).await?;
        story.settle(self.house, &place::inbox(self.directory), report).await?;
        Ok(story)
    }

    async fn read(&self, story: &mut Story) -> anyhow::Result<()> {
        for task in &self.reading.tasks {
            story.add(&intake::poll_once(task).await?);
        }
        Ok(())
    }

    /// «Удалите мои данные», by mail.
    async fn stop_by_words(&self, story: &mut Story) -> anyhow::Result<(DeliveryId, Timestamp)> {
        let (delivery, _) = self.row_of(BY_WORDS).await?;
        samples::deliver_late(&place::inbox(self.directory), BY_WORDS, house_now())?;
        self.read(story).await?;
        Ok((delivery, house_now()))
    }

    /// The button behind the link, by HTTP as a browser presses it.
    async fn stop_by_link(&self) -> anyhow::Result<(DeliveryId, Timestamp)> {
        let (delivery, subscription) = self.row_of(BY_LINK).await?;
        let token = MailToken { kind: TokenKind::Unsubscribe, delivery, subscription };
        let token = self.house.digests.seal_token(&token);
        let body = "List-Unsubscribe=One-Click";
        let request = format!(
            "POST /u/{token} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        anyhow::ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "the page did not take the unsubscription"
        );
        Ok((delivery, house_now()))
    }

    async fn row_of(
        &self,
        email: &str,
    ) -> anyhow::Result<(DeliveryId, Option<domain::ids::SubscriptionId>)> {
        let store = &self.house.store;
        let address = store::addresses::find(store, &EmailAddress::parse(email)?).await?;
        let address = address.context("a reader of the demo is known")?;
        let campaign = self.house.cases.campaign(CAMPAIGN).await?;
        let row = store::deliveries::of_campaign(store, campaign.id, address).await?;
        row.context("a reader of the demo stands in the audience")
    }

    async fn is_over(&self) -> anyhow::Result<bool> {
        let campaign = self.house.cases.campaign(CAMPAIGN).await?;
        Ok(matches!(campaign.state, CampaignState::Finished { .. }))
    }

    /// Waits until the report says so, or the campaign is over.
    async fn until(&self, holds: impl Fn(&Report) -> bool) -> anyhow::Result<()> {
        loop {
            let (_, report) = self.house.cases.campaign_report(CAMPAIGN).await?;
            if holds(&report) || self.is_over().await? {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the campaign is over and no letter is on its way.
    async fn settled(&self) -> anyhow::Result<()> {
        loop {
            let counts = store::deliveries::counts(&self.house.store).await?;
            let on_its_way = |state: &str| matches!(state, "planned" | "claimed" | "deferred");
            let waits = counts.iter().any(|(state, number)| on_its_way(state) && *number > 0);
            if !waits && self.is_over().await? {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// A second handle of the listening socket, for the daemon that runs on afterwards.
///
/// # Errors
/// When the system gives none.
pub fn twice(listener: TcpListener) -> std::io::Result<(TcpListener, TcpListener)> {
    let first = Arc::new(listener.into_std()?);
    Ok((TcpListener::from_std(first.try_clone()?)?, TcpListener::from_std(first.try_clone()?)?))
}
