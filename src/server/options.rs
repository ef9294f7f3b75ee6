//! Settings of a server.

use std::time::Duration;

use crate::client::DEFAULT_TIMEOUT;
use crate::events::queue::Overflow;
use crate::transport::BoxedService;
use crate::transport::ws::settings::Settings;

/// A layer that is put around the service of each account.
pub(super) type AnyLayer = Box<dyn Fn(BoxedService) -> BoxedService + Send + Sync>;

/// Settings of a server: see the methods of `ServerBuilder`.
pub(super) struct ServerOptions {
    pub(super) token: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) layers: Vec<AnyLayer>,
    pub(super) event_queue: usize,
    pub(super) overflow: Overflow,
    pub(super) dedupe: Option<Duration>,
    pub(super) connections: usize,
    pub(super) handshake_timeout: Duration,
    pub(super) body_limit: usize,
    pub(super) answer_within: Duration,
    pub(super) replay_window: Duration,
    pub(super) settings: Settings,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            token: None,
            secret: None,
            timeout: Some(DEFAULT_TIMEOUT),
            layers: Vec::new(),
            event_queue: 1024,
            overflow: Overflow::default(),
            dedupe: None,
            connections: 4096,
            handshake_timeout: Duration::from_secs(10),
            body_limit: 8 << 20,
            answer_within: Duration::from_secs(4),
            replay_window: Duration::from_secs(300),
            settings: Settings::default(),
        }
    }
}
