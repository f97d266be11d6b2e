//! How often one may try to sign in: after some that were wrong each takes longer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Attempts with a name that cost nothing.
const OF_NAME: u32 = 5;
/// Attempts from an address that cost nothing: several people may sit behind one.
const OF_ADDRESS: u32 = 20;
/// The longest pause of a name: whoever tries it must not lock its owner out for long.
const LONGEST_OF_NAME: Duration = Duration::from_secs(60);
/// The longest pause of an address.
const LONGEST_OF_ADDRESS: Duration = Duration::from_secs(900);
/// After which attempts are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(3_600);
/// Names and addresses that are remembered; of more those are forgotten that tried longest ago.
const REMEMBERED: usize = 10_000;

/// Whom attempts are counted of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Of {
    Name(String),
    Address(IpAddr),
}

/// How often it was tried.
#[derive(Clone, Copy)]
struct Tried {
    times: u32,
    last: Instant,
    /// The next one may come then.
    next: Instant,
}

/// The attempts of a service.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<Of, Tried>>);

impl Attempts {
    /// Counts an attempt before it is known whether it is right, so that many at once are no way around it.
    ///
    /// # Errors
    /// How long it must wait.
    pub fn begin(&self, name: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, tried| now.saturating_duration_since(tried.last) < FORGOTTEN);
        let both = both(name, address);
        let waits = both.iter().filter_map(|(of, ..)| all.get(of));
        let wait = waits.map(|tried| tried.next.saturating_duration_since(now));
        let wait = wait.max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        for (of, free, longest) in both {
            let times = all.get(&of).map_or(0, |tried| tried.times) + 1;
            let pause = match times.checked_sub(free) {
                None | Some(0) => Duration::ZERO,
                Some(more) => Duration::from_secs(1 << (more - 1).min(20)).min(longest),
            };
            let tried = Tried {
                times,
                last: now,
                next: now + pause,
            };
            make_room(&mut all);
            all.insert(of, tried);
        }
        Ok(())
    }

    /// The attempt was right: the name begins anew, and the address has one less.
    pub fn forgive(&self, name: &str, address: IpAddr) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [(name, ..), (address, ..)] = both(name, address);
        all.remove(&name);
        // Not anew: who has one account would try others without end.
        if let Some(tried) = all.get_mut(&address) {
            tried.times = tried.times.saturating_sub(1);
            tried.next = tried.last;
        }
    }
}

fn both(name: &str, address: IpAddr) -> [(Of, u32, Duration); 2] {
    [
        (Of::Name(name.to_owned()), OF_NAME, LONGEST_OF_NAME),
        (
            Of::Address(network(address)),
            OF_ADDRESS,
            LONGEST_OF_ADDRESS,
        ),
    ]
}

/// Of IPv6 whoever has one address has all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address => address,
    }
}

fn make_room(all: &mut HashMap<Of, Tried>) {
    if all.len() < REMEMBERED {
        return;
    }
    let mut last: Vec<Instant> = all.values().map(|tried| tried.last).collect();
    last.sort_unstable();
    let middle = last[last.len() / 2];
    all.retain(|_, tried| tried.last > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn pauses_of_a_name_grow_and_end() {
        let attempts = Attempts::default();
        let mut now = Instant::now();
        for _ in 0..OF_NAME {
            attempts.begin("anna", HOME, now).unwrap();
        }
        attempts.begin("anna", HOME, now).unwrap();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let wait = attempts.begin("anna", HOME, now).unwrap_err();
            pauses.push(wait.as_secs());
            now += wait;
            attempts.begin("anna", HOME, now).unwrap();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        // Others come in meanwhile, and she once she knows it.
        attempts.begin("bert", HOME, now).unwrap();
        attempts.forgive("anna", HOME);
        attempts.begin("anna", HOME, now).unwrap();
        now += FORGOTTEN;
        for _ in 0..OF_NAME {
            attempts.begin("anna", HOME, now).unwrap();
        }
    }

    #[test]
    fn many_names_from_one_network_wait_too_whoever_signs_in_there() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let address = |end: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, end));
        for number in 0..=OF_ADDRESS {
            let name = format!("user{number}");
            attempts.begin(&name, address(number as u16), now).unwrap();
        }
        assert!(attempts.begin("other", address(99), now).is_err());
        assert!(attempts.begin("other", HOME, now).is_ok());
        let mapped = IpAddr::V6(std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped());
        assert_eq!(network(mapped), HOME);
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for number in 0..REMEMBERED as u64 + 10 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(number as u32));
            let at = start + Duration::from_millis(number);
            attempts.begin(&format!("n{number}"), address, at).unwrap();
        }
        assert!(attempts.0.lock().unwrap().len() <= REMEMBERED);
    }
}
