//! Requests: one type for each action, with a type for its answer if no other action shares it.
//!
//! A request is a plain value: build it, keep it, send it later with [`Client::call`](crate::Client::call). Every action
//! is a method of [`Client`](crate::Client) too. By chapter:
//!
#![doc = include_str!(concat!(env!("OUT_DIR"), "/index.md"))]

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::answer::Answer;
use crate::error::refusal::RefusalRule;
pub use crate::generated::action::*;
use crate::generated::server::ServerKind;

/// A request: the parameters of an action, and the type of its answer.
pub trait Action: Serialize + Send + Sync + 'static {
    /// The answer; `()` if the action answers nothing.
    type Response: Answer;

    /// Returns the action's name on the wire.
    fn name(&self) -> &str;

    /// Returns the effect of a call.
    fn effect(&self) -> Effect;

    /// Returns the rules by which refusals of this action are recognised, beside those of `cqhttp`: those of an extension's schema.
    #[doc(hidden)]
    fn refusal_rules(&self) -> &'static [RefusalRule] {
        &[]
    }

    /// Returns the reason why the request cannot be sent: parameters that exclude each other.
    #[doc(hidden)]
    fn fault(&self) -> Option<String> {
        None
    }

    /// Returns `true` if an answer of success is a refusal when its `data` holds a code of QQ other than 0.
    #[doc(hidden)]
    fn has_soft_failures(&self) -> bool {
        false
    }

    /// Returns `true` if the server ends, and may close the connection in place of an answer.
    #[doc(hidden)]
    fn ends_server(&self) -> bool {
        false
    }

    /// Returns `true` if the answer arrives in parts.
    #[doc(hidden)]
    fn is_streamed(&self) -> bool {
        false
    }

    /// Returns the time that the server waits by design before it answers; it is added to the call's time limit.
    fn wait(&self) -> Duration {
        Duration::ZERO
    }
}

/// An action with one answer, whose call is awaited. Every action of the schema has this trait unless its answer arrives in parts,
/// and so does [`Raw`].
///
/// To await the call of a request of your own, implement it beside [`Action`].
#[diagnostic::on_unimplemented(
    message = "a call of `{Self}` cannot be awaited: its answer arrives in parts",
    label = "this answer arrives in parts",
    note = "read the parts: `let mut parts = call.stream(); while let Some(part) = parts.next().await {{ … }}`",
    note = "the last answer: `parts.finish().await?`",
    note = "if `{Self}` is a request of your own, which has one answer: `impl cqhttp::AnswersOnce for {Self} {{}}`"
)]
pub trait AnswersOnce: Action {}

/// An action whose answer arrives in parts, which [`Call::stream`](crate::Call::stream) reads. [`Action::Response`] is the last
/// answer.
pub trait StreamedAction: Action {
    /// A part before the last answer.
    type Part: Answer;

    /// Returns the total amount that a part announces, such as the size of a file in bytes. Default: `None`.
    #[must_use]
    fn total(part: &Self::Part) -> Option<u64> {
        let _ = part;
        None
    }

    /// Returns the amount that a part brings, such as the length of a piece in bytes. Default: `None`.
    #[must_use]
    fn received(part: &Self::Part) -> Option<u64> {
        let _ = part;
        None
    }
}

/// An action that a schema describes, so that its name is known without a request.
pub trait KnownAction: Action {
    /// The action's name on the wire.
    const NAME: &'static str;

    /// The servers that have the action, under any of its names, by lists that were made of one version of each: see
    /// [`ServerKind::supports`]. Empty if no list has it.
    const SERVERS: &'static [ServerKind] = &[];
}

/// The effect of a call, for rate limiters, retry policies and read-only demos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// The call changes nothing. Only such a call is safe to repeat.
    Read,
    /// The call changes something: a setting, a membership, a file.
    Write,
    /// The call sends something to people.
    Send,
}

/// An untyped request, for an action that no schema describes. It is sent like any other.
///
/// ```no_run
/// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
/// use cqhttp::Raw;
/// use serde_json::json;
///
/// let answer = client.call(Raw::new("vendor_action", json!({ "x": 1 }))).await?;
/// println!("{answer}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Raw {
    name: String,
    params: Value,
    effect: Effect,
}

impl Raw {
    /// Creates a request of the action `name` with `params`, a JSON object. Its effect is unknown, so it counts as
    /// [`Effect::Write`].
    pub fn new(name: impl Into<String>, params: impl Into<Value>) -> Self {
        Self { name: name.into(), params: params.into(), effect: Effect::Write }
    }

    /// Sets the effect, for layers that depend on it.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.params.serialize(serializer)
    }
}

impl AnswersOnce for Raw {}

impl Action for Raw {
    type Response = Value;

    fn name(&self) -> &str {
        &self.name
    }

    fn effect(&self) -> Effect {
        self.effect
    }
}
