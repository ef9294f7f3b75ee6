//! The settings of a server, and its start.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use super::call::{ReceivedCall, Rejected};
use super::connection::OpenConnections;
use super::http;
use super::log::{CallLog, OnCall, OnRejected};
use super::long_polling::EventQueue;
use super::meta_event::lifecycle;
use super::post_format::PostFormat;
use super::schema::ActionInfo;
use super::server::MockServer;
use super::state::{OnRefused, State};
use super::world::World;
use crate::__private::need_runtime;
use crate::types::UserId;

/// Configures a [`MockServer`]: [`MockServer::builder`].
#[derive(Clone, Default)]
#[must_use = "no server listens until `start`"]
pub struct MockServerBuilder {
    port: u16,
    self_id: Option<UserId>,
    token: Option<String>,
    heartbeat: Option<Duration>,
    refuse_after_upgrade: Option<i64>,
    strict: bool,
    long_polling: Option<usize>,
    post_format: PostFormat,
    keep_calls: Option<usize>,
    on_call: Option<OnCall>,
    on_refused: Option<OnRefused>,
    on_rejected: Option<OnRejected>,
    world: Option<World>,
    extensions: Vec<&'static ActionInfo>,
}

impl MockServerBuilder {
    /// Sets the port of 127.0.0.1. Default: any free one.
    ///
    /// To restart a server on the same port, [stop](MockServer::stop) the first one before.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the account that the server is logged in to: in its lifecycle frames and heartbeats, and in the header of
    /// its [reverse WebSocket](MockServer::dial). Default: 10010, as in the schema's examples, which every account
    /// answers with.
    pub fn self_id(mut self, account: impl Into<UserId>) -> Self {
        self.self_id = Some(account.into());
        self
    }

