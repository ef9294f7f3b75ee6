//! The simulated server: a go-cqhttp that runs inside a test. Feature `mock`.
//!
//! It listens on 127.0.0.1, for HTTP and WebSocket on one port, and knows all actions of the schema. Users talk to
//! the bot, and the test checks the bot's calls:
//!
//! ```
//! # #[cfg(feature = "ws")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::mock::{MockServer, Said};
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
//! let server = MockServer::start().await?;
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
//! # Connecting a bot
//!
//! | the bot | use |
//! |---|---|
//! | calls over HTTP | [`MockServer::url`] |
//! | connects over WebSocket | [`MockServer::ws_url`]; [`connected`](MockServer::connected) waits for it, or fails the test |
//! | gets server-sent events beside its calls over HTTP | [`MockServer::url`]; they come at `/_events`, as on NapCat and LLOneBot |
//! | listens for reverse WebSocket | [`MockServer::dial`] with a [`Dial`] |
//! | listens for HTTP POST | [`MockServer::webhook`] with a [`Webhook`]; its quick operations are carried out |
//! | polls events with `get_updates` | [`MockServerBuilder::long_polling`] |
//!
//! [`MockServerBuilder::on_refused`] reports why a bot refuses the simulated server's connection or event;
//! [`MockServerBuilder::on_rejected`] reports the requests that the simulated server refuses.
//!
//! Each simulated server is one account ([`MockServerBuilder::self_id`]); for several accounts, start several.
//!
//! # How a call is answered
//!
//! The first of these that applies answers the call:
//!
//! 1. A [fault](#faults).
//! 2. The name: an unknown action is refused with `API_NOT_FOUND`. A suffix `_async` is cut off. Actions that go-cqhttp
//!    itself does not implement are answered, unless the server is [`strict`](MockServerBuilder::strict).
//! 3. The parameters, read as go-cqhttp reads them. They come as JSON, as a form, in the query, or below `action` and
//!    `params` on `/`; numbers may be strings and flags may be numbers, and an unreadable value becomes 0, `false` or
//!    empty. A call that then makes no sense is refused as the schema lists it: a group 0 with `GROUP_NOT_FOUND`, an
//!    empty message with `EMPTY_MSG_ERROR`. A message that names no target at all is answered with `{}`.
//! 4. A handler, with typed request and response: [`MockServer::once`] for one call, [`MockServer::on`] for all.
//! 5. The [world](#a-world), if there is one.
//! 6. With the feature `files`, `upload_file_stream` stores the chunks of a file, checks them as NapCat does, and puts them
//!    together: [`MockServer::uploads`] returns the files.
//! 7. The schema's example, regardless of the parameters.
//!
//! ```
//! # #[cfg(feature = "http")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::action::{GetLoginInfo, GetLoginInfoResponse, SetGroupBan};
//! use cqhttp::mock::{MockServer, With, refuse};
//! use cqhttp::{Client, RefusalCode};
//!
//! let server = MockServer::start().await?;
//! server.on::<GetLoginInfo>(|_| Ok(GetLoginInfoResponse::example().with(|me| me.nickname = Some("Anna".into()))));
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
//! [`MockServerBuilder::world`] puts groups, members, messages and files behind the actions, so that tests can check
//! the effect of a call: see [`world`]. The program `cqhttp-mock` is a simulated server of its own, for bots in any language.
//!
//! # Checking the bot
//!
//! | to check | use |
//! |---|---|
//! | the next message that it sends, by whichever action | [`server.expect::<Said>()`](MockServer::expect) |
//! | the next call of an action, by its request | [`server.expect::<SetGroupBan>()`](MockServer::expect), [`within`](Expect::within) a time limit |
//! | the same with an error in place of a panic | [`MockServer::next_call`] |
//! | that a call does not come | [`MockServer::expect_none`] |
//! | all calls, their outcomes, and how they came | [`MockServer::calls`] |
//! | the number of calls, on a server that runs for long | [`MockServer::call_count`], [`MockServerBuilder::keep_calls`] |
//!
//! An expectation that is not met fails the test; the panic message gives the place in the test and every call that
//! came instead. A failed assertion in a handler, or in another closure that the server was given, fails the test too,
//! at the latest when the server is dropped. If a handler is meant to panic, [`take_panics`](MockServer::take_panics)
//! clears the panic.
//!
//! # Sending events
//!
//! | to send | use |
//! |---|---|
//! | a message | [`server.user(10086).says("hello")`](MockServer::user) with a chat: [`in_group`](Saying::in_group), [`in_private`](Saying::in_private) |
//! | any event | [`MockServer::push`], from an example: `FriendRequest::example().with(…)` |
//! | heartbeats | [`MockServerBuilder::heartbeat`] |
//! | a frame that no server should send | [`MockServer::push_text`], [`MockServer::push_raw`] |
//!
//! Events go everywhere: to WebSockets of both directions, server-sent events and webhooks, and into the queue of long polling.
//!
//! Messages are written as segments. A go-cqhttp with default settings writes them as strings with CQ codes, and so
//! does the simulated server with [`MockServerBuilder::post_format`]: for bots that do not read both.
//!
//! # Faults
//!
//! | fault | use |
//! |---|---|
//! | an answer that is late, missing, broken, doubled or for another call; a connection that ends; a refused token | a [`Fault`] |
//! | … on one call | [`MockServer::fault_once`] |
//! | … by a script, or on a share of the calls, by their order and a seed | [`MockServer::faults`] with [`Fault::script`], [`Fault::for_share`] |
//! | an answer in parts that is cut, silent, out of order, doubled, damaged or without an end | [`Fault::Stream`] with a [`StreamFault`] |
//! | a server that is killed, and comes back | [`MockServer::drop_connections`]; [`MockServer::stop`] and [`MockServerBuilder::port`] |
//! | a server that hangs, and recovers | [`MockServer::stall`] |
//! | server-sent events that break off, also in the middle of an event | [`MockServer::push_raw`], then [`MockServer::drop_connections`] |
//! | a network that drops every packet | [`MockServer::silence_connections`] |
//! | a close frame with any code | [`MockServer::close_connections`] |
//! | a token that is refused after the upgrade | [`MockServerBuilder::refuse_after_upgrade`] |
//! | a server that forgets uploads | [`MockServer::forget_uploads`] |
//!
//! # Limits
//!
//! It has no rate limits and no event filters. go-cqhttp's long polling has a race; the simulated server answers at once. It
//! stops when it is dropped, and leaves nothing behind.

