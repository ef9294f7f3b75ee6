//! A stand-in for go-cqhttp, for tests and demos without a QQ account. Feature `mock`.
//!
//! It listens on 127.0.0.1, over HTTP and WebSocket on one port. It answers every action of the schema with the schema's
//! example, refuses unknown ones as go-cqhttp does, and records what it is asked. It does not check parameters, and it
//! answers those actions too that go-cqhttp does not implement. [`Server::on`] gives an action an answer of your own.
//!
//! ```
//! # #[cfg(feature = "http")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::action::SetGroupBan;
//! use cqhttp::mock::{Server, refuse};
//! use cqhttp::{Client, RefusalCode};
//!
//! let server = Server::start().await?;
//! server.on::<SetGroupBan>(|_| Err(refuse(RefusalCode::NotManageable)));
//!
//! let client = Client::builder(server.url()).build()?;
//! let error = client.set_group_ban(10001000, 10086).await.unwrap_err();
//! assert_eq!(error.code(), Some(RefusalCode::NotManageable));
//! assert_eq!(server.calls()[0].params["duration"], 1800);
//! # Ok(())
//! # }
//! ```
//!
//! # Over WebSocket
//!
//! [`Server::ws_url`] is the address. [`push`](Server::push) sends an event to the bots that are connected;
//! [`connected`](Server::connected) waits for them.
//!
//! ```
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::{Event, mock};
//!
//! let server = mock::Server::start().await?;
//! // … the bot connects to `server.ws_url()` …
//! server.connected(1).await;
//! let json = r#"{"post_type":"notice","notice_type":"friend_add","time":1700000000,"self_id":10010,"user_id":10086}"#;
//! server.push(json.parse::<Event>()?);
//! # Ok(())
//! # }
//! ```
//!
//! # To the bot
//!
//! Servers connect to bots too: [`Server::dial`] does it over reverse WebSocket, and [`Webhook`] sends events by HTTP POST.
//! Each stand-in is one account ([`ServerBuilder::self_id`]).
//!
//! ```
//! # async fn run() -> std::io::Result<()> {
//! use cqhttp::mock::{Dial, Server};
//!
//! let account = Server::builder().self_id(10086).start().await?;
//! account.dial(Dial::to("ws://127.0.0.1:8080").access_token("…"));
//! account.connected(1).await;
//! # Ok(())
//! # }
//! ```
//!
//! # What goes wrong on purpose
//!
//! | what | by |
//! |---|---|
//! | an answer that is late, missing, broken, doubled, another's | [`Server::faults`] with a [`Fault`] |
//! | a server that is killed, and comes back | [`Server::drop_connections`]; [`Server::stop`] and [`ServerBuilder::port`] |
//! | a server that hangs, and goes on | [`Server::stall`] |
//! | a network that swallows everything | [`Server::silence_connections`] |
//! | a close frame with any code | [`Server::close_connections`] |
//! | a frame that no server should send | [`Server::push_text`], [`Server::push_raw`] |
//! | a token that is refused after the upgrade | [`ServerBuilder::refuse_after_upgrade`] |

mod dial;
mod fault;
mod http;
pub mod world;
mod ws;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use dial::{Dial, DialRole, Posted, Webhook};
pub use fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
pub use world::{Group, Member, World};
use ws::{Cut, Link};

use crate::{Client, Effect, Error, Event, EventKind, KnownAction, RefusalCode, UserId, generated};

/// An action as the stand-in knows it; the table is generated from the schema.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ActionInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// Further names that the server answers to.
    pub aliases: &'static [&'static str],
    /// Its heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// What a call does.
    pub effect: Effect,
    /// Its parameters.
    pub params: &'static [ParamInfo],
    /// The parameters of the schema's example, as JSON.
    pub example_params: &'static str,
    /// The answer of the schema's example (`data`), as JSON.
    pub example_answer: &'static str,
    pub(crate) reread_params: fn(&str) -> serde_json::Result<String>,
    pub(crate) reread_answer: fn(&str) -> serde_json::Result<String>,
    pub(crate) call_example: fn(Client) -> ExampleCall,
}

/// A parameter as the stand-in knows it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ParamInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// Further names that the server reads; a dotted one leads into an object.
    pub aliases: &'static [&'static str],
}

/// A kind of event, as the schema describes it; the table is generated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EventInfo {
    /// Its kind.
    pub kind: EventKind,
    /// The name of its variant.
    pub name: &'static str,
    /// Its tags: `notice.notify.poke`.
    pub tags: &'static str,
    /// Its heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// The schema's example: a whole event, as JSON.
    pub example: &'static str,
}

