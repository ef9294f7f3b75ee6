//! Waiting for calls of a bot, and failing the test if they do not come.

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
use crate::message::Message;
use crate::target::Chat;

/// The time limit of an expectation that sets none.
const DEFAULT_LIMIT: Duration = Duration::from_secs(5);

/// A call that a test can expect: a call of an action, by its request, or a message by whichever action: [`Said`].
pub trait Expected: Sized {
    /// The actions whose calls match.
    #[doc(hidden)]
    const ACTIONS: &'static [&'static str];

    /// Leaves out calls that were not carried out.
    #[doc(hidden)]
    const CARRIED_OUT: bool = false;

    /// Reads the call from its parameters, in the form of the request type.
    #[doc(hidden)]
    fn read(action: &str, params: &[u8]) -> serde_json::Result<Self>;
}

impl<A: KnownAction + DeserializeOwned> Expected for A {
    const ACTIONS: &'static [&'static str] = &[A::NAME];

    fn read(_: &str, params: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(params)
    }
}

/// A message that the bot has sent, by `send_msg`, `send_private_msg`, `send_group_msg` or `send_guild_channel_msg`, or
/// by a quick operation. A message that was refused, dropped or addressed to nobody was not sent: expect the action's
/// request instead. If a test waits for a message in vain, the failure lists such calls.
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
    /// The chat that it was sent to.
    pub chat: Chat,
    /// The message.
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

/// The failure of an expectation: a call did not come, or came although it should not. Its text gives the place in the
/// test, the expected call, and the calls that came instead.
#[derive(Clone, PartialEq, Eq)]
pub struct Unexpected(String);

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The same as `Display`, for tests that `unwrap` it.
impl fmt::Debug for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unexpected {}

/// Waits for the next call that matches: [`MockServer::next_call`].
#[must_use = "a future does nothing until it is awaited"]
pub struct NextCall<'a, E> {
    server: &'a MockServer,
    within: Duration,
    at: &'static Location<'static>,
    expected: PhantomData<fn() -> E>,
}

/// Waits for the next call that matches, and panics if there is none: [`MockServer::expect`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Expect<'a, E>(NextCall<'a, E>);

impl<E> NextCall<'_, E> {
    /// Sets the time limit. Default: 5 seconds.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }
}

impl<E> Expect<'_, E> {
    /// Sets the time limit. Default: 5 seconds.
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
                let (names, report, open) = (names::<E>(), calls.report(), server.connections());
                Err(Unexpected(format!(
                    "at {at}: no call of {names} has come within {within:?}{report}\n  open connections: {open}"
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

/// Waits until connections are open, and panics if they are not: [`MockServer::connected`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Connected<'a> {
    server: &'a MockServer,
    n: usize,
    within: Duration,
    at: &'static Location<'static>,
    /// Set once the future is polled.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
}

impl<'a> Connected<'a> {
    /// Sets the time limit. Default: 5 seconds.
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
                fail(&Unexpected(format!("at {at}: open connections after {within:?}: {open}, expected: {n}{report}")));
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

#[allow(clippy::panic, reason = "tests fail by panicking")]
fn fail(unexpected: &Unexpected) -> ! {
    panic!("{unexpected}")
}

impl MockServer {
    /// Returns the calls so far with their outcomes, in the order in which they came: all calls, or those that
    /// [are kept](super::MockServerBuilder::keep_calls).
    #[must_use]
    pub fn calls(&self) -> Vec<ReceivedCall> {
        self.state.calls.all()
    }

    /// Returns the number of calls so far, including those that are not kept.
    #[must_use]
    pub fn call_count(&self) -> usize {
        self.state.calls.count()
    }

    /// Takes the next call of an action, by its request, or the next message that was [`Said`], and waits for it if
    /// need be. Each call is taken once, in the order in which they came, after its outcome is known: its handler has
    /// run by then.
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
    /// No such call has come within 5 seconds, or the limit of [`within`](Expect::within), or its handler panicked. The
    /// text lists the calls that came instead.
    #[track_caller]
    pub fn expect<E: Expected>(&self) -> Expect<'_, E> {
        Expect(self.next_call())
    }

    /// Takes the next call as [`expect`](Self::expect) does, with an error in place of the panic.
    ///
    /// # Panics
    ///
    /// The action belongs to another crate, and the builder was not given [its
    /// table](super::MockServerBuilder::actions).
    #[track_caller]
    pub fn next_call<E: Expected>(&self) -> NextCall<'_, E> {
        E::ACTIONS.iter().for_each(|action| self.state.assert_known(action));
        NextCall { server: self, within: DEFAULT_LIMIT, at: Location::caller(), expected: PhantomData }
    }

    /// Waits for the given time, and fails if such a call comes that was not taken yet.
    ///
    /// # Panics
    ///
    /// Such a call has come; the text shows it.
    #[track_caller]
    #[allow(clippy::manual_async_fn, reason = "an async function does not know its caller")]
    pub fn expect_none<'a, E: Expected + 'a>(&'a self, within: Duration) -> impl Future<Output = ()> + Send + 'a {
        E::ACTIONS.iter().for_each(|action| self.state.assert_known(action));
        let at = Location::caller();
        let calls = &self.state.calls;
        async move {
            let come = calls.until(|calls| calls.find(wanted::<E>()));
            if tokio::time::timeout(within, come).await.is_ok() {
                let (names, report) = (names::<E>(), calls.report());
                fail(&Unexpected(format!("at {at}: a call of {names} has come, and none was expected{report}")));
            }
        }
    }

    /// Waits until at least `n` connections are open, over WebSocket or for server-sent events; for 0, until none is.
    ///
    /// # Panics
    ///
    /// The number is not reached within 5 seconds, or the limit of [`within`](Connected::within). The text gives the
    /// number of open connections, and the calls of the bot.
    #[track_caller]
    pub fn connected(&self, n: usize) -> Connected<'_> {
        Connected { server: self, n, within: DEFAULT_LIMIT, at: Location::caller(), waiting: None }
    }

    /// Returns the messages of panics in handlers and other closures of the test, and clears them. A server that is
    /// dropped or stopped with a panic that was not cleared panics itself, so that a failed assertion in a handler
    /// fails its test.
    pub fn take_panics(&self) -> Vec<String> {
        self.state.calls.take_panics()
    }
}
