//! Answers in parts.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::call::{CallEnd, PanicSource, panic_message};
use super::fault::Fault;
use super::params::{Reading, Verdict};
use super::refusal::{Refusal, bad_request};
use super::schema::ActionInfo;
use super::server::MockServer;
use super::state::{NotedCall, State};
use super::sync::lock;
use crate::action::{KnownAction, StreamedAction};

/// An answer in parts, for [`MockServer::on_stream`].
pub struct StreamedAnswer<A: StreamedAction> {
    parts: Box<dyn Iterator<Item = A::Part> + Send>,
    last: A::Response,
}

impl<A: StreamedAction> StreamedAnswer<A> {
    /// An answer with these parts before the `last` answer. A part is taken when the one before has been sent.
    pub fn new(parts: impl IntoIterator<Item = A::Part, IntoIter: Send + 'static>, last: A::Response) -> Self {
        Self { parts: Box::new(parts.into_iter()), last }
    }
}

/// A fault in the middle of an answer in parts: [`Fault::Stream`]. Parts count from 0.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StreamFault {
    /// The connection ends in the middle of this part.
    Cut(usize),
    /// Nothing is sent from this part on, and the connection stays open.
    Silent(usize),
    /// This part is left out.
    LeftOut(usize),
    /// This part comes after the next one.
    Swapped(usize),
    /// This part comes twice.
    Twice(usize),
    /// The text `data` of this part begins with another character.
    Damaged(usize),
    /// This part is not JSON.
    Garbage(usize),
    /// The answer ends with this refusal in place of this part.
    Refused(usize, Refusal),
    /// The last answer is not sent. Over HTTP the body ends.
    NoEnd,
}

/// The `data` of the parts, and of the last answer, as JSON.
pub(super) struct StreamScript {
    pub(super) parts: Box<dyn Iterator<Item = String> + Send>,
    pub(super) last: String,
}

pub(super) type StreamHandler = Arc<dyn Fn(&[u8]) -> Result<StreamScript, Refusal> + Send + Sync>;

/// The next step of an answer in parts.
pub(super) enum StreamStep {
    /// A response.
    Frame(Vec<u8>),
    /// The beginning of a response, and the end of the connection.
    Cut(Vec<u8>),
    /// Nothing more, for ever.
    Silence,
}

/// The responses of an answer in parts, made when they are taken.
pub(super) struct StreamFrames {
    script: StreamScript,
    echo: Option<Box<RawValue>>,
    fault: Option<StreamFault>,
    /// The number of the next part.
    number: usize,
    /// Parts that come before the next one.
    ahead: VecDeque<String>,
    ended: bool,
}

