//! What rules and model may do to each other, for any numbers.

use domain::classification::{Band, Label};
use proptest::prelude::*;

use super::*;
use crate::Packs;

static PACKS: std::sync::LazyLock<Packs> = std::sync::LazyLock::new(Packs::embedded);

fn model() -> (&'static Model, Curve) {
    (PACKS.model.as_ref().expect("the packs come with a model"), PACKS.curve)
}

fn opinion(logit: f32) -> Opinion {
    Opinion { logits: [logit; HEADS], loudest: [None; HEADS] }
}

proptest! {
    #[test]
    fn the_model_makes_nothing_auto_and_hides_nothing_the_rules_are_sure_of(
        logit in -30.0_f32..30.0,
        score in -10.0_f32..20.0,
        against in prop_oneof![Just(0.0_f32), Just(-0.03), -5.0_f32..-0.2],
    ) {
        let (model, curve) = model();
        let head = Head::Label(Label::Erasure);
        let (confidence, band) =
            weigh(model, &curve, head, Rules { score, against }, &opinion(logit));
        prop_assert!((0.0..=1.0).contains(&confidence));
        if band == Band::Auto {
            prop_assert!(score >= model.mixing.auto_rules, "the rules did not say so");
            prop_assert!(against >= -DOUBT, "heavy evidence against");
        }
        let alone = probability(curve.slope * (score - curve.middle));
        prop_assert!(alone < model.mixing.keep || band >= Band::Suggest, "it was hidden");
    }

    #[test]
    fn more_points_never_make_a_label_less_likely(score in -6.0_f32..5.0, logit in -6.0_f32..6.0) {
        let (model, _) = model();
        let logits = [logit; HEADS];
        let head = Head::Label(Label::Access);
        prop_assert!(
            model.mixing.log_odds(head, score + 1.0, &logits)
                > model.mixing.log_odds(head, score, &logits)
        );
    }
}

#[test]
fn a_manifest_with_a_gap_or_no_number_is_refused() {
    let whole = include_str!("../../../../config/classifier/model.toml");
    assert!(Mixing::read(whole).is_ok());
    let gap = whole.replace("\nerasure = ", "\nerasures = ");
    assert_eq!(Mixing::read(&gap).expect_err("a gap"), "bias.erasure is missing");
    let line = whole.lines().find(|l| l.starts_with("suggest_any = ")).expect("a line");
    let none = whole.replace(line, "suggest_any = nan");
    assert_eq!(Mixing::read(&none).expect_err("no number"), "a number is not finite");
}