    /// Requires an access token, as `Authorization: Bearer …` or as `?access_token=…`. Default: none; an empty token is
    /// none, as on go-cqhttp.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// Sends heartbeats at this interval, to every receiver of events. Default: none.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = Some(interval);
        self
    }

    /// Refuses a WebSocket connection as NapCat does: if the token is missing or wrong, the upgrade succeeds, one frame
    /// with this retcode follows (NapCat's is 1403), and the connection is closed. Without an [`access_token`](Self::access_token),
    /// every connection is refused. Default: 401 or 403 in place of the upgrade, as on go-cqhttp.
    pub fn refuse_after_upgrade(mut self, retcode: i64) -> Self {
        self.refuse_after_upgrade = Some(retcode);
        self
    }

    /// Refuses the actions that go-cqhttp does not implement, with `API_NOT_FOUND`, unless they have a handler.
    /// They include the actions that only other servers have, such as `group_poke`. Server-sent events are refused, too.
    /// Default: all of these are there, for bots on servers that implement them.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Queues events for `get_updates` over HTTP. When the queue is full, the oldest event is dropped; 0 means no limit.
    /// Over WebSocket `get_updates` is then refused, as on go-cqhttp. Default: off, and it is answered with the
    /// schema's example.
    pub fn long_polling(mut self, max_queue_size: usize) -> Self {
        self.long_polling = Some(max_queue_size);
        self
    }

    /// Sets the format of messages in events and answers. Default: segments; go-cqhttp's own default is the string.
    ///
    /// It does not apply to [`MockServer::push_text`] and [`MockServer::push_raw`].
    pub fn post_format(mut self, format: PostFormat) -> Self {
        self.post_format = format;
        self
    }

    /// Puts a [world](super::world) behind the server, which its actions read and change; the account is the world's.
    /// Default: none, and each action is answered with the schema's example.
    pub fn world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// Keeps only the last `n` calls and the pending ones, for a server that runs for long: a kept call holds its
    /// parameters and its answer, which may be whole files. A call that is not kept can no longer be
    /// [expected](MockServer::expect) and is not among the [`calls`](MockServer::calls);
    /// [`call_count`](MockServer::call_count) counts all. Default: all are kept.
    pub fn keep_calls(mut self, n: usize) -> Self {
        self.keep_calls = Some(n);
        self
    }

    /// Runs `on_call` for every call once its outcome is known, before its answer is sent: for a log.
    pub fn on_call(mut self, on_call: impl Fn(&ReceivedCall) + Send + Sync + 'static) -> Self {
        self.on_call = Some(Arc::new(on_call));
        self
    }

    /// Runs `on_refused` when a bot refuses a connection or an event from the simulated server, or is not reached: with the
    /// bot's address and the reason. It runs once for a [`Dial`](super::Dial) or a [`Webhook`](super::Webhook), and
    /// again when the reason changes, or after a success.
    pub fn on_refused(mut self, on_refused: impl Fn(&str, &io::Error) + Send + Sync + 'static) -> Self {
        self.on_refused = Some(Arc::new(on_refused));
        self
    }

    /// Runs `on_rejected` for every HTTP request and every upgrade that is refused before it becomes a call or a
    /// connection: for a missing token, or a body that is not JSON. The failures of [`expect`](MockServer::expect) and
    /// [`connected`](MockServer::connected) name the last one and the number of all, in any case.
    pub fn on_rejected(mut self, on_rejected: impl Fn(&Rejected) + Send + Sync + 'static) -> Self {
        self.on_rejected = Some(Arc::new(on_rejected));
        self
    }

    /// Adds the actions of a crate with a schema of its own, whose generated module `mock` has the table `ACTIONS`.
    /// Default: only the actions of `cqhttp`.
    pub fn actions(mut self, table: &[&'static [ActionInfo]]) -> Self {
        self.extensions.extend(table.iter().copied().flatten());
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// The port cannot be bound; the error names it and a remedy. The [`world`](Self::world) is not valid: the error's
    /// kind is `InvalidInput`, and it lists every fault. There is no tokio runtime.
    pub async fn start(mut self) -> io::Result<MockServer> {
        need_runtime()?;
        if let Some(world) = &mut self.world {
            world.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            world.begin();
            self.self_id = Some(world.account.user_id);
        }
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await;
        let listener = bound.map_err(|error| explain(self.port, error))?;
        let address = listener.local_addr()?;
        let heartbeat = self.heartbeat;
        let state = Arc::new(self.into_state());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(http::serve(listener, state.clone(), heartbeat, stopped));
        Ok(MockServer { address, state, stop: Some(stop), task })
    }

    fn into_state(self) -> State {
        let self_id = self.self_id.map_or(10010, UserId::get);
        State {
            self_id,
            token: self.token,
            refuse_after_upgrade: self.refuse_after_upgrade,
            extensions: self.extensions,
            lifecycle: lifecycle(self_id),
            strict: self.strict,
            long_polling: self.long_polling.map(EventQueue::new),
            post_format: self.post_format,
            handlers: Mutex::default(),
            streams: Mutex::default(),
            calls: CallLog::new(self.keep_calls.unwrap_or(usize::MAX), self.on_call, self.on_rejected),
            on_refused: self.on_refused,
            world: Mutex::new(self.world),
            faults: Mutex::default(),
            #[cfg(feature = "files")]
            uploads: Default::default(),
            webhooks: Mutex::default(),
            next_message: AtomicI64::new(1),
            stalled: watch::Sender::new(false),
            connections: OpenConnections::default(),
            dialling: Mutex::default(),
        }
    }
}

impl fmt::Debug for MockServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServerBuilder").field("port", &self.port).finish_non_exhaustive()
    }
}

/// Adds the port and a remedy to the error of a port that cannot be bound.
fn explain(port: u16, error: io::Error) -> io::Error {
    let kind = error.kind();
    let remedy = match kind {
        io::ErrorKind::AddrInUse => {
            ": it is in use; `stop().await` the server that has it, or leave `port` out, which takes a free one"
        }
        io::ErrorKind::PermissionDenied => {
            ": only privileged users may bind it; take one above 1023, or leave `port` out"
        }
        _ => "",
    };
    io::Error::new(kind, PortTaken { text: format!("cannot listen on 127.0.0.1:{port}{remedy}"), source: error })
}

#[derive(Debug)]
struct PortTaken {
    text: String,
    source: io::Error,
}

impl fmt::Display for PortTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for PortTaken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl MockServer {
    /// Starts a server on any free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// No port can be bound, or there is no tokio runtime.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts a server on any free port of 127.0.0.1 that requires an [access token](MockServerBuilder::access_token).
    ///
    /// # Errors
    ///
    /// No port can be bound, or there is no tokio runtime.
    pub async fn start_with_token(token: impl Into<String>) -> io::Result<Self> {
        Self::builder().access_token(token).start().await
    }

    /// Returns the builder of a server with settings.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::default()
    }
}
