//! What both scripted servers share: a loopback port, a thread for each connection, a cut on demand.

use std::{
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use anyhow::Result;

use crate::place::Port;

/// A listening port; ended with all its connections on drop.
#[derive(Debug)]
pub(super) struct Acceptor {
    port: Port,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    open: Mutex<Vec<TcpStream>>,
    accepted: AtomicUsize,
    ended: AtomicBool,
}

impl Acceptor {
    /// Listens on a reserved port and gives every connection a thread with `serve`.
    pub(super) fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Result<Self> {
        let port = Port::reserve()?;
        let listener = TcpListener::bind(("127.0.0.1", port.number()))?;
        let shared = Arc::new(Shared::default());
        let serve = Arc::new(serve);
        let thread = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if shared.ended.load(Ordering::SeqCst) {
                        return;
                    }
                    shared.accepted.fetch_add(1, Ordering::SeqCst);
                    if let Ok(copy) = stream.try_clone() {
                        lock(&shared.open).push(copy);
                    }
                    let serve = Arc::clone(&serve);
                    thread::spawn(move || serve(stream));
                }
            })
        };
        Ok(Self { port, shared, thread: Some(thread) })
    }

    pub(super) fn port(&self) -> u16 {
        self.port.number()
    }

    pub(super) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Cuts every open connection without a word, as a dying network does.
    pub(super) fn cut_all(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port()));
        self.cut_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A poisoned lock is taken all the same: the test that panicked has failed already.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What becomes of a connection after a command.
pub(super) enum Next {
    Go,
    Close,
}
