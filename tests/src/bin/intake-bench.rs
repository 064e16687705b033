//! The benchmark of intake: Dovecot over TLS to filed rows, against its yardstick.
//!
//!     intake-bench [MAILS] [PAIRS]        (default 2000 mails, 5 pairs)
//!
//! The yardstick fetches the same mailbox with async-imap over TLS and parses each mail with
//! mail-parser, nothing else. Both run in turn; the ratio is the median of the pairs. Build the
//! program with --release and name it in CONSENTRY_EXE.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use futures::TryStreamExt as _;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tests::{
    certificates::Certificates,
    daemon::{Home, MailboxSettings, Settings},
    place::Place,
    post::Post,
    servers::{Dovecot, MailStore},
};
use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::TlsConnector;

const HELLO: &str = "hello@clinic.example";
/// LIBRARIES: at least a fifth of the yardstick.
const TARGET: f64 = 0.2;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mails: usize = arguments.next().map_or(Ok(2000), |text| text.parse())?;
    let pairs: usize = arguments.next().map_or(Ok(5), |text| text.parse())?;

    let place = Place::new()?;
    let tls = Certificates::make(&place)?;
    let store = MailStore::make(&place, &[HELLO])?;
    let mut bytes = 0;
    for (second, mail) in (1_793_600_000..).zip(Post::new(7, HELLO).take(mails)) {
        bytes += mail.len();
        store.deliver(HELLO, &mail, second)?;
    }
    let dovecot = Dovecot::start(&place, &store, &tls)?;
    // Dovecot builds its index at the first look, which is nobody's work here.
    ensure!(dovecot.session(HELLO)?.list("INBOX")?.len() == mails, "Dovecot shows another number");
    println!("{mails} mails, {} KB on the average", bytes / mails / 1024);

    let runtime = tokio::runtime::Runtime::new()?;
    let mut ratios = Vec::new();
    for pair in 1..=pairs {
        let yardstick = runtime.block_on(fetch_and_parse(&dovecot, &tls, mails))?;
        let ours = file_all(&place, &dovecot, &tls, pair, mails)?;
        let rate = |time: Duration| mails as f64 / time.as_secs_f64();
        ratios.push(yardstick.as_secs_f64() / ours.as_secs_f64());
        println!(
            "pair {pair}: yardstick {:.0} mails/s, filed {:.0} mails/s, ratio {:.3}",
            rate(yardstick),
            rate(ours),
            ratios[pair - 1]
        );
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    let verdict = if median >= TARGET { "met" } else { "missed" };
    println!("intake: median ratio {median:.3}, target {TARGET} {verdict}");
    Ok(())
}

async fn fetch_and_parse(dovecot: &Dovecot, tls: &Certificates, mails: usize) -> Result<Duration> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&tls.authority)?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let started = Instant::now();
    let tcp = TcpStream::connect(("127.0.0.1", dovecot.tls_port())).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from("localhost")?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
    let mut client = async_imap::Client::new(stream);
    client.read_response().await?.context("no greeting")?;
    let mut session = client.login(HELLO, "secret").await.map_err(|(error, _)| error)?;
    session.select("INBOX").await?;
    let mut parsed = 0;
    for from in (1..=mails).step_by(500) {
        let set = format!("{from}:{}", (from + 499).min(mails));
        let mut fetched = session.uid_fetch(set, "(UID BODY.PEEK[])").await?;
        while let Some(fetch) = fetched.try_next().await? {
            let raw = fetch.body().context("no body")?;
            let mail = mail_parser::MessageParser::default().parse(raw).context("not parsed")?;
            let read = mail.subject().is_some() || mail.body_text(0).is_some();
            parsed += usize::from(read);
        }
    }
    ensure!(parsed == mails, "the yardstick read {parsed} of {mails}");
    let elapsed = started.elapsed();
    session.logout().await?;
    Ok(elapsed)
}

/// Files the whole mailbox into a fresh database with `intake run --once`.
fn file_all(
    place: &Place,
    dovecot: &Dovecot,
    tls: &Certificates,
    pair: usize,
    mails: usize,
) -> Result<Duration> {
    let mut settings = Settings::embedded(HELLO, place.path(), &place.path().join("replies"));
    settings.mailbox = MailboxSettings::Imap {
        port: dovecot.tls_port(),
        tls: "implicit",
        authority: Some(tls.authority.clone()),
        move_to: None,
    };
    let home = Home::make(place, &format!("run-{pair}"), &settings.without_breakers())?;
    home.say(&["migrate"])?;
    let started = Instant::now();
    let said = home.say(&["intake", "run", "--once"])?;
    let elapsed = started.elapsed();
    let lines = said.lines().count();
    ensure!(lines >= mails, "only {lines} of {mails} mails were filed");
    Ok(elapsed)
}
