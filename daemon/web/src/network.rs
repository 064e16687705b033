//! From which network a request comes: the evidence kept with an entry, and the key of limits.
//!
//! Only a trusted proxy may say for whom it speaks. `X-Forwarded-For` is read from the right,
//! since every proxy appends and a person may have written the left part themselves, and as
//! bytes: what they wrote need not be text, and must not hide what the proxy wrote.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

/// A network of proxies, such as `127.0.0.1` or `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no network; write an address such as 127.0.0.1 or a range such as 10.0.0.0/8")]
pub struct InvalidNetwork(pub String);

impl Network {
    /// Reads an address or a range in CIDR form.
    ///
    /// # Errors
    /// [`InvalidNetwork`] otherwise.
    pub fn parse(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| invalid())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| invalid())?,
            None => longest,
        };
        if prefix > longest {
            return Err(invalid());
        }
        Ok(Self { address, prefix })
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => same_prefix(
                u128::from(ours.to_bits()),
                u128::from(theirs.to_bits()),
                self.prefix,
                32,
            ),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                same_prefix(ours.to_bits(), theirs.to_bits(), self.prefix, 128)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Whether the address is a proxy's that we believe.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address.to_canonical()))
}

fn same_prefix(a: u128, b: u128, prefix: u8, width: u8) -> bool {
    let rest = u32::from(width.saturating_sub(prefix));
    a.checked_shr(rest).unwrap_or(0) == b.checked_shr(rest).unwrap_or(0)
}

/// The other end of the connection; [`crate::serve`] puts it into every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The network address of the person, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) IpAddr);

impl Origin {
    /// The address on whose behalf `peer` speaks.
    pub(crate) fn find(peer: Peer, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let mut origin = peer.0.to_canonical();
        if !is_trusted(origin, trusted) {
            return Self(origin);
        }
        let values = headers.get_all("x-forwarded-for").iter().rev();
        for hop in values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b',')) {
            // What is no address was not written by a proxy of ours: the last one counts.
            let Some(address) = read_hop(hop) else { break };
            origin = address.to_canonical();
            if !is_trusted(origin, trusted) {
                break;
            }
        }
        Self(origin)
    }

    /// The key under which limits count: an IPv6 line has a whole /64 to itself.
    pub(crate) fn limit_key(self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).to_string()
            }
        }
    }
}

/// Some proxies write a port behind the address.
fn read_hop(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    hop.parse().ok().or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let forwarded: Vec<&[u8]> = forwarded.iter().map(|value| value.as_bytes()).collect();
        check_bytes(peer, &forwarded, expected);
    }

    fn check_bytes(peer: &str, forwarded: &[&[u8]], expected: &str) {
        let trusted =
            [Network::parse("10.0.0.0/8"), Network::parse("::1"), Network::parse("127.0.0.1")]
                .map(|network| network.expect("a network"));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            let value = HeaderValue::from_bytes(value).expect("a header value");
            headers.append("x-forwarded-for", value);
        }
        let peer = Peer(peer.parse().expect("an address"));
        assert_eq!(Origin::find(peer, &headers, &trusted).0.to_string(), expected, "{forwarded:?}");
    }

    #[test]
    fn only_a_trusted_proxy_may_say_for_whom_it_speaks() {
        check("203.0.113.9", &["198.51.100.1"], "203.0.113.9");
        check("10.1.2.3", &["198.51.100.1"], "198.51.100.1");
        check("10.1.2.3", &["6.6.6.6, 198.51.100.1, 10.9.9.9"], "198.51.100.1");
        check("10.1.2.3", &["6.6.6.6", "198.51.100.1"], "198.51.100.1");
        check("::1", &["2001:db8::7"], "2001:db8::7");
        check("::ffff:127.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7");
        check("127.0.0.1", &["unknown"], "127.0.0.1");
        check("127.0.0.1", &[], "127.0.0.1");
    }

    #[test]
    fn what_a_person_wrote_on_the_left_does_not_hide_what_the_proxy_wrote_on_the_right() {
        check_bytes("10.1.2.3", &[b"\xff, 198.51.100.1"], "198.51.100.1");
        check_bytes("10.1.2.3", &[b"6.6.6.6\x80", b"198.51.100.1, 10.9.9.9"], "198.51.100.1");
        check_bytes("10.1.2.3", &["я".as_bytes(), b"198.51.100.1"], "198.51.100.1");
        check_bytes("10.1.2.3", &[b", 198.51.100.1"], "198.51.100.1");
        // What no proxy of ours wrote counts for nothing, and nor does all to the left of it.
        check_bytes("10.1.2.3", &[b"6.6.6.6, \xff, 10.9.9.9"], "10.9.9.9");
        check_bytes("10.1.2.3", &[b"\xff"], "10.1.2.3");
    }

    #[test]
    fn limits_count_an_ipv6_line_as_one() {
        let key = |text: &str| Origin(text.parse().expect("an address")).limit_key();
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2::ffff"));
        assert_ne!(key("2001:db8:1:2::4"), key("2001:db8:1:3::4"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn a_network_is_an_address_or_a_range() {
        for text in ["10.0.0.0/33", "10.0.0", "::/129", "x", "10.0.0.0/", ""] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
        assert!(Network::parse("0.0.0.0/0").expect("all").contains("9.9.9.9".parse().expect("ip")));
        assert!(Network::parse("::/0").expect("all").contains("::9".parse().expect("ip")));
    }
}