/// A type of message segment, as the schema describes it; the table is generated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// Its type on the wire.
    pub kind: &'static str,
    /// The name of its variant.
    pub name: &'static str,
    /// Its heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// Whether only the posts of topic channels hold it.
    pub feed: bool,
    /// Its fields, by all their names on the wire.
    pub fields: &'static [&'static str],
    /// The schema's example: its data, as JSON.
    pub example: &'static str,
}

/// Every kind of event of the schema, in its order.
pub fn events() -> impl Iterator<Item = &'static EventInfo> {
    generated::mock::EVENTS.iter().copied().flatten()
}

/// Every type of segment of the schema, in its order.
pub fn segments() -> impl Iterator<Item = &'static SegmentInfo> {
    generated::mock::SEGMENTS.iter().copied().flatten()
}

/// The answer to come of [`ActionInfo::call_example`].
pub type ExampleCall = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>>;

impl ActionInfo {
    /// Decodes parameters into the request type and encodes them again.
    ///
    /// # Errors
    ///
    /// They are not the action's parameters.
    pub fn reread_params(&self, json: &str) -> serde_json::Result<String> {
        (self.reread_params)(json)
    }

    /// Decodes `data` into the answer type and encodes it again.
    ///
    /// # Errors
    ///
    /// It is not the action's answer.
    pub fn reread_answer(&self, json: &str) -> serde_json::Result<String> {
        (self.reread_answer)(json)
    }

    /// Sends the example through the generated method of `client`, and gives the answer as JSON.
    ///
    /// Against a real server this does what the action does.
    ///
    /// # Errors
    ///
    /// What the call says.
    pub fn call_example(&self, client: Client) -> ExampleCall {
        (self.call_example)(client)
    }
}

/// Every action of the schema, in its order.
pub fn actions() -> impl Iterator<Item = &'static ActionInfo> {
    generated::mock::ACTIONS.iter().copied().flatten()
}

/// The action that answers to `name`.
#[must_use]
pub fn action(name: &str) -> Option<&'static ActionInfo> {
    actions().find(|action| action.name == name || action.aliases.contains(&name))
}

/// A call that the stand-in has received.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// The action, as it was called.
    pub action: String,
    /// The parameters as they came.
    pub params: Value,
}

/// A refusal that a handler answers with: see [`refuse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    msg: String,
    wording: String,
    retcode: i64,
}

/// Refuses a call as go-cqhttp does, with the code as `msg`: retcode 100 (404 for an unknown action, −1 where a quick
/// operation cannot mention the sender).
#[must_use]
pub fn refuse(code: RefusalCode) -> Refusal {
    let retcode = match code {
        RefusalCode::ApiNotFound => 404,
        RefusalCode::AtSenderFailed => -1,
        _ => 100,
    };
    Refusal { msg: code.to_string(), wording: String::new(), retcode }
}

/// `NOT_MANAGEABLE (retcode 100): …`
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if self.msg.is_empty() { "refused" } else { &self.msg };
        write!(f, "{code} (retcode {})", self.retcode)?;
        if self.wording.is_empty() { Ok(()) } else { write!(f, ": {}", self.wording) }
    }
}

impl Refusal {
    /// The explanation, which go-cqhttp gives in Chinese.
    #[must_use]
    pub fn wording(mut self, wording: impl Into<String>) -> Self {
        self.wording = wording.into();
        self
    }

    /// Another retcode.
    #[must_use]
    pub fn retcode(mut self, retcode: i64) -> Self {
        self.retcode = retcode;
        self
    }
}

