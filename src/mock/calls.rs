//! What the stand-in was asked, what became of it, and waiting for it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::watch;

use super::params::Reading;
use super::{ActionInfo, Fault, OnCall, Refusal, Server, lock};
use crate::action::{SendGroupMsg, SendGuildChannelMsg, SendMsg, SendPrivateMsg};
use crate::time::YEAR;
use crate::{Chat, KnownAction, Message};

/// How long is waited for a call that is expected, unless it is said otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// A call that the stand-in has received.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// The action, as it was called.
    pub action: String,
    /// The parameters as they came, from the body, the form and the query together. Null where they are no JSON.
    pub params: Value,
    /// The way it came.
    pub via: Via,
    /// What went wrong with it on purpose.
    pub fault: Fault,
    /// What it came to.
    pub outcome: Outcome,
}

/// The way a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Via {
    /// An HTTP request.
    Http,
    /// A WebSocket that the bot has opened.
    WebSocket,
    /// A WebSocket that the stand-in has opened: [`Server::dial`].
    ReverseWebSocket,
    /// The response to an event that was posted: [`Server::webhook`].
    Webhook,
    /// Part of a quick operation, which the stand-in carries out as calls of its own.
    QuickOperation,
}

/// What a call has come to on the server, whatever the bot has heard of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing yet: its handler is at work, or it waits for events.
    Pending,
    /// It is answered, with this `data`.
    Answered(Value),
    /// It is answered with `{}`: a message that names nobody to send it to.
    NoTarget,
    /// It is refused.
    Refused(Refusal),
    /// A [`Fault`] has ended its connection before it was acted on.
    Dropped,
    /// Its handler panicked, with these words, and its connection was ended.
    Panicked(String),
}

/// What is kept of an outcome.
#[derive(Debug)]
pub(super) enum Ended {
    Pending,
    Answered(Cow<'static, RawValue>),
    NoTarget,
    Refused(Box<Refusal>),
    Dropped,
    Panicked(Box<str>),
}

/// A call, as little as is needed of it: there may be a hundred thousand.
struct Record {
    action: Box<str>,
    /// The action that answers to this name, where there is one.
    known: Option<&'static ActionInfo>,
    params: Box<[u8]>,
    via: Via,
    fault: Option<Box<Fault>>,
    ended: Ended,
}

impl Record {
    fn name(&self) -> &str {
        self.known.map_or(&self.action, |info| info.name)
    }

    fn outcome(&self) -> Outcome {
        match &self.ended {
            Ended::Pending => Outcome::Pending,
            Ended::Answered(data) => Outcome::Answered(serde_json::from_str(data.get()).unwrap_or_default()),
            Ended::NoTarget => Outcome::NoTarget,
            Ended::Refused(refusal) => Outcome::Refused((**refusal).clone()),
            Ended::Dropped => Outcome::Dropped,
            Ended::Panicked(words) => Outcome::Panicked(words.to_string()),
        }
    }

    fn received(&self) -> Received {
        Received {
            action: self.action.to_string(),
            params: serde_json::from_slice(&self.params).unwrap_or_default(),
            via: self.via,
            fault: self.fault.as_deref().cloned().unwrap_or_default(),
            outcome: self.outcome(),
        }
    }
}

/// `send_msg {"message":"hi"} over HTTP: answered with {"message_id":1}`
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params = String::from_utf8_lossy(&self.params);
        let via = match self.via {
            Via::Http => "over HTTP",
            Via::WebSocket => "over WebSocket",
            Via::ReverseWebSocket => "over reverse WebSocket",
            Via::Webhook => "in response to an event",
            Via::QuickOperation => "by a quick operation",
        };
        write!(f, "{} {} {via}: ", self.action, Short(&params))?;
        match &self.ended {
            Ended::Pending => f.write_str("not answered yet")?,
            Ended::Answered(data) => write!(f, "answered with {}", Short(data.get()))?,
            Ended::NoTarget => f.write_str("answered with {}, since it names no target")?,
            Ended::Refused(refusal) => write!(f, "refused with {refusal}")?,
            Ended::Dropped => f.write_str("dropped before it was acted on")?,
            Ended::Panicked(words) => write!(f, "its handler panicked: {words}")?,
        }
        match &self.fault {
            Some(fault) => write!(f, " (fault: {fault:?})"),
            None => Ok(()),
        }
    }
}

