//! The generated tables of actions, events and segments.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::__private::answer_data;
use crate::action::{AnswersOnce, Effect, StreamedAction};
use crate::answer::Answer;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::event::EventKind;
use crate::generated;

/// An action of the schema.
///
/// Only generated code constructs this type, in any crate; its fields may change.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo {
    /// The action's name on the wire.
    pub name: &'static str,
    /// Further names that the server answers to.
    pub aliases: &'static [&'static str],
    /// The heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// The effect of a call.
    pub effect: Effect,
    /// The parameters.
    pub params: &'static [ParamInfo],
    /// The groups of parameters that exclude each other.
    pub choices: &'static [ChoiceInfo],
    /// The refusals that the documentation or go-cqhttp's code lists: the `msg` of each.
    pub refusals: &'static [&'static str],
    /// `true` if go-cqhttp implements the action, and for an action of another crate.
    pub implemented: bool,
    /// The parameters of the schema's example, as JSON.
    pub example_params: &'static str,
    /// The answer of the schema's example (`data`), as JSON.
    pub example_answer: &'static str,
    /// The parts of the schema's example before the last answer, as a JSON list; `None` if the answer has no parts.
    pub example_parts: Option<&'static str>,
    #[doc(hidden)]
    pub reread_params: fn(&str) -> serde_json::Result<String>,
    #[doc(hidden)]
    pub reread_answer: fn(&str) -> serde_json::Result<String>,
    #[doc(hidden)]
    pub call_example: fn(Client) -> ExampleCall,
}

/// A group of parameters of which at most one is given.
///
/// Only generated code constructs this type, in any crate; its fields may change.
#[derive(Clone, Copy, Debug)]
pub struct ChoiceInfo {
    /// The parameters' names on the wire, each with the parameters that are sent under this name too.
    pub params: &'static [(&'static str, &'static [&'static str])],
    /// Set if exactly one is given.
    pub required: bool,
}

/// A parameter of an action.
///
/// Only generated code constructs this type, in any crate; its fields may change.
#[derive(Clone, Copy, Debug)]
pub struct ParamInfo {
    /// The parameter's name on the wire.
    pub name: &'static str,
    /// Further names that the server reads, of which the first that is present counts; a dotted name leads into an
    /// object.
    pub aliases: &'static [&'static str],
    /// The type that go-cqhttp converts it to.
    pub kind: ParamKind,
    /// Set for a list of such values.
    pub list: bool,
    /// Set if a call makes no sense without it.
    pub required: bool,
    /// The default value, as JSON.
    pub default: Option<&'static str>,
}

/// The type that go-cqhttp converts a parameter to, whatever its JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParamKind {
    /// A flag: `true`, a number other than 0, or one of the strings `true`, `t` and `1`.
    Bool,
    /// A number of 32 bits, or a string of digits. A larger number loses its upper bits.
    I32,
    /// A number of 64 bits, or a string of digits.
    I64,
    /// The same as [`I32`](Self::I32), without a sign.
    U32,
    /// The same as [`I64`](Self::I64), without a sign.
    U64,
    /// A number with a fraction.
    F64,
    /// A string; numbers and flags are converted.
    String,
    /// A message: CQ codes, a segment or a list of segments.
    Message,
    /// Any JSON, unchanged.
    Json,
}

impl ParamInfo {
    /// Returns a parameter that a call makes no sense without.
    #[must_use]
    pub const fn required(name: &'static str, kind: ParamKind) -> Self {
        Self { name, aliases: &[], kind, list: false, required: true, default: None }
    }

    /// Returns an optional parameter.
    #[must_use]
    pub const fn optional(name: &'static str, kind: ParamKind) -> Self {
        Self { name, aliases: &[], kind, list: false, required: false, default: None }
    }

    /// Returns a parameter with a default value: `default` is JSON.
    #[must_use]
    pub const fn defaulted(name: &'static str, kind: ParamKind, default: &'static str) -> Self {
        Self { name, aliases: &[], kind, list: false, required: false, default: Some(default) }
    }

