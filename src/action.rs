//! Requests: one type for each action, and its answer where that is its own.
//!
//! A request is a plain value: build it, keep it, send it later with [`Client::call`](crate::Client::call). Every action
//! is a method of [`Client`](crate::Client) too. By chapter:
//!
#![doc = include_str!(concat!(env!("OUT_DIR"), "/index.md"))]

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::answer::Answer;
pub use crate::generated::action::*;

/// A request: the parameters of an action, and what it answers.
pub trait Action: Serialize + Send + Sync + 'static {
    /// What the server answers; `()` for nothing.
    type Response: Answer;

    /// The action's name on the wire.
    fn name(&self) -> &str;

    /// What a call does on the server.
    fn effect(&self) -> Effect;

    /// The refusals (`msg`) after which the action may have been carried out all the same.
    fn uncertain_refusals(&self) -> &'static [&'static str] {
        &[]
    }

    /// How long the server waits by design before it answers; added to the call's time limit.
    fn wait(&self) -> Duration {
        Duration::ZERO
    }
}

/// An action that a schema describes: its name is known without a request.
pub trait KnownAction: Action {
    /// The action's name on the wire.
    const NAME: &'static str;
}

/// What a call does: what a rate limiter, a retry policy or a read-only demo needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// It asks, and changes nothing. Only such a call is safe to repeat.
    Read,
    /// It changes something: a setting, a membership, a file.
    Write,
    /// It speaks to people.
    Send,
}

/// An action that no schema knows: the same code path, untyped.
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
    /// The action `name` with `params`, a JSON object. What it does is unknown, so it counts as [`Effect::Write`].
    pub fn new(name: impl Into<String>, params: impl Into<Value>) -> Self {
        Self { name: name.into(), params: params.into(), effect: Effect::Write }
    }

    /// Says what the action does, for layers that ask.
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

impl Action for Raw {
    type Response = Value;

    fn name(&self) -> &str {
        &self.name
    }

    fn effect(&self) -> Effect {
        self.effect
    }
}