/// The stand-in server. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
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
    on_call: Option<OnCall>,
    world: Option<World>,
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

    /// The access token to ask for, as `Authorization: Bearer …` or as `?access_token=…`. Default: none.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Heartbeats at this interval, to every WebSocket connection that takes events. Default: none.
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

    /// A [world] behind the server, which its actions read and change; the account is the world's. Default: none, and
    /// each action is answered with the schema's example.
    pub fn world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// Tells `on_call` of every call when it has been acted on: for a log. It is told before the answer leaves.
    pub fn on_call(mut self, on_call: impl Fn(&Answered<'_>) + Send + Sync + 'static) -> Self {
        self.on_call = Some(Arc::new(on_call));
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// The port is not to be had, or the [`world`](Self::world) cannot be: then the error's kind is `InvalidInput`, and
    /// it says all that is wrong.
    pub async fn start(mut self) -> io::Result<Server> {
        if let Some(world) = &mut self.world {
            world.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            world.begin();
            self.self_id = Some(world.account.user_id);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let address = listener.local_addr()?;
        let self_id = self.self_id.map_or(10010, UserId::get);
        let state = Arc::new(State {
            self_id,
            token: self.token,
            refuse_after_upgrade: self.refuse_after_upgrade,
            on_call: self.on_call,
            world: Mutex::new(self.world),
            lifecycle: ws::lifecycle(self_id),
            handlers: Mutex::default(),
            calls: Mutex::default(),
            faults: Mutex::default(),
            stalled: watch::Sender::new(false),
            links: watch::Sender::default(),
            next_link: AtomicU64::new(0),
            dialling: Mutex::default(),
            posting: Mutex::default(),
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

/// A call that has been acted on: [`ServerBuilder::on_call`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Answered<'a> {
    /// The action, as it was called.
    pub action: &'a str,
    /// The parameters, as JSON.
    pub params: &'a str,
    /// The answer's `data` as JSON, or the refusal. What a [`Fault`] then makes of it does not show.
    pub outcome: Result<&'a str, &'a Refusal>,
}

type OnCall = Arc<dyn Fn(&Answered<'_>) + Send + Sync>;

type Handler = Arc<dyn Fn(&[u8]) -> Outcome + Send + Sync>;

type Faults = Box<dyn FnMut(&Received) -> Fault + Send>;

/// What a call comes to: its `data`, or a refusal.
type Outcome = Result<Box<RawValue>, Refusal>;

struct State {
    self_id: i64,
    token: Option<String>,
    refuse_after_upgrade: Option<i64>,
    on_call: Option<OnCall>,
    world: Mutex<Option<World>>,
    lifecycle: String,
    handlers: Mutex<HashMap<&'static str, Handler>>,
    calls: Mutex<Vec<Received>>,
    faults: Mutex<Option<Faults>>,
    stalled: watch::Sender<bool>,
    links: watch::Sender<BTreeMap<u64, Link>>,
    next_link: AtomicU64,
    /// The connections that the stand-in makes itself.
    dialling: Mutex<JoinSet<()>>,
    /// The queues of the bots that are posted to.
    posting: Mutex<Vec<mpsc::UnboundedSender<Arc<str>>>>,
}

impl Server {
    /// Starts a server on any free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// No port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// The same, and the server asks for an access token.
    ///
    /// # Errors
    ///
    /// No port can be had.
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

    /// Sends an event to every WebSocket connection that takes events, and to the bots that are
    /// [posted to](Self::post_to); gives the number of the former.
    pub fn push(&self, event: impl Into<Event>) -> usize {
        self.state.push_event(&serde_json::to_string(&event.into()).unwrap_or_default())
    }

    /// Sends a text frame of your own to every WebSocket connection that takes events, whatever it says; gives their
    /// number.
    pub fn push_text(&self, text: impl Into<String>) -> usize {
        self.state.push(&ws::text(text.into()))
    }

    /// The same with bytes as they are, with no frame around them: for frames that are wrong in themselves.
    pub fn push_raw(&self, bytes: impl Into<Vec<u8>>) -> usize {
        self.state.push(&bytes.into().into())
    }

    /// The number of WebSocket connections that stand. One counts from before its client knows that it is connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.links.borrow().len()
    }

    /// Waits until exactly `n` WebSocket connections stand.
    pub async fn connected(&self, n: usize) {
        let _ = self.state.links.subscribe().wait_for(|links| links.len() == n).await;
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
    /// `|_| Fault::None` ends it.
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
        *lock(&self.state.faults) = Some(Box::new(faults));
    }

    /// Answers the action `A` with `handler` from now on.
    ///
    /// The request comes typed. One that does not decode is refused with retcode 1400, which says what is wrong with it. A
    /// handler that panics drops the connection without an answer.
    pub fn on<A>(&self, handler: impl Fn(A) -> Result<A::Response, Refusal> + Send + Sync + 'static)
    where
        A: KnownAction + DeserializeOwned,
        A::Response: Serialize,
    {
        let handler = move |params: &[u8]| {
            let request = serde_json::from_slice(params).map_err(|error| bad_request(A::NAME, &error))?;
            serde_json::value::to_raw_value(&handler(request)?).map_err(|error| bad_request(A::NAME, &error))
        };
        lock(&self.state.handlers).insert(A::NAME, Arc::new(handler));
    }

    /// Looks at the [world] behind the server, or changes it. The bots are told of what people [do](world#what-people-do)
    /// there, once `look` has returned. A server without a world gets one, in which the account is alone.
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

    /// The calls so far, in the order in which they came.
    #[must_use]
    pub fn calls(&self) -> Vec<Received> {
        lock(&self.state.calls).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        lock(&self.state.dialling).abort_all();
        self.task.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl State {
    /// Notes a call, and says what is to go wrong with it.
    fn receive(&self, action: &str, params: &[u8]) -> Fault {
        let params = serde_json::from_slice(params).unwrap_or(Value::Null);
        let call = Received { action: action.to_owned(), params };
        let fault = lock(&self.faults).as_mut().map(|faults| faults(&call));
        lock(&self.calls).push(call);
        fault.unwrap_or_default()
    }

    /// The envelope that answers a call, or what comes in its place.
    fn answer(&self, action: &str, params: &[u8], echo: Option<&RawValue>, fault: &Fault) -> Vec<u8> {
        let outcome = match fault {
            Fault::Refuse(refusal) => Err(refusal.clone()),
            _ => self.act(action, params),
        };
        if let Some(on_call) = &self.on_call {
            let params = std::str::from_utf8(params).unwrap_or_default();
            on_call(&Answered { action, params, outcome: outcome.as_ref().map(|data| data.get()) });
        }
        let echo = echo.and_then(|echo| match fault {
            Fault::WrongEcho => serde_json::from_str("\"nobody's\"").ok(),
            Fault::NumberEcho => serde_json::from_str("7").ok(),
            Fault::NullEcho => Some(RawValue::NULL),
            Fault::NoEcho => None,
            _ => Some(echo),
        });
        let mut written = Written::new(&outcome, echo);
        match fault {
            Fault::NoData => written.data = None,
            Fault::Garbage => return b"{\"status\":\"ok\",".to_vec(),
            Fault::Text(text) => return text.clone().into_bytes(),
            _ => {}
        }
        written.to_bytes()
    }

    /// Sends an event, given as JSON, to all who take events.
    fn push_event(&self, json: &str) -> usize {
        let event = Arc::<str>::from(json);
        lock(&self.posting).retain(|queue| queue.send(event.clone()).is_ok());
        self.push(&ws::text(format!("{json}\n")))
    }

    fn next_link(&self) -> u64 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }

    fn take_links(&self) -> impl Iterator<Item = Link> {
        self.links.send_replace(BTreeMap::new()).into_values()
    }

    /// Waits as long as the server is stalled.
    async fn go_on(&self) {
        if *self.stalled.borrow() {
            let _ = self.stalled.subscribe().wait_for(|stalled| !stalled).await;
        }
    }

    fn act(&self, action: &str, params: &[u8]) -> Outcome {
        let Some(info) = self::action(action) else {
            return Err(refuse(RefusalCode::ApiNotFound).wording("no such action"));
        };
        let handler = lock(&self.handlers).get(info.name).cloned();
        match handler {
            Some(handler) => handler(params),
            None => self.in_world(|world| world.as_mut()?.answer(info.name, params)).unwrap_or_else(|| {
                RawValue::from_string(info.example_answer.to_owned()).map_err(|error| bad_request(info.name, &error))
            }),
        }
    }

    /// Does something in the world, and tells the bots of it, in the order in which it happens.
    fn in_world<T>(&self, act: impl FnOnce(&mut Option<World>) -> T) -> T {
        let mut world = lock(&self.world);
        let done = act(&mut world);
        for event in world.as_mut().map(World::take_events).unwrap_or_default() {
            self.push_event(&serde_json::to_string(&event).unwrap_or_default());
        }
        done
    }
}

fn bad_request(action: &str, error: &serde_json::Error) -> Refusal {
    Refusal { msg: String::new(), wording: format!("{action}: {error}"), retcode: 1400 }
}

/// A mutex whose holder panicked holds good data all the same: each change is one insertion.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An envelope with its keys in go-cqhttp's order.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo: Option<&'a RawValue>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'a str>,
    retcode: i64,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wording: Option<&'a str>,
}

impl<'a> Written<'a> {
    fn new(outcome: &'a Outcome, echo: Option<&'a RawValue>) -> Self {
        match outcome {
            Ok(data) => {
                Self { data: Some(data), echo, message: "", msg: None, retcode: 0, status: "ok", wording: None }
            }
            Err(refusal) => Self {
                data: Some(RawValue::NULL),
                echo,
                message: &refusal.wording,
                msg: Some(&refusal.msg),
                retcode: refusal.retcode,
                status: "failed",
                wording: Some(&refusal.wording),
            },
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut body = serde_json::to_vec(self).unwrap_or_default();
        body.push(b'\n');
        body
    }
}
