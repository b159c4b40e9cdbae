//! `limit_req` and `limit_conn`: how often, and how many at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::levels::Levels;
use crate::{
    kernel::wait::lock,
    servers::nginx::{
        config::{ConfigError, Directive, value},
        template::Template,
    },
};

/// What nginx sets aside for the state of one key, in bytes.
const STATE_BYTES: u64 = 128;

/// A zone: what requests are counted by, and the counts.
#[derive(Debug)]
pub(in crate::servers::nginx) struct Zone {
    pub(in crate::servers::nginx) name: String,
    pub(in crate::servers::nginx) key: Template,
    /// Thousandths of a request a second; 0 in a zone for connections.
    rate: u64,
    most: usize,
    states: Mutex<HashMap<String, State>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Thousandths of a request above the rate.
    excess: u64,
    last: Duration,
    connections: u32,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::servers::nginx) enum Verdict {
    Pass,
    /// It waits so long; `excess` is in thousandths of a request.
    Delay {
        excess: u64,
        wait: Duration,
    },
    Reject {
        excess: u64,
    },
}

impl Zone {
    /// Counts a request at `now` (a leaky bucket); one that is rejected does not count.
    pub(in crate::servers::nginx) fn request(
        &self,
        key: &str,
        limit: &RequestLimit,
        now: Duration,
    ) -> Verdict {
        let mut states = lock(&self.states);
        self.make_room(&mut states, key, now);
        let known = states.get(key).copied();
        let excess = known.map_or(0, |state| {
            let elapsed = now.saturating_sub(state.last).as_millis() as u64;
            (state.excess + 1000).saturating_sub(self.rate.saturating_mul(elapsed) / 1000)
        });
        if excess > limit.burst {
            return Verdict::Reject { excess };
        }
        states.insert(key.to_owned(), State { excess, last: now, connections: 0 });
        if excess <= limit.delay {
            return Verdict::Pass;
        }
        Verdict::Delay {
            excess,
            wait: Duration::from_millis((excess - limit.delay) * 1000 / self.rate.max(1)),
        }
    }

    /// Counts a connection until what is returned goes; `None` where there are too many.
    pub(in crate::servers::nginx) fn connection(self: &Arc<Self>, key: String, most: u32) -> Option<Place> {
        let mut states = lock(&self.states);
        if !states.contains_key(&key) && states.len() >= self.most {
            return None;
        }
        let state = states.entry(key.clone()).or_default();
        if state.connections >= most {
            return None;
        }
        state.connections += 1;
        Some(Place { zone: Arc::clone(self), key })
    }

    /// A full zone forgets who has been quiet for longest.
    fn make_room(&self, states: &mut HashMap<String, State>, key: &str, now: Duration) {
        if states.contains_key(key) || states.len() < self.most {
            return;
        }
        states.retain(|_, state| {
            let elapsed = now.saturating_sub(state.last).as_millis() as u64;
            state.excess > self.rate.saturating_mul(elapsed) / 1000
        });
        if states.len() >= self.most
            && let Some(oldest) =
                states.iter().min_by_key(|(_, state)| state.last).map(|(key, _)| key.clone())
        {
            states.remove(&oldest);
        }
    }
}

/// A connection that counts in a zone.
#[derive(Debug)]
pub(in crate::servers::nginx) struct Place {
    zone: Arc<Zone>,
    key: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut states = lock(&self.zone.states);
        if let Some(state) = states.get_mut(&self.key) {
            state.connections -= 1;
            if state.connections == 0 {
                states.remove(&self.key);
            }
        }
    }
}

/// A `limit_req`. What may come above the rate is in thousandths of a request.
#[derive(Clone, Debug)]
pub(in crate::servers::nginx) struct RequestLimit {
    pub(in crate::servers::nginx) zone: Arc<Zone>,
    burst: u64,
    /// What comes above that waits.
    delay: u64,
}

/// A `limit_conn`.
#[derive(Clone, Debug)]
pub(in crate::servers::nginx) struct ConnectionLimit {
    pub(in crate::servers::nginx) zone: Arc<Zone>,
    pub(in crate::servers::nginx) most: u32,
}

/// What holds in a location.
#[derive(Clone, Debug, Default)]
pub(in crate::servers::nginx) struct Limits {
    pub(in crate::servers::nginx) requests: Vec<RequestLimit>,
    pub(in crate::servers::nginx) connections: Vec<ConnectionLimit>,
    pub(in crate::servers::nginx) request_status: u16,
    pub(in crate::servers::nginx) connection_status: u16,
}

/// Zones by their names.
pub(super) type Zones = HashMap<String, Arc<Zone>>;

/// The value of a parameter `name=value`.
fn parameter<'a>(directive: &'a Directive, name: &str) -> Option<&'a str> {
    directive.args.iter().find_map(|arg| arg.strip_prefix(name)?.strip_prefix('='))
}

