//! Settings of a server.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::DEFAULT_TIMEOUT;
use crate::events::fanout::ACCOUNT_OVERHEAD;
use crate::events::queue::QueueLimits;
use crate::generated::server::ServerKind;
use crate::generated::types::UserId;
use crate::transport::BoxedService;
use crate::transport::settings::Settings;

/// Default limit of the bytes of all accounts' events.
const DEFAULT_TOTAL: usize = 256 << 20;

/// A layer that is put around the service of each account.
pub(super) type AnyLayer = Box<dyn Fn(BoxedService) -> BoxedService + Send + Sync>;

/// Settings of a server: see the methods of `ServerBuilder`.
pub(super) struct ServerOptions {
    pub(super) token: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) layers: Vec<AnyLayer>,
    pub(super) queue: QueueLimits,
    /// Set if events of another account than the connection's are accepted.
    pub(super) other_accounts: bool,
    pub(super) dedupe: Option<Duration>,
    pub(super) connections: usize,
    pub(super) handshake_timeout: Duration,
    pub(super) body_limit: usize,
    pub(super) answer_within: Duration,
    pub(super) replay_window: Duration,
    pub(super) settings: Settings,
    /// The kinds of servers that were set by hand, by account.
    pub(super) kinds: BTreeMap<UserId, ServerKind>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            token: None,
            secret: None,
            timeout: Some(DEFAULT_TIMEOUT),
            layers: Vec::new(),
            queue: QueueLimits { total: DEFAULT_TOTAL, each_account: ACCOUNT_OVERHEAD, ..QueueLimits::default() },
            other_accounts: false,
            dedupe: None,
            connections: 4096,
            handshake_timeout: Duration::from_secs(10),
            body_limit: 8 << 20,
            answer_within: Duration::from_secs(4),
            replay_window: Duration::from_secs(300),
            settings: Settings::default(),
            kinds: BTreeMap::new(),
        }
    }
}
