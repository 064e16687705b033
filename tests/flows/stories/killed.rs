//! kill -9 everywhere in one destruction: it is finished and proven all the same.

use std::fs;

use tests::{
    Result,
    wait::{LONG, wait_until},
};

use super::{
    house::{House, PROPOSER},
    search,
};

const PERSON: &str = "n.zhivuchaya@post.example";
const NAME: &str = "Нина Живучая";
const TRACES: [&str; 3] = [PERSON, "zhivuchaya", "Живуч"];

/// Before and after each stage, in their order.
const POINTS: [&str; 22] = [
    "destruction_protect",
    "destruction_protected",
    "destruction_tell",
    "destruction_told",
    "destruction_rows",
    "destruction_rows_gone",
    "destruction_objects",
    "destruction_objects_gone",
    "destruction_objects_noted",
    "destruction_objects_done",
    "destruction_copies",
    "destruction_copies_gone",
    "destruction_verify",
    "destruction_verified",
    "destruction_answer",
    "destruction_answered",
    "destruction_answer_forgotten",
    "destruction_close",
    "destruction_closed",
    "destruction_wipe",
    "destruction_supplemented",
    "destruction_wiped",
];

/// She asks, proves who she is, and two people let her data be destroyed; nothing has begun.
fn approved() -> Result<(House, i64)> {
    let mut house = House::with_reader(PERSON, NAME)?;
    fs::remove_file(house.home.dir().join("news.csv"))?;
    let text = "Прошу удалить все мои персональные данные.\n\nНина Живучая\n";
    house.writes(NAME, PERSON, "Удаление персональных данных", text)?;
    let request = house.filed("erasure", &[])?;
    house.reaches(request, "identity")?;
    house.answers_challenge(PERSON, request, "mine")?;
    house.reaches(request, "under_review")?;
    house.acts(PROPOSER, "plan", request, &[])?;
    house.stop()?;
    house.decide(request)?;
    Ok((house, request))
}

fn proven(house: &mut House, request: i64) -> Result<()> {
    house.plan_reaches(request, &["done"])?;
    house.reaches(request, "closed")?;
    house.is_supplemented(request)?;
    house.home.say(&["request", "plan", &request.to_string(), "--verify"])?;
    let answers = house.mails(PERSON)?;
    let answers = answers.iter().filter(|mail| mail.text.contains("Акт об уничтожении"));
    assert_eq!(answers.count(), 1, "she is answered once");
    assert_eq!(house.shop.memory().people.get(PERSON).map(String::as_str), Some("destroy"));
    house.stop()?;
    let left = search::found(house.home.dir(), &TRACES)?;
    assert!(left.is_empty(), "{left:#?}");
    house.close(&TRACES, &[])
}

#[test]
fn a_daemon_killed_at_every_stage_of_a_destruction_ends_and_proves_it() -> Result<()> {
    let (mut house, request) = approved()?;
    for point in POINTS {
        house.dies_at(point)?;
    }
    proven(&mut house, request)
}

#[test]
fn a_daemon_killed_at_any_moment_of_a_destruction_ends_and_proves_it() -> Result<()> {
    let (mut house, request) = approved()?;
    for _ in 0..4 {
        let before = house.home.log().matches("a destruction went on").count();
        house.days_pass(1)?;
        wait_until("the destruction goes on", LONG, || {
            Ok(house.home.log().matches("a destruction went on").count() > before)
        })?;
        house.kill()?;
    }
    proven(&mut house, request)
}
