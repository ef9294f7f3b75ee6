//! The test kit: a go-cqhttp that runs inside a test. Feature `mock`.
//!
//! It listens on 127.0.0.1, for HTTP and WebSocket on one port, and knows the 93 actions of the schema. People talk to the
//! bot, and the test says what the bot is to do about it:
//!
//! ```
//! # #[cfg(feature = "ws")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::mock::{Said, Server};
//! use cqhttp::{Events, GroupId, connect};
//!
//! async fn bot(mut events: Events) {
//!     while let Some(received) = events.next().await {
//!         if received.event.as_message().is_some() {
//!             let _ = received.reply("pong").await;
//!         }
//!     }
//! }
//!
//! let server = Server::start().await?;
//! let (_client, events) = connect(server.ws_url()).await?;
//! tokio::spawn(bot(events));
//!
//! server.user(10086).says("ping").in_group(10001000);
//! let said = server.expect::<Said>().await;
//! assert_eq!(said.chat, GroupId::new(10001000).into());
//! assert_eq!(said.message.plain_text(), "pong");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "ws"))]
//! # fn main() {}
//! ```
//!
//! A whole bot with its tests is `examples/testing_a_bot.rs`.
//!
//! # How a bot reaches it
//!
//! | the bot | by |
//! |---|---|
//! | calls over HTTP | [`Server::url`] |
//! | connects over WebSocket | [`Server::ws_url`]; [`connected`](Server::connected) waits for it |
//! | is connected to, over reverse WebSocket | [`Server::dial`] with a [`Dial`] |
//! | has events posted to it | [`Server::webhook`] with a [`Webhook`]; its quick operations are carried out |
//! | asks for events by `get_updates` | [`ServerBuilder::long_polling`] |
//!
//! [`ServerBuilder::on_refused`] says why a bot that the stand-in comes to lets it not in.
//!
//! Each stand-in is one account ([`ServerBuilder::self_id`]); for several, start several.
//!
//! # What a call comes to
//!
//! The first of these that has something to say answers it:
//!
//! 1. A [fault](#what-goes-wrong-on-purpose).
//! 2. The name: an unknown action is refused with `API_NOT_FOUND`; one `_async` at its end is cut off. Actions that
//!    go-cqhttp itself does not implement are answered, unless it is [`strict`](ServerBuilder::strict).
//! 3. The parameters, read as go-cqhttp reads them. They come as JSON, as a form, in the query, or below `action` and
//!    `params` on `/`; numbers may be texts and flags numbers, and what cannot be read is 0, `false` or empty. A call that
//!    makes no sense then is refused as the schema lists it: a group 0 with `GROUP_NOT_FOUND`, an empty message with
//!    `EMPTY_MSG_ERROR`. A message that names no target at all is answered with `{}`.
//! 4. A handler, typed both ways: [`Server::once`] for one call, [`Server::on`] for all.
//! 5. The example of the schema.
//!
//! ```
//! # #[cfg(feature = "http")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::action::{GetLoginInfo, GetLoginInfoResponse, SetGroupBan};
//! use cqhttp::mock::{Server, With, refuse};
//! use cqhttp::{Client, RefusalCode};
//!
//! let server = Server::start().await?;
//! server.on::<GetLoginInfo>(|_| Ok(GetLoginInfoResponse::example().with(|me| me.nickname = "Anna".into())));
//! server.on::<SetGroupBan>(|ban| if ban.duration < 60 { Err(refuse(RefusalCode::NotManageable)) } else { Ok(()) });
//!
//! let client = Client::builder(server.url()).build()?;
//! let error = client.set_group_ban(10001000, 10086).duration(30).await.unwrap_err();
//! assert_eq!(error.code(), Some(RefusalCode::NotManageable));
//! # Ok(())
//! # }
//! ```
//!
//! # A world
//!
//! [`ServerBuilder::world`] puts groups, members, messages and files behind the actions, so that tests look at what becomes
//! of a call: see [`world`]. The program `cqhttp-mock` is a stand-in of its own, for bots in any language.
//!
//! # What the bot has done
//!
//! | to see | by |
//! |---|---|
//! | the next message that it sends, by whichever action | [`server.expect::<Said>()`](Server::expect) |
//! | the next call of an action, by its request | [`server.expect::<SetGroupBan>()`](Server::expect), [`within`](Expect::within) a time |
//! | the same with an error in place of a panic | [`Server::next_call`] |
//! | that a call does not come | [`Server::expect_none`] |
//! | all calls, what they came to, and how they came | [`Server::calls`] |
//!
//! What is expected and does not come fails the test, with its place in the test, and with everything that came instead.
//! An assertion that fails in a handler does so too, at the latest when the server is dropped; where a handler is to panic,
//! [`take_panics`](Server::take_panics) takes it.
//!
//! # What the bot hears
//!
//! | to send | by |
//! |---|---|
//! | a message | [`server.user(10086).says("hello")`](Server::user) and where: [`in_group`](Saying::in_group), [`in_private`](Saying::in_private) |
//! | any event | [`Server::push`], from an example: `FriendRequest::example().with(…)` |
//! | heartbeats | [`ServerBuilder::heartbeat`] |
//! | a frame that no server should send | [`Server::push_text`], [`Server::push_raw`] |
//!
//! Events go everywhere: to WebSockets of both directions and webhooks, and into the queue of long polling.
//!
//! Messages are written as segments. A go-cqhttp whose settings nobody has changed writes them as texts with CQ codes, and
//! so does the stand-in with [`ServerBuilder::post_format`]: for bots that do not read both.
//!
//! # What goes wrong on purpose
//!
//! | what | by |
//! |---|---|
//! | an answer that is late, missing, broken, doubled, another's; a connection that ends; a refused token | a [`Fault`] |
//! | … on one call | [`Server::fault_once`] |
//! | … by a script, or on a share of the calls, the same at every run | [`Server::faults`] with [`Fault::script`], [`Fault::for_share`] |
//! | a server that is killed, and comes back | [`Server::drop_connections`]; [`Server::stop`] and [`ServerBuilder::port`] |
//! | a server that hangs, and goes on | [`Server::stall`] |
//! | a network that swallows everything | [`Server::silence_connections`] |
//! | a close frame with any code | [`Server::close_connections`] |
//! | a token that is refused after the upgrade | [`ServerBuilder::refuse_after_upgrade`] |
//!
//! # What it leaves out
//!
//! Rate limits and event filters of the server's; the race of go-cqhttp's long polling, which answers at once here. It
//! stops when it is dropped, and leaves nothing behind.

