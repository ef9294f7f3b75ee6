//! What the stand-in was asked, what became of it, and waiting for it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write};
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::watch;

use super::params::Reading;
use super::state::words;
use super::{ActionInfo, Fault, OnCall, OnRejected, Refusal, Rejected, Server, lock};
use crate::action::{SendGroupMsg, SendGuildChannelMsg, SendMsg, SendPrivateMsg};
use crate::{Chat, KnownAction, Message};

/// How long is waited for what is expected, unless it is said otherwise.
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
    /// Its connection has ended before it was acted on: by a [`Fault`], or by the bot itself, which waited for events.
    Dropped,
    /// Its handler panicked, or the closure of [`faults`](Server::faults), with these words, and its connection was ended.
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
    Panicked(By, Box<str>),
}

/// What of the test's own panicked at a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Handler,
    Faults,
}

impl By {
    fn panicked(self, action: &str, words: &str) -> String {
        match self {
            Self::Handler => format!("the handler of `{action}` panicked: {words}"),
            Self::Faults => format!("the closure of `faults` at `{action}` panicked: {words}"),
        }
    }
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
    /// By a test that expected it.
    taken: bool,
}

impl Record {
    fn name(&self) -> &str {
        self.known.map_or(&self.action, |info| info.name)
    }

    /// Whether a test may expect it, as far as it is known.
    fn is_one(&self, action: &str, done: bool) -> bool {
        let undone = matches!(self.ended, Ended::Refused(_) | Ended::Dropped | Ended::NoTarget);
        !self.taken && self.name() == action && !(done && undone)
    }

    fn outcome(&self) -> Outcome {
        match &self.ended {
            Ended::Pending => Outcome::Pending,
            Ended::Answered(data) => Outcome::Answered(serde_json::from_str(data.get()).unwrap_or_default()),
            Ended::NoTarget => Outcome::NoTarget,
            Ended::Refused(refusal) => Outcome::Refused((**refusal).clone()),
            Ended::Dropped => Outcome::Dropped,
            Ended::Panicked(_, words) => Outcome::Panicked(words.to_string()),
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
            Ended::Panicked(By::Handler, words) => write!(f, "its handler panicked: {words}")?,
            Ended::Panicked(By::Faults, words) => write!(f, "the closure of `faults` panicked: {words}")?,
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
    /// How many at most, besides those that have come to nothing yet.
    keep: usize,
    on_call: Option<OnCall>,
    on_rejected: Option<OnRejected>,
}

#[derive(Default)]
struct Log {
    /// By their numbers, from 0.
    records: BTreeMap<usize, Record>,
    /// How many calls have come.
    count: usize,
    /// Up to where there is nothing to take of an action, of all its calls and of those alone that were carried out: who
    /// waits among many other calls looks at each once.
    looked_at: HashMap<(&'static str, bool), usize>,
    /// Of handlers and other closures of the test's, and not told yet.
    panics: Vec<String>,
    /// How many requests were refused before they were calls, and the last of them.
    rejected: (usize, Option<Rejected>),
}

impl Log {
    /// The next call that is expected and was not taken, if it has come to something: the action and its number.
    fn next<E: Expected>(&mut self) -> Option<(&'static str, usize)> {
        let Self { records, count, looked_at, .. } = self;
        let next = E::ACTIONS.iter().filter_map(|action| {
            let from = looked_at.entry((action, E::DONE)).or_default();
            let mut left = records.range(*from..).filter(|(_, record)| record.is_one(action, E::DONE));
            let next = left.next();
            *from = next.map_or(*count, |(number, _)| *number);
            next.map(|(number, record)| (*action, *number, record))
        });
        let (action, number, record) = next.min_by_key(|(_, number, _)| *number)?;
        (!matches!(record.ended, Ended::Pending)).then_some((action, number))
    }

    /// Forgets the oldest calls that have come to something, until there are no more than so many.
    fn forget(&mut self, keep: usize) {
        while self.records.len() > keep {
            let oldest = self.records.iter().find(|(_, record)| !matches!(record.ended, Ended::Pending));
            let Some((&oldest, _)) = oldest else { return };
            self.records.remove(&oldest);
        }
    }
}

impl Calls {
    pub(super) fn new(keep: usize, on_call: Option<OnCall>, on_rejected: Option<OnRejected>) -> Self {
        Self { log: Mutex::default(), ended: watch::Sender::new(()), keep, on_call, on_rejected }
    }

    /// Notes a request that was refused before it was a call.
    pub(super) fn reject(&self, rejected: Rejected) {
        let mut log = lock(&self.log);
        log.rejected = (log.rejected.0 + 1, Some(rejected.clone()));
        drop(log);
        if let Some(on_rejected) = &self.on_rejected {
            self.catch(format_args!("the closure of `on_rejected`"), || on_rejected(&rejected));
        }
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
        let (action, params, ended) = (action.into(), params.into(), Ended::Pending);
        let record = Record { action, known, params, via, fault, ended, taken: false };
        let mut log = lock(&self.log);
        let number = log.count;
        log.records.insert(number, record);
        log.count += 1;
        number
    }

    /// Notes what a call has come to.
    pub(super) fn end(&self, call: usize, ended: Ended) {
        let mut log = lock(&self.log);
        let Some(record) = log.records.get_mut(&call) else { return };
        record.ended = ended;
        if let Ended::Panicked(by, words) = &record.ended {
            let panic = by.panicked(record.name(), words);
            log.panics.push(panic);
        }
        let told = self.on_call.as_ref().zip(log.records.get(&call).map(Record::received));
        log.forget(self.keep);
        drop(log);
        if let Some((on_call, call)) = told {
            self.catch(format_args!("the closure of `on_call` at `{}`", call.action), || on_call(&call));
        }
        self.ended.send_modify(|()| {});
    }

    /// Runs a closure of the test's: its panic is for the test, and stops nothing here.
    pub(super) fn catch(&self, closure: fmt::Arguments<'_>, run: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            let panic = format!("{closure} panicked: {}", words(&*panic));
            lock(&self.log).panics.push(panic);
        }
    }

    pub(super) fn all(&self) -> Vec<Received> {
        lock(&self.log).records.values().map(Record::received).collect()
    }

    fn count(&self) -> usize {
        lock(&self.log).count
    }

    pub(super) fn take_panics(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.log).panics)
    }

