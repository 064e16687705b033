//! Destruction on real databases: from the plan to the proof, killed anywhere, searched for in the
//! files. The same scenarios on SQLite and on PostgreSQL.

#[allow(dead_code, reason = "the desk of the filing tests; not every hand of it is needed here")]
#[path = "../filing/desk.rs"]
mod desk;
#[allow(dead_code, reason = "the room of the tests of requests")]
#[path = "../requests/room.rs"]
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

/// One test each on SQLite, and `on_both::postgresql` for all of them with one server and a fresh
/// database each.
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

mod ended;
#[allow(dead_code, reason = "shared by the files of this room")]
mod hands;
mod killed;
mod late;
mod letters;
mod searched;
mod whole;
