//! The running server.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::call::{ActionResult, ReceivedCall};
use super::connection::Cut;
use super::fault::Fault;
use super::frame;
use super::refusal::{Refusal, bad_request};
use super::state::State;
use super::sync::lock;
use super::world::World;
use crate::action::KnownAction;
use crate::event::Event;
use crate::types::UserId;

/// The stand-in server. It stops when it is dropped.
pub struct MockServer {
    pub(super) address: SocketAddr,
    pub(super) state: Arc<State>,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) task: JoinHandle<()>,
}

impl MockServer {
    /// Stops the server and waits until its port is free and its connections are gone, without a close frame. A server
    /// that is dropped stops too, a little later.
    pub async fn stop(mut self) {
        self.stop = None;
        let mut dialling = std::mem::take(&mut *lock(&self.state.dialling));
        dialling.shutdown().await;
        let _ = (&mut self.task).await;
    }

    /// The address for [`Client::builder`](crate::Client).
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address for WebSocket. The path `/` takes calls and gives events, `/api` only takes calls, and `/event` only
    /// gives events.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The port, for the [`builder`](Self::builder) of a server that comes back at the same place.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The account that it is logged in to: [`MockServerBuilder::self_id`].
    #[must_use]
    pub fn self_id(&self) -> UserId {
        UserId::new(self.state.self_id)
    }

    /// Sends an event to every WebSocket connection that takes events and every [`webhook`](Self::webhook), and keeps it
    /// for [long polling](MockServerBuilder::long_polling) where that is on; gives the number of connections and webhooks.
    ///
    /// # Panics
    ///
    /// It is an event that no server could send: one that has no `post_type`, or one of a known kind with a field that
    /// is missing or of another type. [`push_text`](Self::push_text) sends whatever a test wants a bot to get over.
    #[track_caller]
    pub fn push(&self, event: impl Into<Event>) -> usize {
        let event = event.into();
        self.state.push_event(&event_text(&event).unwrap_or_else(|why| refuse_event(&why)))
    }

    /// Sends a text frame of your own to every WebSocket connection that takes events, whatever it says; gives their
    /// number.
    pub fn push_text(&self, text: impl Into<String>) -> usize {
        self.state.connections.push(&frame::text(text.into()))
    }

    /// Sends bytes as they are to every WebSocket connection that takes events, with no frame around them: for frames that
    /// are wrong in themselves.
    pub fn push_raw(&self, bytes: impl Into<Vec<u8>>) -> usize {
        self.state.connections.push(&bytes.into().into())
    }

