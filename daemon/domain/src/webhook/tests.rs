use proptest::prelude::*;

use serde_json::Value;

use super::*;

fn call(place: i64, act: SystemAct, state: CallState) -> Beside {
    let block = matches!(act, SystemAct::Block | SystemAct::Unblock).then_some(7);
    let attempts = i64::from(state != CallState::Planned);
    Beside { place, act, block, ticket: Some(1), state, attempts }
}

#[test]
fn only_what_says_done_is_done() {
    let table: [(u16, &str, Heard); 15] = [
        (200, r#"{"status":"done"}"#, Heard::Done),
        (201, r#"{"status":"done","rows":3}"#, Heard::Done),
        (200, r#"{"status":"accepted"}"#, Heard::Accepted),
        (202, "", Heard::Accepted),
        (202, r#"{"status":"failed"}"#, Heard::Refused),
        (200, r#"{"status":"failed"}"#, Heard::Refused),
        (200, "", Heard::Again),
        (200, "<html>welcome to the hotel</html>", Heard::Again),
        (204, "", Heard::Again),
        (301, "", Heard::Refused),
        (400, "", Heard::Refused),
        (401, r#"{"status":"done"}"#, Heard::Refused),
        (429, "", Heard::Again),
        (500, r#"{"status":"done"}"#, Heard::Again),
        (503, "", Heard::Again),
    ];
    for (status, body, expected) in table {
        assert_eq!(heard(status, body.as_bytes()), expected, "{status} {body}");
    }
}

#[test]
fn a_later_call_waits_for_the_earlier_or_makes_it_needless() {
    use CallState::{Accepted, Acknowledged, Moot, Planned, Refused};
    use SystemAct::{Access, Block, Correct, Destroy, ResumePublication, StopPublication, Unblock};
    let table = [
        ((Block, Planned), vec![], Turn::Now),
        ((Block, Planned), vec![(9, Destroy, Planned)], Turn::Moot),
        ((Block, Planned), vec![(9, Unblock, Planned)], Turn::Moot),
        ((Unblock, Planned), vec![(1, Block, Accepted)], Turn::Wait),
        ((Unblock, Planned), vec![(1, Block, Acknowledged)], Turn::Now),
        ((Unblock, Planned), vec![(1, Block, Refused)], Turn::Now),
        ((Destroy, Planned), vec![(1, Correct, Planned)], Turn::Wait),
        ((Destroy, Planned), vec![(1, Correct, Moot)], Turn::Now),
        ((Correct, Planned), vec![(9, Destroy, Acknowledged)], Turn::Moot),
        ((Destroy, Planned), vec![(1, StopPublication, Accepted)], Turn::Now),
        ((StopPublication, Planned), vec![(1, Block, Planned)], Turn::Now),
        ((StopPublication, Planned), vec![(9, ResumePublication, Planned)], Turn::Moot),
        ((ResumePublication, Planned), vec![(1, StopPublication, Acknowledged)], Turn::Now),
        ((ResumePublication, Planned), vec![(1, StopPublication, Refused)], Turn::Now),
        ((ResumePublication, Planned), vec![(1, StopPublication, Accepted)], Turn::Wait),
        ((ResumePublication, Planned), vec![], Turn::Moot),
        (
            (ResumePublication, Planned),
            vec![(1, StopPublication, Acknowledged), (9, StopPublication, Planned)],
            Turn::Moot,
        ),
        (
            (ResumePublication, Planned),
            vec![(1, StopPublication, Acknowledged), (3, Destroy, Acknowledged)],
            Turn::Moot,
        ),
        ((StopPublication, Planned), vec![(1, ResumePublication, Acknowledged)], Turn::Now),
        ((Access, Planned), vec![(1, Block, Planned), (2, Correct, Accepted)], Turn::Now),
        ((Block, Planned), vec![(1, Access, Planned)], Turn::Now),
        ((Access, Planned), vec![(9, Destroy, Planned)], Turn::Moot),
    ];
    for ((act, state), others, expected) in table {
        let others: Vec<_> =
            others.into_iter().map(|(place, act, state)| call(place, act, state)).collect();
        assert_eq!(turn(call(5, act, state), &others), expected, "{act:?} beside {others:?}");
    }
}

#[test]
fn the_end_of_a_block_that_was_never_told_is_not_told() {
    let begun = Beside { attempts: 0, ..call(1, SystemAct::Block, CallState::Moot) };
    let ended = call(2, SystemAct::Unblock, CallState::Planned);
    assert_eq!(turn(ended, &[begun]), Turn::Moot);
    // It may have arrived: then its end is told.
    assert_eq!(turn(ended, &[Beside { attempts: 1, ..begun }]), Turn::Now);
}

#[test]
fn what_another_matter_took_down_is_not_put_back() {
    use CallState::{Acknowledged, Moot, Planned};
    use SystemAct::{ResumePublication, StopPublication};
    let own = call(1, StopPublication, Acknowledged);
    let back = call(5, ResumePublication, Planned);
    let of_another = |place, act, state| Beside { ticket: Some(2), ..call(place, act, state) };
    let other = of_another(2, StopPublication, Acknowledged);
    assert_eq!(turn(back, &[own, other]), Turn::Moot);
    let put_back = of_another(3, ResumePublication, Planned);
    assert_eq!(turn(back, &[own, other, put_back]), Turn::Now);
    let never_told = Beside { attempts: 0, ..of_another(2, StopPublication, Moot) };
    assert_eq!(turn(back, &[own, never_told]), Turn::Now);
    // What was taken down and never told here is not put back.
    assert_eq!(turn(back, &[Beside { attempts: 0, state: Moot, ..own }]), Turn::Moot);
    assert_eq!(turn(back, &[Beside { attempts: 1, state: Moot, ..own }]), Turn::Now);
}

#[test]
fn what_a_system_holds_is_said_or_it_is_no_answer() {
    let table = [
        (r#"{"status":"done","data":{"orders":[1]}}"#, Some(serde_json::json!({"orders": [1]}))),
        (r#"{"status":"done","data":null}"#, Some(Value::Null)),
        (r#"{"status":"done","data":[]}"#, Some(serde_json::json!([]))),
        (r#"{"status":"done"}"#, None),
        (r#"{"status":"done","data":"none"}"#, None),
        ("", None),
    ];
    for (body, expected) in table {
        assert_eq!(held_there(body.as_bytes()), expected, "{body}");
    }
    let said = Callback::read(br#"{"id":"msg_1","status":"done","data":null}"#).expect("read");
    assert_eq!(said.data, Some(Value::Null));
    let said = Callback::read(br#"{"id":"msg_1","status":"done"}"#).expect("read");
    assert_eq!(said.data, None);
    assert!(Callback::read(br#"{"id":"msg_1","status":"done","data":7}"#).is_none());
}

#[test]
fn a_message_is_of_now_for_five_minutes() {
    let now = Timestamp::from_second(1_000_000).expect("an instant");
    for (sent, expected) in
        [(1_000_000, true), (999_700, true), (999_699, false), (1_000_301, false)]
    {
        assert_eq!(is_of_now(sent, now), expected, "{sent}");
    }
    assert!(!is_of_now(i64::MIN, now) && !is_of_now(i64::MAX, now));
}

#[test]
fn a_message_that_says_nothing_is_none() {
    assert!(Callback::read(br#"{"id":"msg_1","status":"done"}"#).is_some());
    assert!(
        Callback::read(br#"{"id":"msg_1","status":"failed","code":"no_such_person"}"#).is_some()
    );
    for wrong in [
        r#"{"id":"msg_1","status":"accepted"}"#,
        r#"{"id":"msg_1"}"#,
        r#"{"id":"anna@mail.example","status":"done"}"#,
        r#"{"id":"msg_1","status":"failed","code":"Anna is gone"}"#,
        "",
    ] {
        assert!(Callback::read(wrong.as_bytes()).is_none(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn the_pause_grows_to_an_hour_and_never_vanishes(attempts in 1_i64..200, random: u8) {
        let seconds = pause(attempts, random).as_secs_f64();
        prop_assert!((3.7..=4500.0).contains(&seconds));
    }

    /// Whatever stands in the queue of a person, its first open call is never held up.
    #[test]
    fn the_first_that_is_open_never_waits(
        queue in proptest::collection::vec((0_usize..7, 0_usize..6, 0_i64..3), 1..12)
    ) {
        let queue: Vec<Beside> = queue.into_iter().zip(1..).map(|((act, state, attempts), place)| {
            Beside { attempts, ..call(place, SystemAct::ALL[act], CallState::ALL[state]) }
        }).collect();
        let open = |call: &&Beside| {
            call.state == CallState::Planned || call.state == CallState::Accepted
        };
        if let Some(first) = queue.iter().find(open) {
            let others: Vec<_> = queue.iter().filter(|other| *other != first).copied().collect();
            prop_assert_ne!(turn(*first, &others), Turn::Wait);
        }
    }
}