impl MockServer {
    /// Answers the action `A` in parts, by `handler`, from now on.
    ///
    /// Parts are made when they are sent, and sent as fast as the bot reads: an answer may be longer than memory. `type` is added
    /// to the `data` of each, `stream` for a part and `response` for the last answer.
    ///
    /// ```
    /// # #[cfg(all(feature = "ws", feature = "vendor"))]
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use cqhttp::action::{TestDownloadStream, TestDownloadStreamResponse};
    /// use cqhttp::mock::{MockServer, StreamedAnswer, With};
    /// use cqhttp::types::TestPart;
    ///
    /// let server = MockServer::start().await?;
    /// server.on_stream::<TestDownloadStream>(|_| {
    ///     let parts = (0..3).map(|n| TestPart::example().with(|part| part.data = Some(format!("part {n}"))));
    ///     Ok(StreamedAnswer::new(parts, TestDownloadStreamResponse::example()))
    /// });
    /// let (client, _events) = cqhttp::connect(server.ws_url()).await?;
    /// let mut parts = client.test_download_stream().stream();
    /// assert_eq!(parts.next().await.unwrap()?.data.as_deref(), Some("part 0"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// The action belongs to another crate, and the builder was not given [its
    /// table](super::MockServerBuilder::actions).
    #[track_caller]
    pub fn on_stream<A>(&self, handler: impl Fn(A) -> Result<StreamedAnswer<A>, Refusal> + Send + Sync + 'static)
    where
        A: KnownAction + StreamedAction<Part: Serialize, Response: Serialize> + DeserializeOwned,
    {
        self.state.assert_known(A::NAME);
        let handler = move |params: &[u8]| {
            let bad = |error: serde_json::Error| bad_request(A::NAME, &error);
            let StreamedAnswer { parts, last } = handler(serde_json::from_slice(params).map_err(bad)?)?;
            let parts = parts.map(|part| serde_json::to_string(&part).unwrap_or_default());
            Ok(StreamScript { parts: Box::new(parts), last: serde_json::to_string(&last).map_err(bad)? })
        };
        lock(&self.state.streams).insert(A::NAME, Arc::new(handler));
    }
}

impl State {
    /// Returns the answer in parts to a call; `None` if it is answered otherwise.
    pub(super) fn stream(&self, call: &NotedCall, params: &[u8], echo: Option<&RawValue>) -> Option<StreamFrames> {
        let info = call.info.filter(|info| info.example_parts.is_some() && self.answers(info))?;
        let fault = match &call.fault {
            Fault::None => None,
            Fault::Stream(fault) => Some(fault.clone()),
            _ => return None,
        };
        let Reading { json, verdict } = Reading::new(info, params);
        if self.has_handler(info) || !matches!(verdict, Verdict::Fine) {
            return None;
        }
        let script = catch_unwind(AssertUnwindSafe(|| self.script(info, &json)));
        let (script, fault, ended) = match script {
            Ok(Ok(script)) => {
                let last = serde_json::from_str::<Box<RawValue>>(&script.last).unwrap_or_default();
                (script, fault, CallEnd::Answered(Cow::Owned(last)))
            }
            Ok(Err(refusal)) => {
                let fault = StreamFault::Refused(0, refusal.clone());
                (StreamScript::empty(), Some(fault), CallEnd::Refused(refusal.into()))
            }
            Err(panic) => {
                let ended = CallEnd::Panicked(PanicSource::Handler, panic_message(&*panic).into());
                (StreamScript::empty(), Some(StreamFault::Cut(0)), ended)
            }
        };
        self.calls.end(call.number, ended);
        let echo = echo.map(ToOwned::to_owned);
        Some(StreamFrames { script, echo, fault, number: 0, ahead: VecDeque::new(), ended: false })
    }

    /// Returns what a call is answered with: by its handler, else from the world, else with the schema's example.
    fn script(&self, info: &'static ActionInfo, params: &[u8]) -> Result<StreamScript, Refusal> {
        let handler = lock(&self.streams).get(info.name).cloned();
        if let Some(handler) = handler {
            return handler(params);
        }
        if let Some(script) = self.in_world(|world| world.as_ref()?.download(info.name, params)) {
            return script;
        }
        let parts: Vec<Value> = serde_json::from_str(info.example_parts.unwrap_or("[]")).unwrap_or_default();
        let parts = parts.into_iter().map(|part| part.to_string());
        Ok(StreamScript { parts: Box::new(parts), last: info.example_answer.to_owned() })
    }
}

impl StreamScript {
    fn empty() -> Self {
        Self { parts: Box::new(std::iter::empty()), last: String::new() }
    }
}

impl StreamFrames {
    /// Returns the next step; `None` at the end.
    pub(super) fn next_step(&mut self) -> Option<StreamStep> {
        if self.ended {
            return None;
        }
        if let Some(part) = self.ahead.pop_front() {
            return Some(StreamStep::Frame(self.frame(&part, "stream")));
        }
        let number = self.number;
        self.number += 1;
        match self.fault.clone() {
            Some(StreamFault::Silent(at)) if at == number => return self.end(StreamStep::Silence),
            Some(StreamFault::Refused(at, refusal)) if at == number => {
                let frame = self.refused(&refusal);
                return self.end(StreamStep::Frame(frame));
            }
            _ => {}
        }
        let Some(part) = self.script.parts.next() else { return self.last(number) };
        match self.fault.clone() {
            Some(StreamFault::Cut(at)) if at == number => {
                let mut frame = self.frame(&part, "stream");
                frame.truncate(frame.len() / 2);
                self.end(StreamStep::Cut(frame))
            }
            Some(StreamFault::Garbage(at)) if at == number => {
                let frame = self.frame(&part, "stream");
                Some(StreamStep::Frame(String::from_utf8_lossy(&frame).replacen("\"type\"", "\"type", 1).into_bytes()))
            }
            Some(fault) => {
                self.ahead = apply(fault, number, part, &mut self.script.parts);
                self.next_step()
            }
            None => Some(StreamStep::Frame(self.frame(&part, "stream"))),
        }
    }

