//! The model: its file, its opinion, and that it stays within its bounds.

use domain::classification::{Band, Label};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{Packs, classify_text};

const FILE: &[u8] = include_bytes!("../../../../config/classifier/model.bin");
const MANIFEST: &str = include_str!("../../../../config/classifier/model.toml");

static PACKS: std::sync::LazyLock<Packs> = std::sync::LazyLock::new(Packs::embedded);

fn table() -> Table {
    Table::read(FILE).expect("the committed model is whole")
}

#[test]
fn a_model_is_read_as_it_was_written_and_a_damaged_one_is_refused() {
    assert_eq!(table().write(), FILE);
    for wrong in [&FILE[..FILE.len() - 1], &FILE[1..], b"CSM1", b""] {
        let error = Table::read(wrong).expect_err("damaged");
        assert!(error.to_string().contains("train it again"), "{error}");
    }
}

#[test]
fn the_manifest_belongs_to_the_model_and_to_the_corpus() {
    let manifest: toml::Table = toml::from_str(MANIFEST).expect("TOML");
    let sum = |bytes: &[u8]| -> String {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    assert_eq!(manifest["model"]["sha256"].as_str(), Some(sum(FILE).as_str()));
    let corpus = manifest["corpus"].as_table().expect("a table of files");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/authored");
    for (name, known) in corpus {
        let bytes = std::fs::read(format!("{folder}/{name}")).expect("the file is there");
        assert_eq!(known.as_str(), Some(sum(&bytes).as_str()), "{name} changed: train the model");
    }
    let files = std::fs::read_dir(folder).expect("the corpus").filter_map(Result::ok);
    let mails = files.filter(|f| f.path().extension().is_some_and(|e| e == "jsonl")).count();
    assert_eq!(corpus.len(), mails, "a file came or went: train the model");
}

#[test]
fn the_loudest_sentence_is_named() {
    let text = "Спасибо за вчерашний приём, всё понравилось. Прошу удалить мои персональные данные. Хорошего дня!";
    let opinion = Prepared::new("", text).opinion(&table());
    let head = Head::Label(Label::Erasure);
    let (from, to) = opinion.place(head).expect("a sentence").span;
    assert!(text[from..to].contains("удалить"), "{}", &text[from..to]);
    assert!(opinion.logit(head) > opinion.logit(Head::Label(Label::Rectification)));
}

#[test]
fn the_model_alone_makes_nothing_auto() {
    // Words that no rule knows, in a sentence like those the model was trained on.
    for text in [
        "Сделайте так, чтобы от меня у вас не осталось ни следа",
        "erase every trace of yours truly",
    ] {
        for verdict in classify_text("", text, &PACKS).labels {
            let by_rules = verdict.evidence.iter().any(|e| !e.rule.starts_with("model/"));
            assert!(by_rules || verdict.band != Band::Auto, "{text}: {verdict:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_gets_a_bounded_opinion_with_places_inside_it(subject in ".{0,60}", text in "(?s).{0,400}") {
        let found = classify_text(&subject, &text, &PACKS);
        for verdict in &found.labels {
            prop_assert!((0.0..=1.0).contains(&verdict.confidence));
            for evidence in &verdict.evidence {
                prop_assert!(evidence.weight.is_finite());
                if let Some((from, to)) = evidence.span {
                    let place = if evidence.in_subject { &subject } else { &found.new_text };
                    prop_assert!(place.get(from..to).is_some() || evidence.in_subject);
                }
            }
        }
    }
}
