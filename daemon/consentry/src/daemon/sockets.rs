//! The web port: passed by systemd, or opened here.

use std::net::SocketAddr;

use anyhow::Context as _;
use listenfd::ListenFd;
use tokio::net::TcpListener;

/// The listening socket: the first one that systemd passes (`consentry.socket`), else a new one.
///
/// # Errors
/// When the address cannot be used.
pub fn listener(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let passed = ListenFd::from_env().take_tcp_listener(0);
    let socket = match passed.context("the socket that systemd passes is no TCP socket")? {
        Some(passed) => passed,
        None => std::net::TcpListener::bind(address).with_context(|| {
            format!("cannot listen on `{address}`; check `web.listen`, another program may use it")
        })?,
    };
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket)?)
}
