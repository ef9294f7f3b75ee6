//! What the schema says of actions, events and segments: generated tables.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::__private::answer_data;
use crate::action::{Action, Effect};
use crate::call::Call;
use crate::client::Client;
use crate::envelope::Answer;
use crate::error::Error;
use crate::event::EventKind;
use crate::generated;

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
    pub(super) fn answers_to(&self, name: &str) -> bool {
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

/// Decodes JSON as `T` and encodes it again: [`ActionInfo::reread_params`].
#[doc(hidden)]
pub fn reread<T: DeserializeOwned + Serialize>(json: &str) -> serde_json::Result<String> {
    serde_json::to_string(&serde_json::from_str::<T>(json)?)
}

/// Decodes the `data` of an answer and encodes it again: [`ActionInfo::reread_answer`].
#[doc(hidden)]
pub fn reread_answer<T: Answer + Serialize>(json: &str) -> serde_json::Result<String> {
    serde_json::to_string(&answer_data::<T>(json)?)
}

/// Sends a call and returns its answer as JSON: [`ActionInfo::call_example`].
#[doc(hidden)]
pub fn call_example<A: Action<Response: Serialize>>(call: Call<A>) -> ExampleCall {
    Box::pin(async move {
        let answer = call.await?;
        Ok(serde_json::to_value(&answer).unwrap_or(Value::Null))
    })
}
