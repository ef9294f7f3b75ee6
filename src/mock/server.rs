//! The server, and how it is to be.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::calls::Calls;
use super::state::{Acted, OnCall, OnRefused, OnRejected, State};
use super::updates::Updates;
use super::ws::{self, Cut};
use super::{ActionInfo, Fault, PostFormat, Received, Refusal, Rejected, World, bad_request, http, lock};
use crate::error::need_runtime;
use crate::{Event, KnownAction, UserId};

/// The stand-in server. It stops when it is dropped.
pub struct Server {
    pub(super) address: SocketAddr,
    pub(super) state: Arc<State>,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) task: JoinHandle<()>,
}

/// How a [`Server`] is to be: [`Server::builder`].
#[derive(Clone, Default)]
#[must_use = "nothing listens until `start`"]
pub struct ServerBuilder {
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

impl ServerBuilder {
    /// The port of 127.0.0.1. Default: any free one.
    ///
    /// A server that is to come back where another was needs that one to be [stopped](Server::stop) first.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The account that it is logged in to: of its lifecycle frames and heartbeats, and what it tells a bot that it
    /// [dials](Server::dial). Default: 10010, as in the schema's examples, which are the answers of every account.
    pub fn self_id(mut self, account: impl Into<UserId>) -> Self {
        self.self_id = Some(account.into());
        self
    }

    /// The access token to ask for, as `Authorization: Bearer …` or as `?access_token=…`. Default: none; an empty one is
    /// none, as on go-cqhttp.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// Heartbeats at this interval, to everything that takes events. Default: none.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = Some(interval);
        self
    }

    /// Refuses a WebSocket connection as NapCat does: a missing or wrong token gets its upgrade, then one frame with
    /// this retcode (NapCat's is 1403), and the connection is closed. Without a [`token`](Self::token), every connection
    /// is refused. Default: 401 or 403 in place of the upgrade, as go-cqhttp has it.
    pub fn refuse_after_upgrade(mut self, retcode: i64) -> Self {
        self.refuse_after_upgrade = Some(retcode);
        self
    }

    /// Refuses the actions that go-cqhttp does not implement, with `API_NOT_FOUND`, unless they have a handler. Default:
    /// they are answered, for bots that run on servers that implement them.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Keeps events for `get_updates` over HTTP, and no more than so many: the oldest are dropped. 0 is no limit. Over
    /// WebSocket `get_updates` is refused then, as on go-cqhttp. Default: off, and it is answered with the schema's example.
    pub fn long_polling(mut self, max_queue_size: usize) -> Self {
        self.long_polling = Some(max_queue_size);
        self
    }

    /// How messages are written in events and answers. Default: as segments; go-cqhttp's own default is the string.
    ///
    /// What [`Server::push_text`] and [`Server::push_raw`] send stays as it is.
    pub fn post_format(mut self, format: PostFormat) -> Self {
        self.post_format = format;
        self
    }

    /// A [world](super::world) behind the server, which its actions read and change; the account is the world's. Default:
    /// none, and each action is answered with the schema's example.
    pub fn world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// Keeps the last `n` calls and those that have come to nothing yet, for a server that runs for long: each is kept with
    /// its parameters and its answer, which may be whole files. What is not kept is neither [expected](Server::expect) nor
    /// among the [`calls`](Server::calls); [`call_count`](Server::call_count) has the number of all. Default: all are kept.
    pub fn keep_calls(mut self, n: usize) -> Self {
        self.keep_calls = Some(n);
        self
    }

    /// Tells `on_call` of every call when it has come to something, and before its answer leaves: for a log.
    pub fn on_call(mut self, on_call: impl Fn(&Received) + Send + Sync + 'static) -> Self {
        self.on_call = Some(Arc::new(on_call));
        self
    }

    /// Tells `on_refused` when a bot that the stand-in is to connect to, or to post events to, lets it not in: the bot's
    /// address, and why. It is said once for a [`Dial`](super::Dial) or a [`Webhook`](super::Webhook), and again when the
    /// reason is another one or it has been let in meanwhile.
    pub fn on_refused(mut self, on_refused: impl Fn(&str, &io::Error) + Send + Sync + 'static) -> Self {
        self.on_refused = Some(Arc::new(on_refused));
        self
    }

