//! Requests carried to their end on real databases: the same scenarios on SQLite and on
//! PostgreSQL. One file for each part of the life of a request; in each, `both!` runs them.

#[allow(dead_code, reason = "the desk of the filing tests; not every hand of it is needed here")]
#[path = "../filing/desk.rs"]
mod desk;
#[allow(dead_code, reason = "what one part of the tests needs another may not")]
mod room;

use std::pin::Pin;

use room::Room;

/// All scenarios together are too much for the stack of one test.
fn on_heap<F: Future<Output = ()> + 'static>(
    scenario: impl FnOnce(Room) -> F,
    room: Room,
) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(scenario(room))
}

/// `both! { a_scenario, another }` in a file with `async fn a_scenario(room: Room)`: one test each
/// on SQLite, and `on_both::postgresql` for all of them with one server and a fresh database each.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod on_both {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::room::Room::on_sqlite().await).await;
            })+

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgresql() {
                let server = tests::servers::postgres::Postgres::start().expect("PostgreSQL");
                $(crate::on_heap(
                    super::$name,
                    crate::room::Room::on_postgres(&server).await,
                ).await;)+
            }
        }
    };
}

mod access;
mod audited;
mod blocks;
mod correction;
mod deciding;
mod disowned;
mod identity;
mod links;
mod parties;
mod proof;
mod represented;
mod restoring;
mod room_itself;
mod settled;
mod systems;
mod timing;