mod calls;
mod dial;
mod fault;
mod format;
mod http;
mod params;
mod quick;
mod updates;
mod user;
pub mod world;
mod ws;

use std::any::Any;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use calls::{Calls, Ended};
pub use calls::{Expect, Expected, NextCall, Outcome, Received, Said, Unexpected, Via};
pub use dial::{Dial, DialRole, Posted, Webhook};
pub use fault::Fault;
pub use format::PostFormat;
use params::{Reading, Verdict};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use updates::Updates;
pub use user::{Saying, User};
pub use world::{Group, Member, World};
use ws::{Cut, Link};

use crate::action::{GetUpdates, HandleQuickOperation};
use crate::{Client, Effect, Error, Event, EventKind, KnownAction, RefusalCode, UserId, generated};

/// An action as the stand-in knows it; the table is generated from the schema.
///
/// Generated code alone makes one, in any crate; what fields there are may change.
#[derive(Clone, Copy, Debug)]
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
    /// The refusals that its documentation or its code lists: the `msg` of each.
    pub refusals: &'static [&'static str],
    /// Whether go-cqhttp implements it.
    pub implemented: bool,
    /// The parameters of the schema's example, as JSON.
    pub example_params: &'static str,
    /// The answer of the schema's example (`data`), as JSON.
    pub example_answer: &'static str,
    #[doc(hidden)]
    pub reread_params: fn(&str) -> serde_json::Result<String>,
    #[doc(hidden)]
    pub reread_answer: fn(&str) -> serde_json::Result<String>,
    #[doc(hidden)]
    pub call_example: fn(Client) -> ExampleCall,
}