    /// Makes the parameter a list.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// Adds further names that the server reads.
    #[must_use]
    pub const fn aliases(mut self, names: &'static [&'static str]) -> Self {
        self.aliases = names;
        self
    }
}

/// A kind of event in the schema.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EventInfo {
    /// The kind.
    pub kind: EventKind,
    /// The name of the variant.
    pub name: &'static str,
    /// The tags: `notice.notify.poke`.
    pub tags: &'static str,
    /// The heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// The servers that send it, such as `napcat`; empty if go-cqhttp sends it, and others may.
    pub servers: &'static [&'static str],
    /// The schema's example: a whole event, as JSON.
    pub example: &'static str,
}

/// A type of message segment in the schema.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// The type on the wire.
    pub kind: &'static str,
    /// The name of the variant.
    pub name: &'static str,
    /// The heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// Set if it occurs only in posts of topic channels.
    pub feed: bool,
    /// The fields, with all their names on the wire.
    pub fields: &'static [&'static str],
    /// The schema's example of the data, as JSON.
    pub example: &'static str,
}

/// Returns every kind of event, in the schema's order.
pub fn events() -> impl Iterator<Item = &'static EventInfo> {
    generated::mock::EVENTS.iter().copied().flatten()
}

/// Returns every type of segment, in the schema's order.
pub fn segments() -> impl Iterator<Item = &'static SegmentInfo> {
    generated::mock::SEGMENTS.iter().copied().flatten()
}

/// The future of [`ActionInfo::call_example`].
pub type ExampleCall = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>>;

impl ActionInfo {
    pub(super) fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

    /// Decodes parameters into the request type and encodes them again.
    ///
    /// # Errors
    ///
    /// The JSON is not valid parameters of the action.
    pub fn reread_params(&self, json: &str) -> serde_json::Result<String> {
        (self.reread_params)(json)
    }

    /// Decodes `data` into the answer type and encodes it again.
    ///
    /// # Errors
    ///
    /// The JSON is not a valid answer of the action.
    pub fn reread_answer(&self, json: &str) -> serde_json::Result<String> {
        (self.reread_answer)(json)
    }

    /// Returns `data` as servers send it: the value of its only field without the object, if the schema's example is such a value,
    /// and the value reads as the same answer.
    pub(super) fn as_sent(&self, data: Cow<'static, RawValue>) -> Cow<'static, RawValue> {
        if self.example_answer.starts_with('{') || !data.get().starts_with('{') {
            return data;
        }
        let entries: BTreeMap<String, Box<RawValue>> = serde_json::from_str(data.get()).unwrap_or_default();
        let only = entries.into_values().next().filter(|value| {
            let reads_as = |json| self.reread_answer(json).ok();
            reads_as(value.get()).is_some_and(|alone| Some(alone) == reads_as(data.get()))
        });
        only.map_or(data, Cow::Owned)
    }

    /// Sends the example through the generated method of `client`, and returns the answer as JSON.
    ///
    /// A real server carries the action out.
    ///
    /// # Errors
    ///
    /// The call fails.
    pub fn call_example(&self, client: Client) -> ExampleCall {
        (self.call_example)(client)
    }
}

/// Returns every action, in the schema's order.
pub fn actions() -> impl Iterator<Item = &'static ActionInfo> {
    generated::mock::ACTIONS.iter().copied().flatten()
}

/// Returns the action that answers to `name`.
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
pub fn call_example<A: AnswersOnce<Response: Serialize>>(call: Call<A>) -> ExampleCall {
    Box::pin(async move {
        let answer = call.await?;
        Ok(serde_json::to_value(&answer).unwrap_or(Value::Null))
    })
}

/// Sends a call whose answer arrives in parts, and returns the last answer as JSON: [`ActionInfo::call_example`].
#[doc(hidden)]
pub fn stream_example<A: StreamedAction<Response: Serialize>>(call: Call<A>) -> ExampleCall {
    Box::pin(async move {
        let answer = call.stream().finish().await?;
        Ok(serde_json::to_value(&answer).unwrap_or(Value::Null))
    })
}
