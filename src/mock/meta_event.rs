//! Lifecycle events and heartbeats.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::schema::events;
use crate::event::EventKind;

/// The longest interval that a heartbeat names.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Returns the first event on a connection. Its time is that of the server's start, as on go-cqhttp.
pub(super) fn lifecycle(self_id: i64) -> String {
    format!(
        r#"{{"_post_method":2,"meta_event_type":"lifecycle","post_type":"meta_event","self_id":{self_id},"sub_type":"connect","time":{}}}"#,
        now()
    )
}

/// Returns the time since 1970 in seconds.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Returns the first event on a connection that the simulated server has made itself.
pub(super) fn lifecycle_of_dialled(self_id: i64) -> String {
    format!(
        r#"{{"meta_event_type":"lifecycle","post_type":"meta_event","self_id":{self_id},"sub_type":"connect","time":{}}}"#,
        now()
    )
}

pub(super) fn heartbeat(self_id: i64, interval: Duration) -> Value {
    let example = events().find(|info| info.kind == EventKind::Heartbeat).map_or("{}", |info| info.example);
    let mut event: Value = serde_json::from_str(example).unwrap_or_default();
    event["interval"] = json!(interval.min(YEAR).as_millis());
    event["self_id"] = json!(self_id);
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_names_its_interval_however_long_it_is() {
        for (interval, named) in [(Duration::from_secs(5), 5000), (Duration::MAX, 365 * 24 * 60 * 60 * 1000_u64)] {
            assert_eq!(heartbeat(10010, interval)["interval"], named);
        }
    }
}
