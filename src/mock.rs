//! The test kit: a go-cqhttp that runs inside a test. Feature `mock`.
//!
//! It listens on 127.0.0.1, for HTTP and WebSocket on one port, and knows the 93 actions of the schema. People talk to the
//! bot, and the test says what the bot is to do about it:
//!
//! ```
//! # #[cfg(feature = "ws")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::mock::{Said, MockServer};
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
//! # How a bot reaches it
//!
//! | the bot | by |
//! |---|---|
//! | calls over HTTP | [`MockServer::url`] |
//! | connects over WebSocket | [`MockServer::ws_url`]; [`connected`](MockServer::connected) waits for it, or fails the test |
//! | is connected to, over reverse WebSocket | [`MockServer::dial`] with a [`Dial`] |
//! | has events posted to it | [`MockServer::webhook`] with a [`Webhook`]; its quick operations are carried out |
//! | asks for events by `get_updates` | [`MockServerBuilder::long_polling`] |
//!
//! [`MockServerBuilder::on_refused`] says why a bot that the stand-in comes to lets it not in, and
//! [`MockServerBuilder::on_rejected`] which bots it lets not in itself.
//!
//! Each stand-in is one account ([`MockServerBuilder::self_id`]); for several, start several.
//!
//! # What a call comes to
//!
//! The first of these that has something to say answers it:
//!
//! 1. A [fault](#what-goes-wrong-on-purpose).
//! 2. The name: an unknown action is refused with `API_NOT_FOUND`; one `_async` at its end is cut off. Actions that
//!    go-cqhttp itself does not implement are answered, unless it is [`strict`](MockServerBuilder::strict).
//! 3. The parameters, read as go-cqhttp reads them. They come as JSON, as a form, in the query, or below `action` and
//!    `params` on `/`; numbers may be texts and flags numbers, and what cannot be read is 0, `false` or empty. A call that
//!    makes no sense then is refused as the schema lists it: a group 0 with `GROUP_NOT_FOUND`, an empty message with
//!    `EMPTY_MSG_ERROR`. A message that names no target at all is answered with `{}`.
//! 4. A handler, typed both ways: [`MockServer::once`] for one call, [`MockServer::on`] for all.
//! 5. The [world](#a-world), if there is one.
//! 6. The example of the schema, the same whatever is asked for.
//!
//! ```
//! # #[cfg(feature = "http")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::action::{GetLoginInfo, GetLoginInfoResponse, SetGroupBan};
//! use cqhttp::mock::{MockServer, With, refuse};
//! use cqhttp::{Client, RefusalCode};
//!
//! let server = MockServer::start().await?;
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
//! [`MockServerBuilder::world`] puts groups, members, messages and files behind the actions, so that tests look at what becomes
//! of a call: see [`world`]. The program `cqhttp-mock` is a stand-in of its own, for bots in any language.
//!
//! # What the bot has done
//!
//! | to see | by |
//! |---|---|
//! | the next message that it sends, by whichever action | [`server.expect::<Said>()`](MockServer::expect) |
//! | the next call of an action, by its request | [`server.expect::<SetGroupBan>()`](MockServer::expect), [`within`](Expect::within) a time |
//! | the same with an error in place of a panic | [`MockServer::next_call`] |
//! | that a call does not come | [`MockServer::expect_none`] |
//! | all calls, what they came to, and how they came | [`MockServer::calls`] |
//! | how many there were, where a server runs for long | [`MockServer::call_count`], [`MockServerBuilder::keep_calls`] |
//!
//! What is expected and does not come fails the test, with its place in the test, and with everything that came instead.
//! An assertion that fails in a handler, or in another closure that the server was given, does so too, at the latest when
//! the server is dropped; where a handler is to panic, [`take_panics`](MockServer::take_panics) takes it.
//!
//! # What the bot hears
//!
//! | to send | by |
//! |---|---|
//! | a message | [`server.user(10086).says("hello")`](MockServer::user) and where: [`in_group`](Saying::in_group), [`in_private`](Saying::in_private) |
//! | any event | [`MockServer::push`], from an example: `FriendRequest::example().with(…)` |
//! | heartbeats | [`MockServerBuilder::heartbeat`] |
//! | a frame that no server should send | [`MockServer::push_text`], [`MockServer::push_raw`] |
//!
//! Events go everywhere: to WebSockets of both directions and webhooks, and into the queue of long polling.
//!
//! Messages are written as segments. A go-cqhttp whose settings nobody has changed writes them as texts with CQ codes, and
//! so does the stand-in with [`MockServerBuilder::post_format`]: for bots that do not read both.
//!
//! # What goes wrong on purpose
//!
//! | what | by |
//! |---|---|
//! | an answer that is late, missing, broken, doubled, another's; a connection that ends; a refused token | a [`Fault`] |
//! | … on one call | [`MockServer::fault_once`] |
//! | … by a script, or on a share of the calls, by their order and a seed | [`MockServer::faults`] with [`Fault::script`], [`Fault::for_share`] |
//! | a server that is killed, and comes back | [`MockServer::drop_connections`]; [`MockServer::stop`] and [`MockServerBuilder::port`] |
//! | a server that hangs, and goes on | [`MockServer::stall`] |
//! | a network that swallows everything | [`MockServer::silence_connections`] |
//! | a close frame with any code | [`MockServer::close_connections`] |
//! | a token that is refused after the upgrade | [`MockServerBuilder::refuse_after_upgrade`] |
//!
//! # What it leaves out
//!
//! Rate limits and event filters of the server's; the race of go-cqhttp's long polling, which answers at once here. It
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
mod state;
mod sync;
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
pub use self::refusal::{Refusal, refuse};
pub use self::schema::{
    ActionInfo, EventInfo, ExampleCall, ParamInfo, ParamKind, SegmentInfo, action, actions, events, segments,
};
#[doc(hidden)] // for the generated tables
pub use self::schema::{call_example, reread, reread_answer};
pub use self::server::MockServer;
pub use self::user::{Saying, User};
pub use self::webhook::{Posted, Webhook};
pub use self::world::{Group, Member, World};

/// Changes an example in passing: `SentMessage::example().with(|sent| sent.message_id = 7.into())`. Answers and events
/// may have more fields in the next version, so that they cannot be written out.
pub trait With: Sized {
    /// Changes it, and gives it back.
    #[must_use]
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl<T> With for T {}
