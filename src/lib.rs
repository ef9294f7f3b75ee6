#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// Generated code names everything `::cqhttp::…`, here as in any other crate.
extern crate self as cqhttp;

#[doc(hidden)]
pub mod __private;
pub mod action;
mod call;
mod chat;
mod client;
#[cfg(feature = "ws")]
mod connection;
mod envelope;
mod error;
pub mod event;
mod extend;
mod file;
pub mod forward;
mod generated;
mod id;
pub mod layer;
mod lenient;
mod macros;
mod message;
#[cfg(feature = "mock")]
pub mod mock;
mod pages;
mod path;
pub mod segment;
#[cfg(feature = "server")]
pub mod server;
mod target;
mod time;
pub mod transport;
pub mod types;

pub use action::{Action, Effect, KnownAction, Raw};
pub use call::{Call, RawCall, WithRaw};
pub use chat::{AnswerRequest, Approvable, Chat, ReplyCall, ReplyTo, SendCall, Sent};
pub use client::Client;
#[cfg(feature = "http")]
pub use client::{BuildError, ClientBuilder};
#[cfg(feature = "ws")]
pub use connection::{Connect, Connection, ConnectionError, ConnectionState, Events, Overflow, Received, connect};
pub use envelope::Answer;
pub use error::{Error, NotSent, OutcomeUnknown, Refused, Undecodable};
pub use event::{Event, EventKind};
pub use file::{FileSource, ReadFileError, UploadSource};
pub use forward::{ForwardNode, ForwardedMessage};
pub use generated::types::{ChannelId, GroupId, GuildId, MessageId, RefusalCode, TinyId, UserId};
pub use message::{CqError, CqFields, CqPart, CqParts, Message, MessageArg, MessageBuilder, MessageError};
pub use pages::{Paged, Pages};
pub use segment::{Mention, Segment};
pub use target::Target;
pub use time::Timestamp;
pub use types::Unlisted;

/// For `fuzz/`.
#[cfg(feature = "ws")]
#[doc(hidden)]
pub use transport::ws::Frame;
#[doc(hidden)]
pub use {serde, serde_json};

/// The code of the Chinese README is compiled too.
#[cfg(doctest)]
#[doc = include_str!("../README.zh-CN.md")]
pub struct ReadmeInChinese;