    /// The number of WebSocket connections that stand. One counts from before its client knows that it is connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.connections.count()
    }

    /// How many hear of an event now: WebSocket connections that take events, and webhooks.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.state.connections.listeners() + lock(&self.state.webhooks).len()
    }

    /// Ends every WebSocket connection without a close frame, as a server does that is killed. New ones are served.
    pub fn drop_connections(&self) {
        for connection in self.state.connections.take() {
            let _ = connection.cut.send(Cut::Drop);
        }
    }

    /// Closes every WebSocket connection with a close frame. New ones are served.
    ///
    /// Any code goes, those too that no server may send. A reason has room for 123 bytes.
    pub fn close_connections(&self, code: u16, reason: &str) {
        for connection in self.state.connections.take() {
            connection.close(code, reason);
        }
    }

    /// Lets every WebSocket connection go silent for ever, as after a change of network: it is neither read from nor
    /// written to any more, and not closed. It does not count any longer. New ones are served.
    pub fn silence_connections(&self) {
        for connection in self.state.connections.take() {
            let _ = connection.cut.send(Cut::Silence);
        }
    }

    /// Holds the whole server, as if its process was stopped, or lets it go on. While it is held it accepts connections
    /// and says nothing on any; what comes meanwhile is served when it goes on.
    pub fn stall(&self, stalled: bool) {
        self.state.stalled.send_replace(stalled);
    }

    /// Asks `faults` from now on what goes wrong with each call.
    ///
    /// A call counts as received whatever becomes of it. [`Fault::script`] and [`Fault::for_share`] are ready-made;
    /// `|_| Fault::None` ends it. The closure is asked in the order of the calls, one after the other; it cannot use
    /// `faults` and `fault_once` itself.
    ///
    /// ```
    /// # #[cfg(feature = "http")]
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use cqhttp::mock::{Fault, MockServer};
    /// use cqhttp::{Client, Target};
    ///
    /// let server = MockServer::start().await?;
    /// server.faults(|call| if call.action == "send_msg" { Fault::DropAfter } else { Fault::None });
    ///
    /// let client = Client::builder(server.url()).build()?;
    /// let error = client.send_msg(Target::group(10001000), "hello").await.unwrap_err();
    /// assert!(error.may_have_happened());
    /// # Ok(())
    /// # }
    /// ```
    pub fn faults(&self, faults: impl FnMut(&ReceivedCall) -> Fault + Send + 'static) {
        lock(&self.state.faults).always = Some(Box::new(faults));
    }

    /// Looks at the [world](super::world) behind the server, or changes it. The bots are told of what people
    /// [do](super::world#what-people-do) there, once `look` has returned; `look` cannot use the server itself. A server
    /// without a world gets one, in which the account is alone.
    ///
    /// ```
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use cqhttp::mock::{Group, MockServer, World};
    ///
    /// let world = World::new().group(Group::new(42, "Rustaceans").member(10010).member(10086));
    /// let server = MockServer::builder().world(world).start().await?;
    /// let message = server.world(|world| world.says_in_group(10086, 42, "hello"))?;
    /// assert!(!server.world(|world| world.find_message(message).unwrap().recalled));
    /// # Ok(())
    /// # }
    /// ```
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.state.in_world(|world| look(world.get_or_insert_with(|| World::new().account(self.state.self_id, "bot"))))
    }

    /// Lets the next call of the action `A` go wrong, or the next but one where that is said twice. It counts before
    /// [`faults`](Self::faults), which is not asked about that call.
    ///
    /// # Panics
    ///
    /// The action is one of another crate, and the builder was not given [its table](MockServerBuilder::actions).
    #[track_caller]
    pub fn fault_once<A: KnownAction>(&self, fault: Fault) {
        self.state.assert_known(A::NAME);
        lock(&self.state.faults).once.push_back((A::NAME, fault));
    }

    /// Answers the action `A` with `handler` from now on.
    ///
    /// The request comes typed, its parameters read as go-cqhttp reads them: calls that it refuses for them do not come
    /// here. A message that is no message is refused with retcode 1400, and the refusal says what is wrong with it.
    ///
    /// A handler that panics drops the connection without an answer, as go-cqhttp does; [`expect`](Self::expect),
    /// [`calls`](Self::calls) and the end of the server say what it said.
    ///
    /// # Panics
    ///
    /// The action is one of another crate, and the builder was not given [its table](MockServerBuilder::actions).
    #[track_caller]
    pub fn on<A>(&self, handler: impl Fn(A) -> Result<A::Response, Refusal> + Send + Sync + 'static)
    where
        A: KnownAction + DeserializeOwned,
        A::Response: Serialize,
    {
        self.state.assert_known(A::NAME);
        let handler = move |params: &[u8]| answer_with::<A>(params, &handler);
        lock(&self.state.handlers).entry(A::NAME).or_default().always = Some(Arc::new(handler));
    }

    /// Answers one call of the action `A` with `handler`: the next, or the next but one where that is said twice. It
    /// counts before [`on`](Self::on).
    ///
    /// # Panics
    ///
    /// The action is one of another crate, and the builder was not given [its table](MockServerBuilder::actions).
    #[track_caller]
    pub fn once<A>(&self, handler: impl FnOnce(A) -> Result<A::Response, Refusal> + Send + 'static)
    where
        A: KnownAction + DeserializeOwned,
        A::Response: Serialize,
    {
        self.state.assert_known(A::NAME);
        let handler = move |params: &[u8]| answer_with::<A>(params, handler);
        lock(&self.state.handlers).entry(A::NAME).or_default().once.push_back(Box::new(handler));
    }
}

fn answer_with<A>(params: &[u8], handler: impl FnOnce(A) -> Result<A::Response, Refusal>) -> ActionResult
where
    A: KnownAction + DeserializeOwned,
    A::Response: Serialize,
{
    let request = serde_json::from_slice(params).map_err(|error| bad_request(A::NAME, &error))?;
    let data = serde_json::value::to_raw_value(&handler(request)?).map_err(|error| bad_request(A::NAME, &error))?;
    Ok(Cow::Owned(data))
}

/// An event as JSON, or why no server could send it.
fn event_text(event: &Event) -> Result<String, String> {
    let text = serde_json::to_string(event).map_err(|error| format!("it is no JSON: {error}"))?;
    let error = match Event::from_slice(text.as_bytes()) {
        Err(error) => Some(error),
        // Its kind is known.
        Ok(Event::Unknown(unknown)) => unknown.error.clone(),
        Ok(_) => None,
    };
    let Some(error) = error else { return Ok(text) };
    let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
    Err(format!("{error}{source}: {text}"))
}

#[track_caller]
#[allow(clippy::panic, reason = "the test is wrong, and is to fail where it is")]
fn refuse_event(why: &str) -> ! {
    panic!("no server could send this event, {why}; `push_text` sends whatever a bot is to get over")
}

impl Drop for MockServer {
    #[allow(clippy::panic, reason = "an assertion that fails in a handler is to fail its test")]
    fn drop(&mut self) {
        lock(&self.state.dialling).abort_all();
        self.task.abort();
        let panics = self.take_panics();
        if !panics.is_empty() && !std::thread::panicking() {
            panic!("{}; `take_panics` says that it is meant to be so", panics.join("; "));
        }
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer").field("address", &self.address).finish_non_exhaustive()
    }
}
