//! Servers that connect to the bot: reverse WebSocket and HTTP POST, for any number of accounts. Feature `server`.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut server = cqhttp::server::Server::bind("127.0.0.1:8080").access_token("…").await?;
//! while let Some(received) = server.next().await {
//!     if let Some(message) = received.event.as_message() {
//!         println!("{} hears {}", message.self_id(), message.message().plain_text());
//!         received.reply("pong").await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! On go-cqhttp this is the setting `ws-reverse`, with `universal: ws://127.0.0.1:8080`, or with `api` and `event` as a pair.
//! Any path works. `X-Self-ID` names the account, and [`Received::client`](crate::Received::client) makes calls as the account
//! of the event. [`Server::bot`] returns the client of any account.
//!
//! # Accounts
//!
//! - A client belongs to its account for good: when the account connects again, the client uses the new connection. In between,
//!   calls fail at once as [`Error::NotSent`](crate::Error::NotSent), or wait: see [`ServerBuilder::queue_while_down`].
//! - When an account connects again, the new connection replaces the old one. Calls in flight on the old connection end as
//!   [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown). Two servers that replace each other again and again are logged at
//!   `warn`, with both addresses, which a server has for the connections of its own listener.
//! - [`Bots::watch`] watches the connected accounts, and [`Bots::wait_for`] waits for one account.
//! - [`Bots::subscribe`] adds a consumer of the events, for several parts of a program.
//! - An event of another account than the connection's is dropped, and ends the connection
//!   ([`ConnectionError::WrongAccount`](crate::ConnectionError::WrongAccount)): [`Bots::last_error`] tells it, and
//!   [`ServerBuilder::accept_other_accounts`] accepts such events. A connection with the role `API` brings no events.
//! - Each account has its own part of a consumer's queue, so that one account's flood takes no events of other accounts:
//!   [`ServerBuilder::event_queue_limit`], [`Server::missed_by_account`].
//!
//! # HTTP POST
//!
//! On go-cqhttp this is the setting `post`, with the same address as `http://` and a `secret`, the one of
//! [`ServerBuilder::webhook_secret`]. The events are in the same stream. Calls cannot be made this way; the answer to an event
//! goes into the response:
//!
//! ```no_run
//! # async fn run(mut server: cqhttp::server::Server) -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::Event;
//! use cqhttp::event::GroupMessageOperation;
//!
//! while let Some(received) = server.next().await {
//!     if let Event::GroupMessage(message) = &received.event {
//!         received.answer(message, &GroupMessageOperation::new().reply("pong")).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A reply in the response mentions the sender first, unless the operation has `.at_sender(false)`. NapCat only carries out
//! replies, and Lagrange does not read the response.
//!
//! [`Received::answer`](crate::Received::answer) does the same over a WebSocket, by a call. An event without an answer gets an
//! empty response when its last [`Received`](crate::Received) is dropped, and after [`ServerBuilder::answer_within`] at the
//! latest.
//!
//! # Authentication
//!
//! | setting | required of a WebSocket | required of an HTTP POST |
//! |---|---|---|
//! | nothing | `X-Self-ID` | `X-Self-ID` |
//! | [`access_token`](ServerBuilder::access_token) | the token | the token |
//! | [`webhook_secret`](ServerBuilder::webhook_secret) | `X-Self-ID` | the signature |
//! | both | the token | the signature |
//!
//! The token is accepted as `Authorization: Bearer …`, `Authorization: Token …` and `?access_token=…`, on every path. A signed
//! HTTP POST does not need the token, since go-cqhttp does not send it with a signature.
//!
//! | fault | HTTP status |
//! |---|---|
//! | the token or the signature is missing; `Authorization` is of another form | 401 |
//! | the token is wrong; the signature is not of the form `sha1=…` | 403 |
//! | `X-Self-ID` is missing, or is not an account | 400 |
//! | the signature does not fit the body | 403 |
//!
//! All faults but the last are found in the head of a request, before its body is read. A body with a wrong signature is not
//! decoded.

mod accounts;
mod admission;
pub(crate) mod bots;
pub(crate) mod builder;
mod connections;
mod faults;
mod handshake;
mod listener;
mod options;
mod posts;
mod service;
mod shared;
mod sink;
pub(crate) mod stream;
mod webhook;

pub use self::bots::Bots;
pub use self::builder::ServerBuilder;
pub use self::stream::Server;
