//! Heartbeats: the interval that a server promises in each.

use std::time::Duration;

use crate::decode;
use crate::raw_fields::raw_fields;

/// Returns the longest silence that a heartbeat allows: 2.5 times the interval in it, which is in milliseconds; `None` without a
/// positive interval.
pub(crate) fn longest_silence(heartbeat: &[u8]) -> Option<Duration> {
    let interval: u64 = raw_fields(heartbeat, ["interval"]).ok().and_then(|[interval]| decode::value(interval?))?;
    (interval > 0).then(|| Duration::from_millis(interval.saturating_mul(5) / 2))
}
