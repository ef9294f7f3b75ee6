// The first definition of a link counts: here the READMEs' links lead into these docs, elsewhere to docs.rs.
#![cfg_attr(all(feature = "http", feature = "mock", feature = "server"), doc = include_str!("front_page_links.md"))]
// The code of the READMEs needs more than this crate, such as a subscriber of `tracing`: the package `tests` compiles it.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

// Generated code names every item `::cqhttp::…`, in this crate as in any other.
extern crate self as cqhttp;

#[doc(hidden)]
pub mod __private;
pub mod action;
mod answer;
mod answer_stream;
mod backoff;
mod call;
mod client;
#[cfg(any(feature = "sse", feature = "ws"))]
mod connection;
mod decode;
mod detection;
#[cfg(feature = "files")]
mod disk;
mod envelope;
mod error;
pub mod event;
#[cfg(any(feature = "sse", feature = "ws"))]
mod events;
mod extend;
mod extra_params;
mod file;
pub mod forward;
mod generated;
#[cfg(all(doc, feature = "http", feature = "mock", feature = "server"))]
pub mod guide;
mod id;
pub mod layer;
mod macros;
mod message;
mod missing_feature;
#[cfg(feature = "mock")]
pub mod mock;
mod pagination;
mod raw_fields;
#[cfg(any(feature = "sse", feature = "ws"))]
mod received;
mod reply;
mod report;
#[cfg(feature = "files")]
mod save_file;
pub mod segment;
#[cfg(feature = "server")]
pub mod server;
mod server_kind;
mod sync;
mod target;
mod time;
pub mod transport;
pub mod types;
#[cfg(feature = "files")]
mod upload;

pub use action::{Action, AnswersOnce, Effect, KnownAction, Raw, StreamedAction};
pub use answer::Answer;
pub use answer_stream::AnswerStream;
pub use call::{Call, RawCall, WithRaw};
pub use client::Client;
#[cfg(feature = "http")]
pub use client::builder::ClientBuilder;
#[cfg(any(feature = "sse", feature = "ws"))]
pub use connection::handle::Connection;
#[cfg(any(feature = "sse", feature = "ws"))]
pub use connection::{Connect, connect};
pub use decode::DecodeWarning;
pub use detection::DetectedServer;
#[cfg(feature = "http")]
pub use error::build::BuildError;
#[cfg(any(feature = "sse", feature = "ws"))]
pub use error::connection::ConnectionError;
pub use error::{Error, NotSent, OutcomeUnknown, Refused, Undecodable};
#[doc(inline)]
pub use event::{Event, EventKind};
#[cfg(any(feature = "sse", feature = "ws"))]
pub use events::Events;
#[cfg(any(feature = "sse", feature = "ws"))]
pub use events::queue::Overflow;
pub use file::{FileSource, ReadFileError, UploadSource};
pub use forward::{ForwardNode, ForwardedMessage};
pub use generated::refusal::RefusalKind;
pub use generated::server::ServerKind;
pub use generated::types::{ChannelId, GroupId, GuildId, MessageId, RefusalCode, TinyId, UserId};
pub use message::builder::MessageBuilder;
pub use message::command::MessageArg;
pub use message::cq::{CqError, CqFields, CqPart, CqParts};
pub use message::{Message, MessageError};
pub use pagination::{Paged, Pages, RawPages};
#[cfg(any(feature = "sse", feature = "ws"))]
pub use received::Received;
pub use reply::{AnswerRequest, Approvable, RawSendCall, ReplyCall, ReplyTo, SendCall, Sent};
pub use report::Report;
#[cfg(feature = "files")]
pub use save_file::{SaveFile, SaveFileError, SaveProgress, SavedFile};

#[doc(inline)]
pub use segment::{Mention, Segment};
pub use target::{Chat, Target};
pub use time::Timestamp;
#[cfg(any(feature = "sse", feature = "ws"))]
pub use transport::control::ConnectionState;
pub use types::Unlisted;
#[cfg(feature = "files")]
pub use upload::Upload;
#[cfg(feature = "files")]
pub use upload::error::UploadError;
#[cfg(feature = "files")]
pub use upload::input::UploadInput;
#[cfg(feature = "files")]
pub use upload::transfer::UploadProgress;

/// A frame of a WebSocket, for `fuzz/`.
#[cfg(any(feature = "sse", feature = "ws"))]
#[doc(hidden)]
pub use transport::frame::Frame;
#[doc(hidden)]
pub use {serde, serde_json};