/// The beginning of a text that may be long.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim_end();
        match text.char_indices().nth(300) {
            Some((end, _)) => write!(f, "{}… ({} bytes)", &text[..end], text.len()),
            None => f.write_str(text),
        }
    }
}

/// All calls, in the order in which they came.
pub(super) struct Calls {
    log: Mutex<Log>,
    /// Changes whenever a call has come to something.
    ended: watch::Sender<()>,
    on_call: Option<OnCall>,
}

#[derive(Default)]
struct Log {
    records: Vec<Record>,
    /// Up to where there is no call of an action that was not taken.
    taken: HashMap<&'static str, usize>,
    /// Of handlers, and not told yet.
    panics: Vec<String>,
}

impl Log {
    /// The next call of one of some actions that was not taken, if it has come to something: the action and its place.
    fn next(&mut self, actions: &'static [&'static str]) -> Option<(&'static str, usize)> {
        let Self { records, taken, .. } = self;
        let next = actions.iter().filter_map(|action| {
            let from = taken.entry(action).or_default();
            let place = records[*from..].iter().position(|record| record.name() == *action);
            // What is behind does not come again: who waits among many other calls looks at each once.
            *from += place.unwrap_or(records.len() - *from);
            place.map(|_| (*action, *from))
        });
        let next = next.min_by_key(|(_, place)| *place)?;
        Some(next).filter(|(_, place)| !matches!(self.records[*place].ended, Ended::Pending))
    }
}

impl Calls {
    pub(super) fn new(on_call: Option<OnCall>) -> Self {
        Self { log: Mutex::default(), ended: watch::Sender::new(()), on_call }
    }

    /// Notes a call that has come, and gives its number.
    pub(super) fn begin(
        &self,
        action: &str,
        known: Option<&'static ActionInfo>,
        params: &[u8],
        via: Via,
        fault: &Fault,
    ) -> usize {
        let fault = (*fault != Fault::None).then(|| Box::new(fault.clone()));
        let record = Record { action: action.into(), known, params: params.into(), via, fault, ended: Ended::Pending };
        let records = &mut lock(&self.log).records;
        records.push(record);
        records.len() - 1
    }

    /// Notes what a call has come to.
    pub(super) fn end(&self, call: usize, ended: Ended) {
        let mut log = lock(&self.log);
        let Some(record) = log.records.get_mut(call) else { return };
        record.ended = ended;
        if let Ended::Panicked(words) = &record.ended {
            let panic = format!("the handler of `{}` panicked: {words}", record.name());
            log.panics.push(panic);
        }
        let told = self.on_call.as_ref().map(|on_call| (on_call, log.records[call].received()));
        drop(log);
        if let Some((on_call, call)) = told {
            on_call(&call);
        }
        self.ended.send_modify(|()| {});
    }

    pub(super) fn all(&self) -> Vec<Received> {
        lock(&self.log).records.iter().map(Record::received).collect()
    }

    pub(super) fn take_panics(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.log).panics)
    }

    /// The next call that is expected and was not taken, once it has come to something.
    fn take<E: Expected>(&self) -> Option<Result<E, String>> {
        let mut log = lock(&self.log);
        let (action, place) = log.next(E::ACTIONS)?;
        log.taken.insert(action, place + 1);
        let record = &log.records[place];
        Some(match (&record.ended, record.known) {
            (Ended::Panicked(words), _) => Err(format!("the handler of `{action}` panicked: {words}")),
            (_, None) => Err(format!("no schema knows `{action}`")),
            (_, Some(info)) => E::read(action, &Reading::new(info, &record.params).json)
                .map_err(|error| format!("`{action}` came, and cannot be read: {error}\n    {record}")),
        })
    }

    /// What was not taken, and the panics, for somebody who looks for something else.
    fn report(&self) -> String {
        const MOST: usize = 20;
        let log = lock(&self.log);
        let left = log.records.iter().enumerate();
        let left = left.filter(|(place, record)| *place >= log.taken.get(record.name()).copied().unwrap_or_default());
        let left: Vec<_> = left.collect();
        let mut report = String::new();
        if left.is_empty() {
            let taken = log.records.len();
            let _ = write!(report, "\n  no other call has come ({taken} were taken before)");
        } else {
            report += "\n  calls that nobody has taken, by their place among all:";
        }
        if left.len() > MOST {
            let _ = write!(report, "\n    … {} before these", left.len() - MOST);
        }
        for (place, record) in &left[left.len().saturating_sub(MOST)..] {
            let _ = write!(report, "\n    {}. {record}", place + 1);
        }
        for panic in &log.panics {
            let _ = write!(report, "\n  {panic}");
        }
        report
    }
}

