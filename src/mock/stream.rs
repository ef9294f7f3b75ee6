//! Answers in parts.

use std::borrow::Cow;
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
use super::stream_fault::StreamFault;
use super::stream_script::{StreamFrames, StreamScript};
use super::sync::lock;
use crate::action::{KnownAction, StreamedAction};

/// An answer in parts, for [`MockServer::on_stream`].
pub struct StreamedAnswer<A: StreamedAction> {
    parts: Box<dyn Iterator<Item = A::Part> + Send>,
    last: A::Response,
}

impl<A: StreamedAction> StreamedAnswer<A> {
    /// Creates an answer with these parts before the `last` answer. A part is taken when the part before it has been sent.
    pub fn new(parts: impl IntoIterator<Item = A::Part, IntoIter: Send + 'static>, last: A::Response) -> Self {
        Self { parts: Box::new(parts.into_iter()), last }
    }
}

impl MockServer {
    /// Answers the action `A` in parts, by `handler`, from now on.
    ///
    /// Parts are made when they are sent, and sent as fast as the bot reads them: an answer may be larger than the memory. `type`
    /// is added to the `data` of each part (`stream`) and of the last answer (`response`).
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
    /// Returns the answer in parts to a call; `None` if the call is not answered in parts.
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
        Some(StreamFrames::new(script, echo, fault))
    }

    /// Returns the answer to a call: from its handler, else from the world, else the schema's example.
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
