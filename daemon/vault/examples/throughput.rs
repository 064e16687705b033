//! How fast raw mails are taken in, durably: prints mails a second for several batch sizes.
//!
//! `cargo run --release -p vault --example throughput [DIRECTORY]`; the directory (default: the
//! system's temporary one) decides the disk that is measured. What it writes is removed.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use domain::Timestamp;
use domain::ambient::{Entropy, random_bytes};
use domain::ids::{JournalEntryId, ObjectId, VaultKeyId};
use domain::journal::{ScopeWords, StopAct, StopIntent};
use tokio::time::Instant;
use vault::{NewObject, StopJournal, Vault, VaultConfig};

const MAIL_SIZE: usize = 13_000;
const MAILS: usize = 4_000;

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "an example has no clock file")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the system has randomness");
    }
}

/// About as compressible as a mail: words, with a base64-like part.
fn mail(n: usize) -> Vec<u8> {
    let words = ["прошу", "удалить", "мои", "данные", "from", "your", "list", "<td>", "</td>"];
    let mut text = format!("Message-ID: <{n}@mail.example>\r\n\r\n");
    let mut seed = n as u64 + 1;
    while text.len() < MAIL_SIZE {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(words[(seed >> 40) as usize % words.len()]);
        if seed >> 62 == 0 {
            text.push_str(&format!(" {:x}", seed >> 16));
        }
        text.push(' ');
    }
    text.into_bytes()
}

fn new_object(now: Timestamp, n: usize) -> NewObject {
    NewObject {
        object: ObjectId::new(now, random_bytes(&SystemEntropy)),
        key: VaultKeyId::new(now, random_bytes(&SystemEntropy)),
        plain: mail(n),
        origin: None,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parent = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let root = tempfile::Builder::new().prefix("vault-throughput-").tempdir_in(parent)?;
    let config = VaultConfig::local(root.path().join("objects"), root.path().join("keys"));
    let vault = Vault::open(config).await?;
    let now = Timestamp::from_second(1_790_000_000)?;
    for size in [1, 10, 100, 500] {
        let mails = if size == 1 { MAILS / 8 } else { MAILS };
        let batches: Vec<Vec<NewObject>> = (0..mails / size)
            .map(|batch| (0..size).map(|n| new_object(now, batch * size + n)).collect())
            .collect();
        let ids: Vec<ObjectId> = batches.iter().flatten().map(|new| new.object).collect();
        let begun = Instant::now();
        for batch in batches {
            vault.put_batch(batch, &SystemEntropy).await?;
        }
        report(&format!("put_batch of {size}"), mails, begun);
        let begun = Instant::now();
        for id in ids {
            vault.get(id).await?;
        }
        report("get, one by one", mails, begun);
    }
    let (journal, _) = StopJournal::open(&root.path().join("journal"), "node").await?;
    for size in [1, 100] {
        let begun = Instant::now();
        for _ in 0..1000 / size {
            let intents: Vec<StopIntent> = (0..size).map(|_| intent(now)).collect();
            journal.append(&intents).await?;
        }
        report(&format!("stop journal, append of {size}"), 1000, begun);
    }
    Ok(())
}

fn intent(at: Timestamp) -> StopIntent {
    StopIntent {
        id: JournalEntryId::new(at, random_bytes(&SystemEntropy)),
        at,
        act: StopAct::Stop,
        digests: Vec::new(),
        scope: ScopeWords::parse("full").expect("scope words"),
    }
}

fn report(what: &str, count: usize, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what:<28} {:>8.0}/s", count as f64 / seconds);
}
