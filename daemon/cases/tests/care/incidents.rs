//! A breach from its detection to its end: two clocks, two notices, the people told.

use cases::{CasesError, register::Applicants};
use domain::{
    Timestamp,
    ids::{ContactId, IncidentId},
    incident::{IncidentContent, IncidentField, IncidentForm, IncidentState},
    request::RequestState,
    ticket::TicketState,
};
use store::incidents::AlsoTold;

use crate::room::{ANNA, BORIS, Room};

const ACTOR: &str = "orlova";

fn rule(result: Result<impl std::fmt::Debug, CasesError>) -> &'static str {
    match result {
        Err(CasesError::Refused { rule, .. }) => rule,
        other => panic!("a refusal is expected: {other:?}"),
    }
}

fn hours_before(room: &Room, hours: i64) -> Timestamp {
    room.now() - jiff::SignedDuration::from_hours(hours)
}

async fn opened(room: &Room) -> IncidentId {
    let content = IncidentContent {
        what: "Рассылка ушла не тем адресатам.".to_owned(),
        ..IncidentContent::default()
    };
    let detected_at = hours_before(room, 2);
    room.cases().open_incident(detected_at, &content, ACTOR).await.expect("opened").0
}

/// Writes all texts down but one.
async fn all_but(room: &Room, id: IncidentId, left_out: Option<IncidentField>) {
    let texts: Vec<_> = IncidentField::ALL
        .iter()
        .filter(|field| Some(**field) != left_out && **field != IncidentField::What)
        .map(|field| (*field, format!("Текст поля {}", field.name())))
        .collect();
    room.cases().update_incident(id, &texts, ACTOR).await.expect("written");
}

async fn both_clocks_count_from_the_detection_side_by_side(mut room: Room) {
    room.with_both_regimes();
    let id = opened(&room).await;
    let view = room.cases().incident(id, ACTOR).await.expect("shown");
    let due = |name: &str, regime: &str| {
        let duty = view.duties.iter().find(|d| d.name == name && d.rule.starts_with(regime));
        duty.and_then(|duty| duty.legal_due_at).expect("dated")
    };
    let after = |hours| view.incident.detected_at + jiff::SignedDuration::from_hours(hours);
    assert_eq!(due("notify", "ru-152fz@"), after(24));
    assert_eq!(due("report", "ru-152fz@"), after(72));
    assert_eq!(due("notify", "eu-gdpr@"), after(72));
    assert_eq!(view.request.state, RequestState::UnderReview);
    assert_eq!(view.request.detected_at, Some(view.incident.detected_at));
    let topic = format!("ticket WHERE id = {} AND topic = 'incident'", view.ticket.id);
    assert_eq!(room.count(&topic).await, 1);
    let future = room.now() + jiff::SignedDuration::from_hours(1);
    let early = room.cases().open_incident(future, &IncidentContent::default(), ACTOR).await;
    assert_eq!(rule(early), "detected_before");
}

async fn the_hours_run_through_weekends_and_holidays(mut room: Room) {
    room.with_both_regimes();
    // Friday evening in Moscow; the last evening of the year, before ten days off.
    for (detected, first, second) in [
        ("2026-12-04T18:30:00Z", "2026-12-05T18:30:00Z", "2026-12-07T18:30:00Z"),
        ("2026-12-31T20:15:30Z", "2027-01-01T20:15:30Z", "2027-01-03T20:15:30Z"),
    ] {
        // Opened a day and a half later: the clock does not wait for that.
        let detected: Timestamp = detected.parse().expect("an instant");
        room.set_time(&(detected + jiff::SignedDuration::from_hours(36)).to_string());
        let content = IncidentContent::default();
        let (id, _) = room.cases().open_incident(detected, &content, ACTOR).await.expect("opened");
        let view = room.cases().incident(id, ACTOR).await.expect("shown");
        let mut due: Vec<_> = view
            .duties
            .iter()
            .map(|duty| {
                let regime = duty.rule.split('@').next().unwrap_or_default().to_owned();
                let (legal, safe) = (duty.legal_due_at, duty.safe_due_at);
                assert_eq!(legal, safe, "hours have no working day before them");
                (regime, duty.name.clone(), legal.expect("dated").to_string())
            })
            .collect();
        due.sort();
        let row = |regime: &str, name: &str, at: &str| (regime.into(), name.into(), at.into());
        assert_eq!(
            due,
            [
                row("eu-gdpr", "notify", second),
                row("ru-152fz", "notify", first),
                row("ru-152fz", "report", second),
            ]
        );
        // Nobody appealed: it is no line of the register of appeals.
        let days = (jiff::civil::date(2026, 1, 1), jiff::civil::date(2027, 12, 31));
        let register = room.cases().register(days.0, days.1, Applicants::Code, ACTOR).await;
        assert!(register.expect("a register").lines.is_empty());
        // The first one is late already, and told as such.
        room.cases().remind("one").await.expect("reminded");
        assert!(room.tasks(view.ticket.id).await.contains(&"duty_overdue".to_owned()));
    }
}

