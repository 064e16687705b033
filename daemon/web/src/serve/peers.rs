//! How many connections one visitor holds: a few browsers' worth, so that one network cannot hold
//! all the places. The proxies we trust speak for many and are not counted.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::network::{Network, Origin, is_trusted};

/// For one network: an office behind one address, each browser with its six connections.
const MOST_PER_PEER: u32 = 64;

/// The connections open now, by limit key; as many entries as there are connections at most.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<HashMap<String, u32>>);

/// A place for one connection of a peer; free again when dropped.
#[derive(Debug)]
pub(super) struct PeerPlace {
    peers: Arc<Peers>,
    /// `None` for a trusted proxy.
    key: Option<String>,
}

impl Peers {
    /// A place for a connection from this address; `None` when it holds too many.
    pub(super) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        trusted: &[Network],
    ) -> Option<PeerPlace> {
        if is_trusted(address, trusted) {
            return Some(PeerPlace { peers: Arc::clone(self), key: None });
        }
        let key = Origin(address.to_canonical()).limit_key();
        let mut peers = self.lock();
        let held = peers.entry(key.clone()).or_insert(0);
        if *held >= MOST_PER_PEER {
            return None;
        }
        *held = held.saturating_add(1);
        Some(PeerPlace { peers: Arc::clone(self), key: Some(key) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PeerPlace {
    fn drop(&mut self) {
        let Some(key) = &self.key else { return };
        let mut peers = self.peers.lock();
        match peers.get_mut(key) {
            Some(held) if *held > 1 => *held = held.saturating_sub(1),
            Some(_) | None => {
                peers.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn one_visitor_has_so_many_places_and_a_proxy_as_many_as_it_wants() {
        let peers = Arc::new(Peers::default());
        let trusted = [Network::parse("10.0.0.0/8").expect("a network")];
        let admit = |text: &str| peers.admit(address(text), &trusted);
        let mut held: Vec<_> = (0..64).filter_map(|_| admit("2001:db8::1")).collect();
        assert_eq!(held.len(), 64);
        assert!(admit("2001:db8::2").is_none(), "the same line");
        assert!(admit("2001:db8:0:1::1").is_some() && admit("192.0.2.1").is_some());
        held.pop();
        let again = admit("2001:db8::2");
        assert!(again.is_some(), "a place became free");
        assert!(admit("2001:db8::1").is_none());
        let proxied: Vec<_> = (0..500).filter_map(|_| admit("::ffff:10.0.0.1")).collect();
        assert_eq!(proxied.len(), 500);
        drop((held, again, proxied));
        assert!(peers.lock().is_empty(), "nothing is kept of who has gone");
    }
}
