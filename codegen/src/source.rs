//! The schema as its files write it: stanzas, each part with its place. Nothing is derived here; a part that is missing
//! or of the wrong shape is reported and left out.

mod action;
mod event;
mod field;
mod file;
mod files;
mod reader;
mod refusal;
mod server;
mod types;
mod untyped;

pub(crate) use action::{Action, Group, Pages, Returns};
pub(crate) use event::{Event, Operation, Segment};
pub(crate) use field::{Deviation, Field};
pub(crate) use file::{Chapter, SourceFile};
pub(crate) use files::{any, read};
pub(crate) use reader::At;
pub(crate) use refusal::{Refusal, RefusalRule};
pub(crate) use server::Server;
pub(crate) use types::{EnumValue, Kind, Type};