    /// Returns the last answer, or the fault in its place.
    fn last(&mut self, number: usize) -> Option<StreamStep> {
        self.ended = true;
        match &self.fault {
            Some(StreamFault::NoEnd) => None,
            Some(StreamFault::Cut(at)) if *at == number => Some(StreamStep::Cut(Vec::new())),
            _ => Some(StreamStep::Frame(self.frame(&self.script.last, "response"))),
        }
    }

    fn end(&mut self, step: StreamStep) -> Option<StreamStep> {
        self.ended = true;
        Some(step)
    }

    /// Writes a response as NapCat does.
    fn frame(&self, data: &str, kind: &str) -> Vec<u8> {
        let data = match data.strip_prefix('{') {
            Some("}") => Cow::Owned(format!("{{\"type\":\"{kind}\"}}")),
            Some(rest) if !rest.starts_with("\"type\":") => Cow::Owned(format!("{{\"type\":\"{kind}\",{rest}")),
            _ => Cow::Borrowed(data),
        };
        let head = format!("{{\"status\":\"ok\",\"retcode\":0,\"data\":{data},\"message\":\"\",\"wording\":\"\"");
        self.with_echo(head)
    }

    fn refused(&self, refusal: &Refusal) -> Vec<u8> {
        let (retcode, wording) = (refusal.retcode, Value::from(&*refusal.wording));
        self.with_echo(format!(
            "{{\"status\":\"failed\",\"retcode\":{retcode},\"data\":{{\"type\":\"error\",\"data_type\":\"error\"}},\
             \"message\":{wording},\"wording\":{wording}"
        ))
    }

    fn with_echo(&self, mut head: String) -> Vec<u8> {
        if let Some(echo) = &self.echo {
            head += ",\"echo\":";
            head += echo.get();
        }
        head += ",\"stream\":\"stream-action\"}";
        head.into_bytes()
    }
}

/// Returns the parts that come in place of a part, by a fault.
fn apply(fault: StreamFault, number: usize, part: String, parts: &mut dyn Iterator<Item = String>) -> VecDeque<String> {
    match fault {
        StreamFault::LeftOut(at) if at == number => parts.next().into_iter().collect(),
        StreamFault::Swapped(at) if at == number => parts.next().into_iter().chain([part]).collect(),
        StreamFault::Twice(at) if at == number => [part.clone(), part].into(),
        StreamFault::Damaged(at) if at == number => [damaged(&part)].into(),
        _ => [part].into(),
    }
}

/// Changes the first character of the text `data` of a part.
fn damaged(part: &str) -> String {
    let mut part: Value = serde_json::from_str(part).unwrap_or_default();
    if let Some(data) = part["data"].as_str() {
        let other = if data.starts_with('A') { "B" } else { "A" };
        part["data"] = format!("{other}{}", data.get(1..).unwrap_or_default()).into();
    }
    part.to_string()
}