    /// Tells `on_rejected` of every HTTP request and every upgrade that is refused before it is a call or a connection: of
    /// one without the token, of one whose body is no JSON. The failures of [`expect`](Server::expect) and
    /// [`connected`](Server::connected) tell the last and the number of all, in any case.
    pub fn on_rejected(mut self, on_rejected: impl Fn(&Rejected) + Send + Sync + 'static) -> Self {
        self.on_rejected = Some(Arc::new(on_rejected));
        self
    }

    /// Knows further actions: those of a crate with a schema of its own, whose generated module `mock` has the table
    /// `ACTIONS`. Default: the actions of `cqhttp` alone.
    pub fn actions(mut self, table: &[&'static [ActionInfo]]) -> Self {
        self.extensions.extend(table.iter().copied().flatten());
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// The port is not to be had; the error names it and says what to do. Or the [`world`](Self::world) cannot be: then the
    /// error's kind is `InvalidInput`, and it says all that is wrong. Or there is no tokio runtime around.
    pub async fn start(mut self) -> io::Result<Server> {
        need_runtime()?;
        if let Some(world) = &mut self.world {
            world.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            world.begin();
            self.self_id = Some(world.account.user_id);
        }
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await;
        let listener = bound.map_err(|error| explain(self.port, error))?;
        let address = listener.local_addr()?;
        let self_id = self.self_id.map_or(10010, UserId::get);
        let state = Arc::new(State {
            self_id,
            token: self.token,
            refuse_after_upgrade: self.refuse_after_upgrade,
            extensions: self.extensions,
            lifecycle: ws::lifecycle(self_id),
            strict: self.strict,
            updates: self.long_polling.map(Updates::new),
            post_format: self.post_format,
            handlers: Mutex::default(),
            calls: Calls::new(self.keep_calls.unwrap_or(usize::MAX), self.on_call, self.on_rejected),
            on_refused: self.on_refused,
            world: Mutex::new(self.world),
            faults: Mutex::default(),
            webhooks: Mutex::default(),
            next_message: AtomicI64::new(1),
            stalled: watch::Sender::new(false),
            links: watch::Sender::default(),
            next_link: AtomicU64::new(0),
            dialling: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(http::serve(listener, state.clone(), self.heartbeat, stopped));
        Ok(Server { address, state, stop: Some(stop), task })
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("port", &self.port).finish_non_exhaustive()
    }
}

/// Why a port is not to be had, and what to do.
fn explain(port: u16, error: io::Error) -> io::Error {
    let kind = error.kind();
    let what_to_do = match kind {
        io::ErrorKind::AddrInUse => {
            ": it is in use; `stop().await` the server that has it, or leave `port` out, which takes a free one"
        }
        io::ErrorKind::PermissionDenied => ": it is not for everyone; take one above 1023, or leave `port` out",
        _ => "",
    };
    io::Error::new(kind, PortTaken { text: format!("cannot listen on 127.0.0.1:{port}{what_to_do}"), source: error })
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

impl Server {
    /// Starts a server on any free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// No port can be had, or there is no tokio runtime around.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts a server on any free port of 127.0.0.1 that asks for an [access token](ServerBuilder::token).
    ///
    /// # Errors
    ///
    /// No port can be had, or there is no tokio runtime around.
    pub async fn start_with_token(token: impl Into<String>) -> io::Result<Self> {
        Self::builder().token(token).start().await
    }

    /// A server with settings.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Stops the server and waits until its port is free and its connections are gone, without a close frame. A server
    /// that is dropped stops too, a little later.
    pub async fn stop(mut self) {
        self.stop = None;
        let mut dialling = std::mem::take(&mut *lock(&self.state.dialling));
        dialling.shutdown().await;
        let _ = (&mut self.task).await;
    }

    /// The address for [`Client::builder`](crate::Client).
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address for WebSocket. The path `/` takes calls and gives events, `/api` only takes calls, and `/event` only
    /// gives events.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The port, for the [`builder`](Self::builder) of a server that comes back at the same place.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The account that it is logged in to: [`ServerBuilder::self_id`].
    #[must_use]
    pub fn self_id(&self) -> UserId {
        UserId::new(self.state.self_id)
    }

    /// Sends an event to every WebSocket connection that takes events and every [`webhook`](Self::webhook), and keeps it
    /// for [long polling](ServerBuilder::long_polling) where that is on; gives the number of connections and webhooks.
    ///
    /// # Panics
    ///
    /// It is an event that no server could send: one that has no `post_type`, or one of a known kind with a field that
    /// is missing or of another type. [`push_text`](Self::push_text) sends whatever a test wants a bot to get over.
    #[track_caller]
    pub fn push(&self, event: impl Into<Event>) -> usize {
        let event = event.into();
        self.state.push_event(&event_text(&event).unwrap_or_else(|why| refuse_event(&why)))
    }

    /// Sends a text frame of your own to every WebSocket connection that takes events, whatever it says; gives their
    /// number.
    pub fn push_text(&self, text: impl Into<String>) -> usize {
        self.state.push_frame(&ws::text(text.into()))
    }

    /// Sends bytes as they are to every WebSocket connection that takes events, with no frame around them: for frames that
    /// are wrong in themselves.
    pub fn push_raw(&self, bytes: impl Into<Vec<u8>>) -> usize {
        self.state.push_frame(&bytes.into().into())
    }

    /// The number of WebSocket connections that stand. One counts from before its client knows that it is connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.links.borrow().len()
    }

    /// How many hear of an event now: WebSocket connections that take events, and webhooks.
    #[must_use]
    pub fn listeners(&self) -> usize {
        let takers = self.state.links.borrow().values().filter(|link| link.takes_events()).count();
        takers + lock(&self.state.webhooks).len()
    }

    /// Ends every WebSocket connection without a close frame, as a server does that is killed. New ones are served.
    pub fn drop_connections(&self) {
        for link in self.state.take_links() {
            let _ = link.cut.send(Cut::Drop);
        }
    }

    /// Closes every WebSocket connection with a close frame. New ones are served.
    ///
    /// Any code goes, those too that no server may send. A reason has room for 123 bytes.
    pub fn close_connections(&self, code: u16, reason: &str) {
        for link in self.state.take_links() {
            link.close(code, reason);
        }
    }

    /// Lets every WebSocket connection go silent for ever, as after a change of network: it is neither read from nor
    /// written to any more, and not closed. It does not count any longer. New ones are served.
    pub fn silence_connections(&self) {
        for link in self.state.take_links() {
            let _ = link.cut.send(Cut::Silence);
        }
    }

    /// Holds the whole server, as if its process was stopped, or lets it go on. While it is held it accepts connections
    /// and says nothing on any; what comes meanwhile is served when it goes on.
    pub fn stall(&self, stalled: bool) {
        self.state.stalled.send_replace(stalled);
    }

    /// Asks `faults` from now on what goes wrong with each call.
    ///
    /// A call counts as received whatever becomes of it. [`Fault::script`] and [`Fault::for_share`] are ready-made;
    /// `|_| Fault::None` ends it. The closure is asked in the order of the calls, one after the other; it cannot use
    /// `faults` and `fault_once` itself.
    ///
    /// ```
    /// # #[cfg(feature = "http")]
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use cqhttp::mock::{Fault, Server};
    /// use cqhttp::{Client, Target};
    ///
    /// let server = Server::start().await?;
    /// server.faults(|call| if call.action == "send_msg" { Fault::DropAfter } else { Fault::None });
    ///
    /// let client = Client::builder(server.url()).build()?;
    /// let error = client.send_msg(Target::group(10001000), "hello").await.unwrap_err();
    /// assert!(error.may_have_happened());
    /// # Ok(())
    /// # }
    /// ```
    pub fn faults(&self, faults: impl FnMut(&Received) -> Fault + Send + 'static) {
        lock(&self.state.faults).always = Some(Box::new(faults));
    }

    /// Looks at the [world](super::world) behind the server, or changes it. The bots are told of what people
    /// [do](super::world#what-people-do) there, once `look` has returned; `look` cannot use the server itself. A server
    /// without a world gets one, in which the account is alone.
    ///
    /// ```
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use cqhttp::mock::{Group, Server, World};
    ///
    /// let world = World::new().group(Group::new(42, "Rustaceans").member(10010).member(10086));
    /// let server = Server::builder().world(world).start().await?;
    /// let message = server.world(|world| world.says_in_group(10086, 42, "hello"))?;
    /// assert!(!server.world(|world| world.find_message(message).unwrap().recalled));
    /// # Ok(())
    /// # }
    /// ```
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.state.in_world(|world| look(world.get_or_insert_with(|| World::new().account(self.state.self_id, "bot"))))
    }

    /// Lets the next call of the action `A` go wrong, or the next but one where that is said twice. It counts before
    /// [`faults`](Self::faults), which is not asked about that call.
    ///
    /// # Panics
    ///
    /// The action is one of another crate, and the builder was not given [its table](ServerBuilder::actions).
    #[track_caller]
    pub fn fault_once<A: KnownAction>(&self, fault: Fault) {
        self.state.assert_known(A::NAME);
        lock(&self.state.faults).once.push_back((A::NAME, fault));
    }

    /// Answers the action `A` with `handler` from now on.
    ///
    /// The request comes typed, its parameters read as go-cqhttp reads them: calls that it refuses for them do not come
    /// here. A message that is no message is refused with retcode 1400, and the refusal says what is wrong with it.
    ///
    /// A handler that panics drops the connection without an answer, as go-cqhttp does; [`expect`](Self::expect),
    /// [`calls`](Self::calls) and the end of the server say what it said.
    ///
    /// # Panics
    ///
    /// The action is one of another crate, and the builder was not given [its table](ServerBuilder::actions).
    #[track_caller]
    pub fn on<A>(&self, handler: impl Fn(A) -> Result<A::Response, Refusal> + Send + Sync + 'static)
    where
        A: KnownAction + DeserializeOwned,
        A::Response: Serialize,
    {
        self.state.assert_known(A::NAME);
        let handler = move |params: &[u8]| answer_with::<A>(params, &handler);
        lock(&self.state.handlers).entry(A::NAME).or_default().always = Some(Arc::new(handler));
    }

    /// Answers one call of the action `A` with `handler`: the next, or the next but one where that is said twice. It
    /// counts before [`on`](Self::on).
    ///
    /// # Panics
    ///
    /// The action is one of another crate, and the builder was not given [its table](ServerBuilder::actions).
    #[track_caller]
    pub fn once<A>(&self, handler: impl FnOnce(A) -> Result<A::Response, Refusal> + Send + 'static)
    where
        A: KnownAction + DeserializeOwned,
        A::Response: Serialize,
    {
        self.state.assert_known(A::NAME);
        let handler = move |params: &[u8]| answer_with::<A>(params, handler);
        lock(&self.state.handlers).entry(A::NAME).or_default().once.push_back(Box::new(handler));
    }
}

fn answer_with<A>(params: &[u8], handler: impl FnOnce(A) -> Result<A::Response, Refusal>) -> Acted
where
    A: KnownAction + DeserializeOwned,
    A::Response: Serialize,
{
    let request = serde_json::from_slice(params).map_err(|error| bad_request(A::NAME, &error))?;
    let data = serde_json::value::to_raw_value(&handler(request)?).map_err(|error| bad_request(A::NAME, &error))?;
    Ok(Cow::Owned(data))
}

/// An event as JSON, or why no server could send it.
fn event_text(event: &Event) -> Result<String, String> {
    let text = serde_json::to_string(event).map_err(|error| format!("it is no JSON: {error}"))?;
    let error = match Event::from_slice(text.as_bytes()) {
        Err(error) => Some(error),
        // Its kind is known.
        Ok(Event::Unknown(unknown)) => unknown.error.clone(),
        Ok(_) => None,
    };
    let Some(error) = error else { return Ok(text) };
    let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
    Err(format!("{error}{source}: {text}"))
}

#[track_caller]
#[allow(clippy::panic, reason = "the test is wrong, and is to fail where it is")]
fn refuse_event(why: &str) -> ! {
    panic!("no server could send this event, {why}; `push_text` sends whatever a bot is to get over")
}

impl Drop for Server {
    #[allow(clippy::panic, reason = "an assertion that fails in a handler is to fail its test")]
    fn drop(&mut self) {
        lock(&self.state.dialling).abort_all();
        self.task.abort();
        let panics = self.take_panics();
        if !panics.is_empty() && !std::thread::panicking() {
            panic!("{}; `take_panics` says that it is meant to be so", panics.join("; "));
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}