/// What a test can expect of a bot: a call of an action, by its request, or a message by whichever action: [`Said`].
pub trait Expected: Sized {
    /// The actions that it may be a call of.
    #[doc(hidden)]
    const ACTIONS: &'static [&'static str];

    /// Reads it from the parameters, as the request type has them.
    #[doc(hidden)]
    fn read(action: &str, params: &[u8]) -> serde_json::Result<Self>;
}

impl<A: KnownAction + DeserializeOwned> Expected for A {
    const ACTIONS: &'static [&'static str] = &[A::NAME];

    fn read(_: &str, params: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(params)
    }
}

/// A message that the bot has sent, by `send_msg`, `send_private_msg`, `send_group_msg` or `send_guild_channel_msg`, or by
/// a quick operation.
///
/// ```
/// # #[cfg(feature = "http")]
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use cqhttp::mock::{Said, Server};
/// use cqhttp::{Chat, Client, GroupId};
///
/// let server = Server::start().await?;
/// Client::builder(server.url()).build()?.send_group_msg(10001000, "hello").await?;
/// let said = server.expect::<Said>().await;
/// assert_eq!((said.chat, &*said.message.plain_text()), (Chat::Group(GroupId::new(10001000)), "hello"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Said {
    /// Where.
    pub chat: Chat,
    /// What.
    pub message: Message,
}

impl Expected for Said {
    const ACTIONS: &'static [&'static str] =
        &[SendMsg::NAME, SendGroupMsg::NAME, SendPrivateMsg::NAME, SendGuildChannelMsg::NAME];

    fn read(action: &str, params: &[u8]) -> serde_json::Result<Self> {
        Ok(match action {
            SendGuildChannelMsg::NAME => {
                let SendGuildChannelMsg { guild_id: guild, channel_id: channel, message, .. } =
                    serde_json::from_slice(params)?;
                Self { chat: Chat::Channel { guild, channel }, message }
            }
            SendGroupMsg::NAME => {
                let SendGroupMsg { group_id, message, .. } = serde_json::from_slice(params)?;
                Self { chat: group_id.into(), message }
            }
            SendPrivateMsg::NAME => {
                let SendPrivateMsg { user_id: user, group_id, message, .. } = serde_json::from_slice(params)?;
                let group = group_id.filter(|group| group.get() != 0);
                Self { chat: group.map_or(Chat::User(user), |group| Chat::Temp { user, group }), message }
            }
            _ => {
                let SendMsg { target, message, .. } = serde_json::from_slice(params)?;
                Self { chat: target.into(), message }
            }
        })
    }
}

/// No such call has come, or one that should not have. Its text says what was expected and where in the test, and what
/// came instead.
#[derive(Clone, PartialEq, Eq)]
pub struct Unexpected(String);

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As it is displayed: tests show it by `unwrap`.
impl fmt::Debug for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unexpected {}

/// Waits for the next call that is expected: [`Server::next_call`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct NextCall<'a, E> {
    server: &'a Server,
    within: Duration,
    at: &'static Location<'static>,
    expected: PhantomData<fn() -> E>,
}

/// Waits for the next call that is expected, and panics if there is none: [`Server::expect`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct Expect<'a, E>(NextCall<'a, E>);

impl<E> NextCall<'_, E> {
    /// How long to wait. Default: 5 seconds.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }
}

impl<E> Expect<'_, E> {
    /// How long to wait. Default: 5 seconds.
    pub fn within(self, limit: Duration) -> Self {
        Self(self.0.within(limit))
    }
}

