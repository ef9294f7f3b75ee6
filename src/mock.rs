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
//! | connects over WebSocket | [`Server::ws_url`]; [`connected`](Server::connected) waits for it, or fails the test |
//! | is connected to, over reverse WebSocket | [`Server::dial`] with a [`Dial`] |
//! | has events posted to it | [`Server::webhook`] with a [`Webhook`]; its quick operations are carried out |
//! | asks for events by `get_updates` | [`ServerBuilder::long_polling`] |
//!
//! [`ServerBuilder::on_refused`] says why a bot that the stand-in comes to lets it not in, and
//! [`ServerBuilder::on_rejected`] which bots it lets not in itself.
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
//! 5. The [world](#a-world), if there is one.
//! 6. The example of the schema, the same whatever is asked for.
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
//! | how many there were, where a server runs for long | [`Server::call_count`], [`ServerBuilder::keep_calls`] |
//!
//! What is expected and does not come fails the test, with its place in the test, and with everything that came instead.
//! An assertion that fails in a handler, or in another closure that the server was given, does so too, at the latest when
//! the server is dropped; where a handler is to panic, [`take_panics`](Server::take_panics) takes it.
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
//! | … by a script, or on a share of the calls, by their order and a seed | [`Server::faults`] with [`Fault::script`], [`Fault::for_share`] |
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
mod envelope;
mod fault;
mod format;
mod http;
mod params;
mod quick;
mod refusal;
mod server;
mod state;
mod table;
mod updates;
mod user;
pub mod world;
mod ws;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use calls::{Connected, Expect, Expected, NextCall, Outcome, Received, Said, Unexpected, Via};
pub use dial::{Dial, DialRole, Posted, Webhook};
pub use fault::Fault;
pub use format::PostFormat;
pub use http::Rejected;
use refusal::bad_request;
pub use refusal::{Refusal, refuse};
pub use server::{Server, ServerBuilder};
use state::{Acted, OnCall, OnRejected, State, Taken};
pub use table::{
    ActionInfo, EventInfo, ExampleCall, ParamInfo, ParamKind, SegmentInfo, action, actions, events, segments,
};
pub use user::{Saying, User};
pub use world::{Group, Member, World};

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

/// A mutex whose holder panicked holds good data all the same: each change is one insertion.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