async fn a_notice_is_noted_only_when_it_says_all(mut room: Room) {
    room.with_both_regimes();
    let id = opened(&room).await;
    let cases = room.cases();
    let lacking = cases.incident_form(id, IncidentForm::First, ACTOR).await;
    let Err(CasesError::Refused { rule: name, reason }) = lacking else { panic!("{lacking:?}") };
    assert_eq!(name, "incident_form_complete");
    assert!(reason.contains("causes") && reason.contains("harm") && !reason.contains(" what"));
    assert_eq!(rule(cases.note_notified(id, None, ACTOR).await), "incident_form_complete");
    all_but(&room, id, Some(IncidentField::Culprits)).await;
    assert_eq!(rule(cases.note_reported(id, None, ACTOR).await), "incident_step");
    let before = Some(hours_before(&room, 3));
    assert_eq!(rule(cases.note_notified(id, before, ACTOR).await), "incident_instant");
    cases.note_notified(id, Some(hours_before(&room, 1)), ACTOR).await.expect("noted");
    assert_eq!(rule(cases.note_notified(id, None, ACTOR).await), "incident_step");
    assert_eq!(rule(cases.note_reported(id, None, ACTOR).await), "incident_form_complete");
    all_but(&room, id, None).await;
    cases.note_reported(id, None, ACTOR).await.expect("noted");
    let open: Vec<_> = cases.incident(id, ACTOR).await.expect("shown").duties;
    let open: Vec<_> = open.into_iter().filter(|duty| duty.done_at.is_none()).collect();
    assert!(matches!(open.as_slice(), [duty] if duty.rule.starts_with("eu-gdpr@")), "{open:?}");
    assert_eq!(rule(cases.close_incident(id, ACTOR).await), "incident_owes");
    cases.note_also_told(id, AlsoTold::Authority, None, ACTOR).await.expect("noted");
    cases.note_also_told(id, AlsoTold::Sopka, None, ACTOR).await.expect("noted");
    let form = cases.incident_form(id, IncidentForm::Second, ACTOR).await.expect("filled in");
    assert_eq!(form.rows.len(), IncidentForm::Second.fields().len());
    cases.close_incident(id, ACTOR).await.expect("closed");
    let view = cases.incident(id, ACTOR).await.expect("shown");
    assert_eq!(view.incident.state, IncidentState::Closed);
    assert_eq!(view.request.state, RequestState::Closed);
    assert!(matches!(view.ticket.state, TicketState::Closed { .. }));
    assert!(view.incident.sopka_told_at.is_some());
    let texts = [(IncidentField::What, "другое".to_owned())];
    assert_eq!(rule(cases.update_incident(id, &texts, ACTOR).await), "incident_closed");
}

async fn the_people_are_told_once_and_nothing_of_it_is_in_clear(room: Room) {
    let anna = room.contact("Анна", "", &[ANNA, "anna.work@mail.example"]).await;
    let boris = room.contact("Борис", "", &[BORIS]).await;
    let id = opened(&room).await;
    let people = [anna, boris, ContactId(999_999)];
    let early = room.cases().tell_people(id, &people, ACTOR).await;
    assert_eq!(rule(early), "incident_form_complete");
    all_but(&room, id, None).await;
    let told = room.cases().tell_people(id, &people, ACTOR).await.expect("told");
    assert_eq!((told.letters, told.before, told.unreached), (3, 0, 1));
    let again = room.cases().tell_people(id, &people, ACTOR).await.expect("told");
    assert_eq!((again.letters, again.before, again.unreached), (0, 3, 1));
    let view = room.cases().incident(id, ACTOR).await.expect("shown");
    assert_eq!(view.letters.0, 3);
    assert!(view.incident.people_told_at.is_some());
    for letter in room.letters(view.ticket.id).await {
        let content = letter.content.expect("its key is there");
        assert!(content.subject.contains(&view.ticket.number));
        assert!(content.text.contains("Рассылка ушла не тем адресатам."));
        assert!(content.text.contains("Текст поля advice"));
        assert!(!content.text.contains("Текст поля culprits"), "culprits are for the authority");
    }
    let clear = room
        .count("audit_event WHERE detail LIKE '%Рассылка%' OR detail LIKE '%Текст поля%'")
        .await;
    assert_eq!(clear, 0, "the audit log holds names of fields alone");
}

both! {
    the_hours_run_through_weekends_and_holidays,
    both_clocks_count_from_the_detection_side_by_side,
    a_notice_is_noted_only_when_it_says_all,
    the_people_are_told_once_and_nothing_of_it_is_in_clear,
}