    /// Waits until there is something, which may be whenever a call has come to something.
    async fn until<T>(&self, is_there: impl Fn(&Self) -> Option<T>) -> T {
        let mut ended = self.ended.subscribe();
        loop {
            if let Some(found) = is_there(self) {
                return found;
            }
            if ended.changed().await.is_err() {
                // The sender is the server's own.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The next call that is expected and was not taken, once it has come to something.
    fn take<E: Expected>(&self) -> Option<Result<E, String>> {
        let mut log = lock(&self.log);
        let (action, number) = log.next::<E>()?;
        let record = log.records.get_mut(&number)?;
        record.taken = true;
        Some(match (&record.ended, record.known) {
            (Ended::Panicked(by, words), _) => Err(by.panicked(action, words)),
            (_, None) => Err(format!("no schema knows `{action}`")),
            (_, Some(info)) => E::read(action, &Reading::new(info, &record.params).json)
                .map_err(|error| format!("`{action}` came, and cannot be read: {error}\n    {record}")),
        })
    }

    /// What was not taken, the panics and what was refused, for somebody who looks for something else.
    fn report(&self) -> String {
        const MOST: usize = 20;
        let log = lock(&self.log);
        let left: Vec<_> = log.records.iter().filter(|(_, record)| !record.taken).collect();
        let mut report = String::new();
        if left.is_empty() {
            let _ = write!(report, "\n  no other call has come ({} were taken before)", log.records.len());
        } else {
            report += "\n  calls that nobody has taken, by their place among all:";
        }
        if left.len() > MOST {
            let _ = write!(report, "\n    … {} before these", left.len() - MOST);
        }
        for (number, record) in &left[left.len().saturating_sub(MOST)..] {
            let _ = write!(report, "\n    {}. {record}", *number + 1);
        }
        let forgotten = log.count - log.records.len();
        if forgotten > 0 {
            let _ = write!(report, "\n  calls that are not kept: {forgotten}");
        }
        for panic in &log.panics {
            let _ = write!(report, "\n  {panic}");
        }
        if let (count, Some(last)) = &log.rejected {
            let _ = write!(report, "\n  requests that were refused: {count}, the last: {last}");
        }
        report
    }
}

/// What a test can expect of a bot: a call of an action, by its request, or a message by whichever action: [`Said`].
pub trait Expected: Sized {
    /// The actions that it may be a call of.
    #[doc(hidden)]
    const ACTIONS: &'static [&'static str];

    /// Whether it is only a call that was carried out, as far as the server is asked.
    #[doc(hidden)]
    const DONE: bool = false;

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
/// a quick operation. One that was refused, dropped or addressed to nobody was not sent: its action's request is to be
/// expected then, and where a message is waited for in vain, the failure shows it.
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
    const DONE: bool = true;

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
        let Self { server, within, at, .. } = self;
        let calls = &server.state.calls;
        match tokio::time::timeout(within, calls.until(Calls::take)).await {
            Ok(taken) => taken.map_err(|why| Unexpected(format!("at {at}: {why}"))),
            Err(_) => {
                let (names, report, links) = (names::<E>(), calls.report(), server.connections());
                Err(Unexpected(format!(
                    "at {at}: no call of {names} has come within {within:?}{report}\n  WebSocket connections that stand: {links}"
                )))
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

/// Waits until WebSocket connections stand, and panics if they do not: [`Server::connected`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct Connected<'a> {
    server: &'a Server,
    n: usize,
    within: Duration,
    at: &'static Location<'static>,
    /// Once it is polled.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
}

impl<'a> Connected<'a> {
    /// How long to wait. Default: 5 seconds.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    fn wait(&self) -> impl Future<Output = ()> + Send + use<'a> {
        let Self { server, n, within, at, .. } = *self;
        async move {
            let mut links = server.state.links.subscribe();
            let enough = links.wait_for(|links| if n == 0 { links.is_empty() } else { links.len() >= n });
            if !tokio::time::timeout(within, enough).await.is_ok_and(|enough| enough.is_ok()) {
                let (stand, report) = (server.connections(), server.state.calls.report());
                fail(&Unexpected(format!(
                    "at {at}: WebSocket connections after {within:?}: {stand}, expected: {n}{report}"
                )));
            }
        }
    }
}

impl Future for Connected<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.is_none() {
            self.waiting = Some(Box::pin(self.wait()));
        }
        self.waiting.as_mut().map_or(Poll::Pending, |waiting| waiting.as_mut().poll(cx))
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
    /// The calls so far, in the order in which they came, and what became of each: all, or the last ones that
    /// [are kept](super::ServerBuilder::keep_calls).
    #[must_use]
    pub fn calls(&self) -> Vec<Received> {
        self.state.calls.all()
    }

    /// How many calls have come so far, whether they are kept or not.
    #[must_use]
    pub fn call_count(&self) -> usize {
        self.state.calls.count()
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
            let come = calls.until(|calls| lock(&calls.log).next::<E>());
            if tokio::time::timeout(within, come).await.is_ok() {
                let (names, report) = (names::<E>(), calls.report());
                fail(&Unexpected(format!("at {at}: a call of {names} has come that should not{report}")));
            }
        }
    }

    /// Waits until at least `n` WebSocket connections stand; with 0, until none does any more.
    ///
    /// # Panics
    ///
    /// It is not so within 5 seconds, or what [`within`](Connected::within) says. The text says how many stand, and what
    /// the bot has done.
    #[track_caller]
    pub fn connected(&self, n: usize) -> Connected<'_> {
        Connected { server: self, n, within: PATIENCE, at: Location::caller(), waiting: None }
    }

    /// What the panics of handlers and of other closures of the test's said, and forgets them: a server that is dropped or
    /// stopped with one that nobody has asked for panics itself, so that an assertion in a handler fails its test.
    pub fn take_panics(&self) -> Vec<String> {
        self.state.calls.take_panics()
    }
}
