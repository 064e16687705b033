//! Floors on the labelled mails of `tests/corpus/authored`: a change of packs or engine that costs
//! quality fails here. `mails-h` and `mails-k` were kept apart
//! (docs/classification.md).

#[path = "../examples/measure/corpus.rs"]
#[allow(dead_code)]
mod corpus;
#[path = "../examples/measure/figures.rs"]
#[allow(dead_code)]
mod figures;

use classify::{OwnIdentity, Packs, classify};

use corpus::Labelled;
use figures::Figures;

fn measure(names: &[&str]) -> Figures {
    let packs = Packs::embedded();
    let own = OwnIdentity { domains: vec!["esthetique24.ru".to_owned()], ..OwnIdentity::default() };
    let mut figures = Figures::default();
    for name in names {
        let path =
            format!("{}/../../tests/corpus/authored/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("the corpus stands in the checkout");
        for line in text.lines() {
            let labelled = Labelled::read(line);
            let found = classify(&labelled.mail, &packs, &own);
            figures.add(&labelled, &found);
        }
    }
    figures
}

#[test]
fn the_packs_keep_what_they_reached_on_the_mails_they_were_written_with() {
    let figures = measure(&["mails-a", "mails-c", "mails-d"]);
    assert!(figures.request_recall() >= 0.975, "{figures}");
    assert!(figures.ordinary_in_auto() <= 0.01, "{figures}");
    assert!(figures.macro_f1() >= 0.93, "{figures}");
    assert!(figures.kind_accuracy() >= 0.985, "{figures}");
}

#[test]
fn requests_of_authors_kept_apart_are_seen_and_ordinary_mail_is_not_acted_on() {
    let figures = measure(&["mails-b", "mails-h", "mails-k"]);
    assert!(figures.request_recall() >= 0.97, "{figures}");
    assert!(figures.ordinary_in_auto() <= 0.015, "{figures}");
    assert!(figures.macro_f1() >= 0.83, "{figures}");
    assert!(figures.kind_accuracy() >= 0.98, "{figures}");
}
