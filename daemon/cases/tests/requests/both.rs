//! One set of scenarios, run on both databases.

use std::pin::Pin;

use crate::room::Room;

/// All scenarios together are too much for the stack of one test.
pub fn on_heap<F: Future<Output = ()> + 'static>(
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
                $(crate::both::on_heap(
                    super::$name,
                    crate::room::Room::on_postgres(&server).await,
                ).await;)+
            }
        }
    };
}
