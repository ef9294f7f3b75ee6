//! Waiting for what a bot does, and failing the test if it does not.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::call::ReceivedCall;
use super::log::Wanted;
use super::server::MockServer;
use crate::action::{KnownAction, SendGroupMsg, SendGuildChannelMsg, SendMsg, SendPrivateMsg};
use crate::chat::Chat;
use crate::message::Message;

/// The time limit of an expectation that sets none.
const DEFAULT_LIMIT: Duration = Duration::from_secs(5);

/// What a test can expect of a bot: a call of an action, by its request, or a message by whichever action: [`Said`].
pub trait Expected: Sized {
    /// The actions that it may be a call of.
    #[doc(hidden)]
    const ACTIONS: &'static [&'static str];

    /// Whether it is only a call that was carried out, as far as the server is asked.
    #[doc(hidden)]
    const CARRIED_OUT: bool = false;

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
/// use cqhttp::mock::{Said, MockServer};
/// use cqhttp::{Chat, Client, GroupId};
///
/// let server = MockServer::start().await?;
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
    const CARRIED_OUT: bool = true;

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

/// Waits for the next call that is expected: [`MockServer::next_call`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct NextCall<'a, E> {
    server: &'a MockServer,
    within: Duration,
    at: &'static Location<'static>,
    expected: PhantomData<fn() -> E>,
}

/// Waits for the next call that is expected, and panics if there is none: [`MockServer::expect`].
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
        let taken = calls.until(|calls| calls.take(wanted::<E>(), E::read));
        match tokio::time::timeout(within, taken).await {
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

/// Waits until WebSocket connections stand, and panics if they do not: [`MockServer::connected`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct Connected<'a> {
    server: &'a MockServer,
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
            let connections = &server.state.connections;
            if tokio::time::timeout(within, connections.wait_until_open(n)).await.is_err() {
                let (open, report) = (connections.count(), server.state.calls.report());
                fail(&Unexpected(format!(
                    "at {at}: WebSocket connections after {within:?}: {open}, expected: {n}{report}"
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

fn wanted<E: Expected>() -> Wanted {
    Wanted { actions: E::ACTIONS, carried_out: E::CARRIED_OUT }
}

/// "`send_msg` or `send_group_msg`"
fn names<E: Expected>() -> String {
    E::ACTIONS.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(" or ")
}

#[allow(clippy::panic, reason = "it is how tests fail")]
fn fail(unexpected: &Unexpected) -> ! {
    panic!("{unexpected}")
}

impl MockServer {
    /// The calls so far, in the order in which they came, and what became of each: all, or the last ones that
    /// [are kept](super::MockServerBuilder::keep_calls).
    #[must_use]
    pub fn calls(&self) -> Vec<ReceivedCall> {
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
    /// use cqhttp::mock::MockServer;
    ///
    /// let server = MockServer::start().await?;
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
    /// The action is one of another crate, and the builder was not given [its table](super::MockServerBuilder::actions).
    #[track_caller]
    pub fn next_call<E: Expected>(&self) -> NextCall<'_, E> {
        E::ACTIONS.iter().for_each(|action| self.state.assert_known(action));
        NextCall { server: self, within: DEFAULT_LIMIT, at: Location::caller(), expected: PhantomData }
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
            let come = calls.until(|calls| calls.find(wanted::<E>()));
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
        Connected { server: self, n, within: DEFAULT_LIMIT, at: Location::caller(), waiting: None }
    }

    /// What the panics of handlers and of other closures of the test's said, and forgets them: a server that is dropped or
    /// stopped with one that nobody has asked for panics itself, so that an assertion in a handler fails its test.
    pub fn take_panics(&self) -> Vec<String> {
        self.state.calls.take_panics()
    }
}