/// A parameter as the stand-in knows it.
///
/// Generated code alone makes one, in any crate; what fields there are may change.
#[derive(Clone, Copy, Debug)]
pub struct ParamInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// Further names that the server reads, the first that is there; a dotted one leads into an object.
    pub aliases: &'static [&'static str],
    /// As what it is read.
    pub kind: ParamKind,
    /// Whether it is a list of such values.
    pub list: bool,
    /// Whether a call makes no sense without it.
    pub required: bool,
    /// What it is where it is left out, as JSON.
    pub default: Option<&'static str>,
}

/// As what go-cqhttp reads a parameter, whatever it is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParamKind {
    /// A flag: `true`, a number other than 0, or one of the texts `true`, `t` and `1`.
    Bool,
    /// A number of 32 bits; also as a text of digits. A larger one loses its upper bits.
    I32,
    /// A number of 64 bits; also as a text of digits.
    I64,
    /// As [`I32`](Self::I32), without a sign.
    U32,
    /// As [`I64`](Self::I64), without a sign.
    U64,
    /// A number with a fraction.
    F64,
    /// A text; also from a number or a flag.
    String,
    /// A message: CQ codes, a segment or a list of segments.
    Message,
    /// Whatever comes.
    Json,
}

impl ParamInfo {
    /// A parameter that a call makes no sense without.
    #[must_use]
    pub const fn required(name: &'static str, kind: ParamKind) -> Self {
        Self { name, aliases: &[], kind, list: false, required: true, default: None }
    }

    /// A parameter that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, kind: ParamKind) -> Self {
        Self { name, aliases: &[], kind, list: false, required: false, default: None }
    }

    /// A parameter that is this where it is left out: `default` is JSON.
    #[must_use]
    pub const fn defaulted(name: &'static str, kind: ParamKind, default: &'static str) -> Self {
        Self { name, aliases: &[], kind, list: false, required: false, default: Some(default) }
    }

    /// The same, as a list.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The same, with further names that the server reads.
    #[must_use]
    pub const fn aliases(mut self, names: &'static [&'static str]) -> Self {
        self.aliases = names;
        self
    }
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
    fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

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
    actions().find(|action| action.answers_to(name))
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

/// `GROUP_NOT_FOUND (100)`
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.msg.is_empty() { "no code" } else { &self.msg };
        write!(f, "{name} ({})", self.retcode)?;
        if self.wording.is_empty() { Ok(()) } else { write!(f, ", {}", self.wording) }
    }
}

/// Changes an example in passing: `SentMessage::example().with(|sent| sent.message_id = 7.into())`. Answers and events
/// may have more fields in the next version, so that they cannot be written out.
pub trait With: Sized {
    /// The same, changed.
    #[must_use]
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl<T> With for T {}

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
    strict: bool,
    long_polling: Option<usize>,
    post_format: PostFormat,
    on_call: Option<OnCall>,
    on_refused: Option<OnRefused>,
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

    /// The access token to ask for, as `Authorization: Bearer …` or as `?access_token=…`. Default: none.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
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

    /// A [world] behind the server, which its actions read and change; the account is the world's. Default: none, and
    /// each action is answered with the schema's example.
    pub fn world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// Tells `on_call` of every call when it has come to something, and before its answer leaves: for a log.
    pub fn on_call(mut self, on_call: impl Fn(&Received) + Send + Sync + 'static) -> Self {
        self.on_call = Some(Arc::new(on_call));
        self
    }