mod body;
mod builder;
mod call;
mod connection;
mod dial;
mod dice;
mod envelope;
mod expect;
mod fault;
mod fault_script;
mod frame;
mod handlers;
mod http;
mod log;
mod long_polling;
mod message_event;
mod meta_event;
mod outbound;
mod params;
mod post_format;
mod quick_operation;
mod refusal;
mod schema;
mod server;
mod sse;
mod state;
mod stream;
mod stream_fault;
mod stream_script;
mod sync;
#[cfg(feature = "files")]
mod uploads;
mod user;
mod webhook;
pub mod world;
mod ws;

pub use self::builder::MockServerBuilder;
pub use self::call::{Outcome, ReceivedCall, Rejected, Via};
pub use self::dial::{Dial, DialRole};
pub use self::expect::{Connected, Expect, Expected, NextCall, Said, Unexpected};
pub use self::fault::Fault;
pub use self::post_format::PostFormat;
pub use self::refusal::{Refusal, refuse, refuse_as};
pub use self::schema::{
    ActionInfo, ChoiceInfo, EventInfo, ExampleCall, ParamInfo, ParamKind, SegmentInfo, action, actions, events,
    segments,
};
#[doc(hidden)] // for the generated tables
pub use self::schema::{call_example, reread, reread_answer, stream_example};
pub use self::server::MockServer;
pub use self::stream::StreamedAnswer;
pub use self::stream_fault::StreamFault;
#[cfg(feature = "files")]
pub use self::uploads::StoredUpload;
pub use self::user::{Saying, User};
pub use self::webhook::{Posted, Webhook};
pub use self::world::{Group, Member, World};

/// Changes a value in the middle of an expression: `SentMessage::example().with(|sent| sent.message_id = 7.into())`.
/// Answers and events may gain fields in the next version, so that struct literals of them do not compile elsewhere.
pub trait With: Sized {
    /// Applies `change`, and returns the value.
    #[must_use]
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl<T> With for T {}
