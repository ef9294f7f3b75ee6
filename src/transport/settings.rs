//! Settings of a connection.

use std::time::Duration;

/// Settings of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) connect_timeout: Duration,
    pub(crate) reconnect: bool,
    pub(crate) first_wait: Duration,
    pub(crate) longest_wait: Duration,
    #[cfg_attr(not(feature = "ws"), allow(dead_code, reason = "only calls over a WebSocket wait for it"))]
    pub(crate) queue_while_down: usize,
    /// The interval between pings, and the longest silence after one.
    pub(crate) keepalive: Option<(Duration, Duration)>,
    pub(crate) heartbeat_watch: bool,
    pub(crate) frame_limit: usize,
    /// The limit of the parts of a streamed answer that wait to be read, in bytes.
    pub(crate) stream_buffer: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            reconnect: true,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            queue_while_down: 0,
            keepalive: Some((Duration::from_secs(20), Duration::from_secs(10))),
            heartbeat_watch: true,
            frame_limit: 64 << 20,
            stream_buffer: 4 << 20,
        }
    }
}

impl Settings {
    /// Returns how long a connection must last for the next wait to be the first one again.
    pub(crate) fn stable_after(&self) -> Duration {
        self.longest_wait.min(Duration::from_secs(10))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;
    use tower::retry::backoff::Backoff;

    use super::*;
    use crate::backoff::new_backoff;

    #[tokio::test(start_paused = true)]
    async fn waits_double_with_a_share_of_chance_and_for_ever() {
        let settings = Settings::default();
        assert!(settings.reconnect);
        let waits = || {
            let mut backoff = new_backoff(settings.first_wait, settings.longest_wait);
            let wait = move || backoff.next_backoff().deadline() - Instant::now();
            std::iter::repeat_with(wait).take(20).collect::<Vec<_>>()
        };
        let (some, others) = (waits(), waits());
        let mut least = settings.first_wait;
        for wait in &some {
            // The waits are rounded by less than a millisecond.
            assert!(*wait + Duration::from_millis(1) >= least && *wait <= 2 * least, "{wait:?} of {least:?}");
            assert!(*wait <= settings.longest_wait, "{wait:?}");
            least = settings.longest_wait.min(2 * least);
        }
        assert_ne!(some, others, "bots that were cut off together do not come back together");
    }
}
