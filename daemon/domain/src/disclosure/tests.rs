use proptest::prelude::*;

use super::*;

const TODAY: Date = jiff::civil::date(2026, 11, 23);

fn asked(ground: Ground) -> Asked<'static> {
    static DATA: std::sync::LazyLock<Vec<String>> =
        std::sync::LazyLock::new(|| vec!["email".to_owned()]);
    Asked {
        ground,
        role: Role::ThirdParty,
        country: "RU",
        authority_told_on: None,
        recipient_ended: false,
        reference: "№ 17 of 2026-11-01",
        approved_by: Some("olga"),
        recorded_by: "anna",
        until_on: Some(TODAY),
        has_consent: true,
        is_blocked: false,
        data: &DATA,
        today: TODAY,
    }
}

fn rules(asked: &Asked<'_>) -> Vec<&'static str> {
    obstacles(asked).into_iter().map(|found| found.rule).collect()
}

#[test]
fn each_ground_needs_its_own_evidence() {
    for ground in Ground::ALL {
        assert_eq!(rules(&asked(*ground)), Vec::<&str>::new(), "{ground:?}");
    }
    let without = |ground, change: fn(&mut Asked<'static>)| {
        let mut asked = asked(ground);
        change(&mut asked);
        rules(&asked)
    };
    assert_eq!(without(Ground::Law, |a| a.reference = " "), ["law_needs_written_request"]);
    assert_eq!(without(Ground::Law, |a| a.approved_by = None), ["law_needs_approval"]);
    assert_eq!(without(Ground::Consent, |a| a.has_consent = false), ["consent_must_stand"]);
    assert_eq!(without(Ground::Contract, |a| a.reference = ""), ["contract_needs_reference"]);
    let transfer = "transfer_needs_legal_approval";
    assert_eq!(without(Ground::BusinessTransfer, |a| a.reference = ""), [transfer]);
    assert_eq!(without(Ground::BusinessTransfer, |a| a.approved_by = Some("")), [transfer]);
    assert_eq!(without(Ground::SupportSecurity, |a| a.until_on = None), ["support_needs_end"]);
}

#[test]
fn abroad_only_after_the_authority_was_told() {
    let abroad = |told| Asked { country: "DE", authority_told_on: told, ..asked(Ground::Contract) };
    assert_eq!(rules(&abroad(None)), ["cross_border_needs_notice"]);
    assert_eq!(rules(&abroad(TODAY.tomorrow().ok())), ["cross_border_needs_notice"]);
    assert_eq!(rules(&abroad(Some(TODAY))), Vec::<&str>::new());
}

#[test]
fn of_a_blocked_person_only_the_law_gets_anything_and_by_approval() {
    for ground in Ground::ALL {
        let found = rules(&Asked { is_blocked: true, ..asked(*ground) });
        assert_eq!(found.is_empty(), *ground == Ground::Law, "{ground:?}: {found:?}");
    }
    let found = rules(&Asked { is_blocked: true, approved_by: None, ..asked(Ground::Law) });
    assert!(found.contains(&"person_is_blocked"));
}

#[test]
fn whoever_got_data_is_told() {
    let held = ["name", "email"];
    assert!(has_data(Role::ThirdParty, true, true, &[], &held));
    assert!(has_data(Role::Processor, false, false, &["email"], &held));
    assert!(!has_data(Role::Processor, false, false, &["phone"], &held));
    assert!(!has_data(Role::Processor, false, true, &["email"], &held));
    assert!(!has_data(Role::Authority, false, false, &["email"], &held));
}

proptest! {
    /// Nothing that is asked for makes a disclosure of unknown or no data possible.
    #[test]
    fn no_data_no_disclosure(ground in 0_usize..5, word in "[a-z]{1,9}") {
        prop_assume!(!CATEGORIES.contains(&word.as_str()));
        let data = [word];
        for data in [&data[..], &[]] {
            let asked = Asked { data, ..asked(Ground::ALL[ground]) };
            prop_assert!(!obstacles(&asked).is_empty());
        }
    }
}
