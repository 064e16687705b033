//! What both scripted servers share: a loopback port, a thread for each connection, a cut on demand.

use std::{
    collections::HashMap,
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
    port: Arc<Port>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// By the number under which they were accepted.
    open: Mutex<HashMap<usize, TcpStream>>,
    accepted: AtomicUsize,
    ended: AtomicBool,
}

impl Acceptor {
    /// Listens on a reserved port and gives every connection a thread with `serve`.
    pub(super) fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Result<Self> {
        Self::start_on(Arc::new(Port::reserve()?), serve)
    }

    /// The same on a port that is reserved already, as a server that was started again.
    pub(super) fn start_on(
        port: Arc<Port>,
        serve: impl Fn(TcpStream) + Send + Sync + 'static,
    ) -> Result<Self> {
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
                    let number = shared.accepted.fetch_add(1, Ordering::SeqCst);
                    if let Ok(copy) = stream.try_clone() {
                        lock(&shared.open).insert(number, copy);
                    }
                    let (serve, shared) = (Arc::clone(&serve), Arc::clone(&shared));
                    thread::spawn(move || {
                        serve(stream);
                        lock(&shared.open).remove(&number);
                    });
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
        for (_, stream) in lock(&self.shared.open).drain() {
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