impl<E: Expected> NextCall<'_, E> {
    async fn wait(self) -> Result<E, Unexpected> {
        let calls = &self.server.state.calls;
        let mut ended = calls.ended.subscribe();
        let deadline = tokio::time::Instant::now() + self.within.min(YEAR);
        loop {
            if let Some(taken) = calls.take() {
                return taken.map_err(|why| Unexpected(format!("at {}: {why}", self.at)));
            }
            // The sender is the server's own.
            if !matches!(tokio::time::timeout_at(deadline, ended.changed()).await, Ok(Ok(()))) {
                let links = self.server.connections();
                return Err(Unexpected(format!(
                    "at {}: no call of {} has come within {:?}{}\n  WebSocket connections that stand: {links}",
                    self.at,
                    names::<E>(),
                    self.within,
                    calls.report()
                )));
            }
        }
    }
}

impl<'a, E: Expected + 'a> IntoFuture for NextCall<'a, E> {
    type Output = Result<E, Unexpected>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

impl<'a, E: Expected + 'a> IntoFuture for Expect<'a, E> {
    type Output = E;
    type IntoFuture = Pin<Box<dyn Future<Output = E> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.0.wait().await.unwrap_or_else(|unexpected| fail(&unexpected)) })
    }
}

/// "`send_msg` or `send_group_msg`"
fn names<E: Expected>() -> String {
    E::ACTIONS.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(" or ")
}

#[allow(clippy::panic, reason = "it is how tests fail")]
fn fail(unexpected: &Unexpected) -> ! {
    panic!("{unexpected}")
}

impl Server {
    /// The calls so far, in the order in which they came, and what became of each.
    #[must_use]
    pub fn calls(&self) -> Vec<Received> {
        self.state.calls.all()
    }

    /// The next call of an action that was not taken yet, by its request, or the next message that was [`Said`], waiting
    /// for it if need be. Each call is taken once, in the order in which they came, and when it has come to something: its
    /// handler has run by then.
    ///
    /// ```
    /// # #[cfg(feature = "http")]
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use cqhttp::Client;
    /// use cqhttp::action::SendGroupMsg;
    /// use cqhttp::mock::Server;
    ///
    /// let server = Server::start().await?;
    /// Client::builder(server.url()).build()?.send_group_msg(10001000, "hello").await?;
    /// let call = server.expect::<SendGroupMsg>().await;
    /// assert_eq!(call.message.plain_text(), "hello");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// No such call has come within 5 seconds, or what [`within`](Expect::within) says; its handler panicked. The text says
    /// what came instead.
    #[track_caller]
    pub fn expect<E: Expected>(&self) -> Expect<'_, E> {
        Expect(self.next_call())
    }

    /// Takes the next call as [`expect`](Self::expect) does, with an error in place of the panic.
    ///
    /// # Panics
    ///
    /// The action is one of another crate, and the builder was not given [its table](super::ServerBuilder::actions).
    #[track_caller]
    pub fn next_call<E: Expected>(&self) -> NextCall<'_, E> {
        E::ACTIONS.iter().for_each(|action| self.state.assert_known(action));
        NextCall { server: self, within: PATIENCE, at: Location::caller(), expected: PhantomData }
    }

    /// Waits whether such a call comes that was not taken yet, and is done when none has come for so long.
    ///
    /// # Panics
    ///
    /// One has come; the text shows it.
    #[track_caller]
    #[allow(clippy::manual_async_fn, reason = "an async function would not know its caller")]
    pub fn expect_none<'a, E: Expected + 'a>(&'a self, within: Duration) -> impl Future<Output = ()> + Send + 'a {
        E::ACTIONS.iter().for_each(|action| self.state.assert_known(action));
        let at = Location::caller();
        let calls = &self.state.calls;
        async move {
            let mut ended = calls.ended.subscribe();
            let deadline = tokio::time::Instant::now() + within.min(YEAR);
            loop {
                if lock(&calls.log).next(E::ACTIONS).is_some() {
                    let (names, report) = (names::<E>(), calls.report());
                    fail(&Unexpected(format!("at {at}: a call of {names} has come that should not{report}")));
                }
                if !matches!(tokio::time::timeout_at(deadline, ended.changed()).await, Ok(Ok(()))) {
                    return;
                }
            }
        }
    }

    /// What the handlers' panics said, and forgets them: a server that is dropped or stopped with one that nobody has
    /// asked for panics itself, so that an assertion in a handler fails its test.
    pub fn take_panics(&self) -> Vec<String> {
        self.state.calls.take_panics()
    }
}
