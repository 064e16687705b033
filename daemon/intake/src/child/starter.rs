//! The thread that starts reader children.
//!
//! A child dies with the *thread* that started it (PR_SET_PDEATHSIG), and the threads that poll
//! mailboxes come and go while the pool's children serve others. So one thread, which lives as
//! long as the pool, starts all of them and does nothing else.

use std::{
    io,
    sync::{Mutex, PoisonError, mpsc},
};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

struct Order {
    runtime: Handle,
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// The way to the thread, which begins with the first order and ends with the starter.
#[derive(Default)]
pub struct Starter {
    orders: Mutex<Option<mpsc::Sender<Order>>>,
}

impl Starter {
    /// Starts a child that lives no longer than this starter.
    pub async fn start(&self, command: Command) -> io::Result<Child> {
        let (reply, started) = oneshot::channel();
        let order = Order { runtime: Handle::current(), command, reply };
        self.give(order)?;
        started.await.map_err(|_| gone())?
    }

    fn give(&self, order: Order) -> io::Result<()> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let order = match &*orders {
            Some(thread) => match thread.send(order) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(order)) => order,
            },
            None => order,
        };
        let (sender, receiver) = mpsc::channel();
        std::thread::Builder::new()
            .name("reader-starter".to_owned())
            .spawn(move || serve(&receiver))?;
        sender.send(order).map_err(|_| gone())?;
        *orders = Some(sender);
        Ok(())
    }
}

fn serve(orders: &mpsc::Receiver<Order>) {
    while let Ok(Order { runtime, mut command, reply }) = orders.recv() {
        let _inside = runtime.enter();
        // Whoever does not wait any more has dropped the receiver; the child is killed on drop.
        let _ = reply.send(command.spawn());
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that starts readers is gone")
}