/// Reads `limit_req_zone KEY zone=NAME:SIZE rate=N` and `limit_conn_zone KEY zone=NAME:SIZE`.
pub(super) fn zones(block: &[Directive]) -> Result<Zones, ConfigError> {
    let mut zones = Zones::new();
    for directive in block {
        let rate = match directive.name.as_str() {
            "limit_req_zone" => {
                let text = parameter(directive, "rate").unwrap_or("1r/s");
                let (count, unit) = match (text.strip_suffix("r/s"), text.strip_suffix("r/m")) {
                    (Some(count), _) => (count, 1),
                    (_, Some(count)) => (count, 60),
                    _ => (text, 1),
                };
                let count = count.parse::<u64>().ok().filter(|count| *count > 0);
                count
                    .ok_or_else(|| directive.error(format!("invalid rate \"rate={text}\"")))?
                    .saturating_mul(1000)
                    / unit
            }
            "limit_conn_zone" => 0,
            _ => continue,
        };
        let Some((name, size)) = parameter(directive, "zone").and_then(|zone| zone.split_once(':')) else {
            return Err(directive.error(format!("\"{}\" must have \"zone\" parameter", directive.name)));
        };
        let bytes = value::size(size)
            .ok_or_else(|| directive.error(format!("invalid zone size \"zone={name}:{size}\"")))?;
        if bytes < 8 * 4096 {
            return Err(directive.error(format!("zone \"zone={name}:{size}\" is too small")));
        }
        let key = Template::parse(directive.arg(0)).map_err(|message| directive.error(message))?;
        let most = usize::try_from(bytes / STATE_BYTES).unwrap_or(usize::MAX);
        let zone = Zone { name: name.to_owned(), key, rate, most, states: Mutex::default() };
        if zones.insert(name.to_owned(), Arc::new(zone)).is_some() {
            return Err(directive.error(format!("{} \"{name}\" is already bound to key", directive.name)));
        }
    }
    Ok(zones)
}

/// What a level limits.
pub(super) fn limits(levels: &Levels<'_>, zones: &Zones) -> Result<Limits, ConfigError> {
    let zone = |directive: &Directive, name: &str| {
        zones
            .get(name)
            .cloned()
            .ok_or_else(|| directive.error(format!("zero size shared memory zone \"{name}\"")))
    };
    let status =
        |name: &str| levels.find(name).and_then(|directive| directive.arg(0).parse().ok()).unwrap_or(503);
    let mut limits = Limits {
        request_status: status("limit_req_status"),
        connection_status: status("limit_conn_status"),
        ..Limits::default()
    };
    for directive in levels.all("limit_req") {
        let name = parameter(directive, "zone").unwrap_or_default();
        let number = |name: &str| -> Result<u64, ConfigError> {
            let Some(text) = parameter(directive, name) else { return Ok(0) };
            let number = text.parse::<u64>().ok().filter(|number| *number > 0 || name == "delay");
            Ok(number
                .ok_or_else(|| directive.error(format!("invalid {name} value \"{name}={text}\"")))?
                .saturating_mul(1000))
        };
        let burst = number("burst")?;
        let delay =
            if directive.args.iter().any(|arg| arg == "nodelay") { u64::MAX } else { number("delay")? };
        limits.requests.push(RequestLimit { zone: zone(directive, name)?, burst, delay });
    }
    for directive in levels.all("limit_conn") {
        let text = directive.args.get(1).map_or("", String::as_str);
        let most = text.parse::<u32>().ok().filter(|most| *most > 0);
        let most =
            most.ok_or_else(|| directive.error(format!("invalid number of connections \"{text}\"")))?;
        limits.connections.push(ConnectionLimit { zone: zone(directive, directive.arg(0))?, most });
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use super::{RequestLimit, Verdict, Zone};
    use crate::servers::nginx::template::Template;

    fn zone(rate: u64) -> Arc<Zone> {
        let key = Template::default();
        Arc::new(Zone { name: "z".to_owned(), key, rate, most: 2, states: Mutex::new(HashMap::new()) })
    }

    #[test]
    fn what_comes_above_the_rate_waits_as_far_as_the_burst_goes() {
        let zone = zone(1000);
        let limit = RequestLimit { zone: Arc::clone(&zone), burst: 1000, delay: 0 };
        let at = Duration::from_millis;
        assert_eq!(zone.request("a", &limit, at(0)), Verdict::Pass);
        assert_eq!(zone.request("a", &limit, at(0)), Verdict::Delay { excess: 1000, wait: at(1000) });
        assert_eq!(zone.request("a", &limit, at(500)), Verdict::Reject { excess: 1500 });
        assert_eq!(zone.request("b", &limit, at(500)), Verdict::Pass);
        assert_eq!(zone.request("a", &limit, at(3000)), Verdict::Pass);
        // A full zone forgets somebody rather than refusing a new client.
        assert_eq!(zone.request("c", &limit, at(3000)), Verdict::Pass);
    }

    #[test]
    fn connections_count_while_they_last() {
        let zone = zone(0);
        let place = zone.connection("a".to_owned(), 1);
        assert!(place.is_some() && zone.connection("a".to_owned(), 1).is_none());
        drop(place);
        assert!(zone.connection("a".to_owned(), 1).is_some());
    }
}