    /// Tells `on_refused` when a bot that the stand-in is to connect to, or to post events to, lets it not in: the bot's
    /// address, and why. It is said once for a [`Dial`] or a [`Webhook`], and again when the reason is another one or it
    /// has been let in meanwhile.
    pub fn on_refused(mut self, on_refused: impl Fn(&str, &io::Error) + Send + Sync + 'static) -> Self {
        self.on_refused = Some(Arc::new(on_refused));
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
    /// error's kind is `InvalidInput`, and it says all that is wrong.
    pub async fn start(mut self) -> io::Result<Server> {
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
            calls: Calls::new(self.on_call),
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

type OnCall = Arc<dyn Fn(&Received) + Send + Sync>;

type OnRefused = Arc<dyn Fn(&str, &io::Error) + Send + Sync>;

type Handler = Arc<dyn Fn(&[u8]) -> Acted + Send + Sync>;

type HandlerOnce = Box<dyn FnOnce(&[u8]) -> Acted + Send>;

type AskedFaults = Box<dyn FnMut(&Received) -> Fault + Send>;

/// The handlers of an action.
#[derive(Default)]
struct Handlers {
    /// Each for one call, and before the other.
    once: VecDeque<HandlerOnce>,
    always: Option<Handler>,
}

/// What goes wrong, and with what.
#[derive(Default)]
struct Faults {
    /// With the next call of an action.
    once: VecDeque<(&'static str, Fault)>,
    always: Option<AskedFaults>,
}

/// What an action comes to: its `data`, or a refusal.
type Acted = Result<Cow<'static, RawValue>, Refusal>;

/// A call that was noted.
struct Taken {
    /// Its number.
    call: usize,
    info: Option<&'static ActionInfo>,
    fault: Fault,
}

struct State {
    self_id: i64,
    token: Option<String>,
    refuse_after_upgrade: Option<i64>,
    /// Actions of other crates.
    extensions: Vec<&'static ActionInfo>,
    lifecycle: String,
    strict: bool,
    updates: Option<Updates>,
    post_format: PostFormat,
    handlers: Mutex<HashMap<&'static str, Handlers>>,
    calls: Calls,
    on_refused: Option<OnRefused>,
    world: Mutex<Option<World>>,
    faults: Mutex<Faults>,
    /// Where events are posted to.
    webhooks: Mutex<Vec<mpsc::UnboundedSender<String>>>,
    next_message: AtomicI64,
    stalled: watch::Sender<bool>,
    links: watch::Sender<BTreeMap<u64, Link>>,
    next_link: AtomicU64,
    /// The connections that the stand-in makes itself.
    dialling: Mutex<JoinSet<()>>,
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
    /// It is an event that no server could send: one that has no `post_type`. [`push_text`](Self::push_text) sends
    /// whatever a test wants a bot to get over.
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

    /// The same with bytes as they are, with no frame around them: for frames that are wrong in themselves.
    pub fn push_raw(&self, bytes: impl Into<Vec<u8>>) -> usize {
        self.state.push_frame(&bytes.into().into())
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
        lock(&self.state.faults).always = Some(Box::new(faults));
    }

    /// Looks at the [world] behind the server, or changes it. The bots are told of what people
    /// [do](world#what-people-do) there, once `look` has returned; `look` cannot use the server itself. A server without a
    /// world gets one, in which the account is alone.
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
    /// As that.
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
    Event::from_slice(text.as_bytes()).map_err(|error| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        format!("{error}{source}: {text}")
    })?;
    Ok(text)
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

impl State {
    /// Notes a call, and says what is to go wrong with it.
    fn receive(&self, action: &str, params: &[u8], via: Via) -> Taken {
        let info = self.known(action.strip_suffix("_async").unwrap_or(action));
        let fault = self.fault(info, action, params, via);
        let call = self.calls.begin(action, info, params, via, &fault);
        if matches!(fault, Fault::DropBefore | Fault::Unauthorised(_)) {
            self.calls.end(call, Ended::Dropped);
        }
        Taken { call, info, fault }
    }

    fn fault(&self, info: Option<&ActionInfo>, action: &str, params: &[u8], via: Via) -> Fault {
        let mut faults = lock(&self.faults);
        let once = faults.once.iter().position(|(name, _)| info.is_some_and(|info| info.name == *name));
        if let Some((_, fault)) = once.and_then(|place| faults.once.remove(place)) {
            return fault;
        }
        let Some(always) = &mut faults.always else { return Fault::None };
        always(&Received {
            action: action.to_owned(),
            params: serde_json::from_slice(params).unwrap_or_default(),
            via,
            fault: Fault::None,
            outcome: Outcome::Pending,
        })
    }

    /// The envelope that answers a call, or what comes in its place; `None` where its handler panicked.
    fn answer(&self, taken: &Taken, params: &[u8], echo: Option<&RawValue>) -> Option<Vec<u8>> {
        let ended = match &taken.fault {
            Fault::Refuse(refusal) => Ended::Refused(refusal.clone().into()),
            _ => self.decide(taken.info, params),
        };
        self.finish(taken, ended, echo)
    }

    /// Notes what a call has come to, and writes it.
    fn finish(&self, taken: &Taken, ended: Ended, echo: Option<&RawValue>) -> Option<Vec<u8>> {
        let ended = self.post_format.write_answer(ended);
        let answer = envelope(&taken.fault, &ended, echo);
        self.calls.end(taken.call, ended);
        answer
    }

    /// What a call comes to.
    fn decide(&self, info: Option<&'static ActionInfo>, params: &[u8]) -> Ended {
        let Some(info) = info.filter(|info| self.answers(info)) else {
            return Ended::Refused(refuse(RefusalCode::ApiNotFound).wording("no such action").into());
        };
        let Reading { json, verdict } = Reading::new(info, params);
        match verdict {
            Verdict::Refused(refusal) => {
                let unknown = self.in_world(|world| world.as_ref()?.refuses_group(info.name, &json));
                return Ended::Refused(unknown.unwrap_or(refusal).into());
            }
            Verdict::NoTarget => return Ended::NoTarget,
            Verdict::Fine => {}
        }
        match catch_unwind(AssertUnwindSafe(|| self.act(info, &json))) {
            Ok(Ok(data)) => Ended::Answered(data),
            Ok(Err(refusal)) => Ended::Refused(refusal.into()),
            Err(panic) => Ended::Panicked(words(&*panic).into()),
        }
    }

    /// Whether an action is one that is answered here.
    fn answers(&self, info: &ActionInfo) -> bool {
        let not_here = if info.name == GetUpdates::NAME {
            // Over HTTP it does not come this far.
            self.updates.is_some() || self.strict
        } else {
            self.strict && !info.implemented
        };
        !not_here || self.has_handler(info)
    }

    fn has_handler(&self, info: &ActionInfo) -> bool {
        let handlers = lock(&self.handlers);
        handlers.get(info.name).is_some_and(|handlers| handlers.always.is_some() || !handlers.once.is_empty())
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

    /// The action that answers to `name`, of `cqhttp` or of another crate.
    fn known(&self, name: &str) -> Option<&'static ActionInfo> {
        action(name).or_else(|| self.extensions.iter().copied().find(|info| info.answers_to(name)))
    }

    /// Fails the test that means an action which the server does not know.
    #[track_caller]
    fn assert_known(&self, name: &str) {
        assert!(
            self.known(name).is_some(),
            "`{name}` is an action of another crate: give its table to `Server::builder().actions(…)`"
        );
    }

    /// Carries an action out: its handler does, or else it is answered with the schema's example. The parameters are those
    /// of the request type, whatever they came as.
    fn act(&self, info: &'static ActionInfo, params: &[u8]) -> Acted {
        if let Some(acted) = self.handle(info, params) {
            return acted;
        }
        if let Some(acted) = self.in_world(|world| world.as_mut()?.answer(info.name, params)) {
            return acted;
        }
        if info.name == HandleQuickOperation::NAME {
            self.quick_operation(params)?;
        }
        serde_json::from_str(info.example_answer).map(Cow::Borrowed).map_err(|error| bad_request(info.name, &error))
    }

    /// Does something in the world, and tells the bots of it, in the order in which it happens.
    fn in_world<T>(&self, act: impl FnOnce(&mut Option<World>) -> T) -> T {
        let mut world = lock(&self.world);
        let done = act(&mut world);
        for event in world.as_mut().map(World::take_events).unwrap_or_default() {
            self.push_event(&format::event(&event));
        }
        done
    }

    fn handle(&self, info: &ActionInfo, params: &[u8]) -> Option<Acted> {
        let mut handlers = lock(&self.handlers);
        let of_action = handlers.get_mut(info.name)?;
        let once = of_action.once.pop_front();
        let always = of_action.always.clone();
        // A handler may set others.
        drop(handlers);
        match (once, always) {
            (Some(once), _) => Some(once(params)),
            (None, always) => Some(always?(params)),
        }
    }

    /// The next id of a message, greater than that of all before.
    fn next_message_id(&self) -> i64 {
        self.next_message.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends an event to whoever takes events, and gives their number.
    fn push_event(&self, json: &str) -> usize {
        let json = &*self.post_format.write(json);
        if let Some(updates) = &self.updates {
            updates.push(json);
        }
        let webhooks = lock(&self.webhooks);
        let posted = webhooks.iter().filter(|webhook| webhook.send(json.to_owned()).is_ok()).count();
        drop(webhooks);
        posted + self.push_frame(&ws::text(format!("{json}\n")))
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("something that is no text")
}

fn bad_request(action: &str, error: &serde_json::Error) -> Refusal {
    Refusal { msg: String::new(), wording: format!("{action}: {error}"), retcode: 1400 }
}

/// A mutex whose holder panicked holds good data all the same: each change is one insertion.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is written in answer to a call.
fn envelope(fault: &Fault, ended: &Ended, echo: Option<&RawValue>) -> Option<Vec<u8>> {
    let echo = echo.and_then(|echo| match fault {
        Fault::WrongEcho => serde_json::from_str("\"nobody's\"").ok(),
        Fault::NumberEcho => serde_json::from_str("7").ok(),
        Fault::NullEcho => Some(RawValue::NULL),
        Fault::NoEcho => None,
        _ => Some(echo),
    });
    let mut written = Written::new(ended, echo)?;
    match fault {
        Fault::NoData => written.data = None,
        Fault::Garbage => return Some(b"{\"status\":\"ok\",".to_vec()),
        Fault::Text(text) => return Some(text.clone().into_bytes()),
        _ => {}
    }
    Some(written.to_bytes())
}

/// An envelope with its keys in go-cqhttp's order.
#[derive(Default, Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retcode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wording: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// `None` where there is no answer.
    fn new(ended: &'a Ended, echo: Option<&'a RawValue>) -> Option<Self> {
        let written = Self { echo, ..Self::default() };
        Some(match ended {
            Ended::Pending | Ended::Dropped | Ended::Panicked(_) => return None,
            Ended::NoTarget => written,
            Ended::Answered(data) => {
                Self { data: Some(data), message: Some(""), retcode: Some(0), status: Some("ok"), ..written }
            }
            Ended::Refused(refusal) => Self {
                data: Some(RawValue::NULL),
                message: Some(&refusal.wording),
                msg: Some(&refusal.msg),
                retcode: Some(refusal.retcode),
                status: Some("failed"),
                wording: Some(&refusal.wording),
                ..written
            },
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut body = serde_json::to_vec(self).unwrap_or_default();
        body.push(b'\n');
        body
    }
}
