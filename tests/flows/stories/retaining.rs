//! A purpose is reached: the nightly look opens a ticket, people approve, the data are destroyed.

use tests::{
    Result,
    newsroom::OPERATOR,
    wait::{LONG, wait_for},
};

use super::{
    dates::{date, day_of},
    house::{DECIDER, House, PROPOSER},
};

const PERSON: &str = "t.bylaya@post.example";
const NAME: &str = "Тамара Былая";

#[test]
fn who_left_every_list_gets_a_ticket_of_destruction_that_people_approve() -> Result<()> {
    let mut house = House::with_reader(PERSON, NAME)?;
    let why = "by telephone";
    house.home.say(&["consent", "withdraw", PERSON, "--reason", why, "--actor", OPERATOR])?;
    house.days_pass(2)?;
    let request = house.filed("achieved", &[])?;
    let shown = house.request(request)?;
    let number = shown["ticket"].as_str().unwrap_or_default().to_owned();
    let ticket = house.home.json(&["ticket", "show", &number])?;
    assert_eq!(ticket["lane"], "ordinary", "{ticket:#}");
    let destroy = house.duty(request, "destroy")?;
    let thirtieth = day_of(&shown["achieved_at"])?.checked_add(jiff::Span::new().days(30))?;
    let (safe, legal) = (date(&destroy["safe_due_on"])?, date(&destroy["legal_due_on"])?);
    assert!(safe <= thirtieth && thirtieth <= legal, "{destroy:#}");
    // Looking again opens no second one, and nothing is destroyed without a decision.
    house.days_pass(1)?;
    house.home.say(&["retention", "run"])?;
    let rows = house.home.rows(&["request", "list", "--all"])?;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(contacts(&house)?, 1);

    house.acts(PROPOSER, "plan", request, &[])?;
    house.decide(request)?;
    house.acts(DECIDER, "execute", request, &[])?;
    house.plan_reaches(request, &["done"])?;
    let closed = house.reaches(request, "closed")?;
    assert_eq!(closed["outcome"], "done", "{closed:#}");
    assert_eq!(contacts(&house)?, 0);
    house.is_supplemented(request)?;
    wait_for("the shop has destroyed her data", LONG, || {
        Ok((house.shop.memory().people.get(PERSON).map(String::as_str) == Some("destroy"))
            .then_some(()))
    })?;
    // Nobody asked: nobody is written to.
    assert!(house.mails(PERSON)?.is_empty());
    house.close(&[NAME, "Былая", "bylaya"], &[])
}

fn contacts(house: &House) -> Result<usize> {
    let shown = house.home.json(&["contact", "show", PERSON, "--actor", OPERATOR])?;
    Ok(shown["contacts"].as_array().map_or(0, Vec::len))
}
