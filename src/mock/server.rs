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
use super::refusal::{Refusal, bad_request};
use super::state::State;
use super::sync::lock;
#[cfg(feature = "files")]
use super::uploads::StoredUpload;
use super::world::World;
use crate::action::KnownAction;
use crate::event::Event;
use crate::types::UserId;

/// The simulated server. It stops when it is dropped.
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

    /// The address for [`Client::builder`](crate::Client), and for events by HTTP.
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

    /// The port, for the [`builder`](Self::builder) of a server that replaces this one at the same address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The account that the server is logged in to: [`MockServerBuilder::self_id`](super::MockServerBuilder::self_id).
    #[must_use]
    pub fn self_id(&self) -> UserId {
        UserId::new(self.state.self_id)
    }

    /// Sends an event to every connection that takes events, over WebSocket or by [server-sent events](super#connecting-a-bot),
    /// and to every [`webhook`](Self::webhook), and queues it for [long polling](super::MockServerBuilder::long_polling) if that
    /// is on. Returns the number of connections and webhooks.
    ///
    /// # Panics
    ///
    /// No server could send the event: it has no `post_type`, or it is of a known kind and a field is missing or of the
    /// wrong type. [`push_text`](Self::push_text) sends such text unchecked.
    #[track_caller]
    pub fn push(&self, event: impl Into<Event>) -> usize {
        let event = event.into();
        self.state.push_event(&event_text(&event).unwrap_or_else(|why| refuse_event(&why)))
    }

    /// Sends a text to every connection that takes events, unchecked, and returns their number. It is a text frame over a
    /// WebSocket, and a server-sent event by HTTP.
    pub fn push_text(&self, text: impl Into<String>) -> usize {
        self.state.connections.push_text(text.into())
    }

    /// Sends raw bytes to every connection that takes events, without a frame around them: for malformed frames, and for lines of
    /// server-sent events that break off. Returns the number of connections.
    pub fn push_raw(&self, bytes: impl Into<Vec<u8>>) -> usize {
        self.state.connections.push_raw(&bytes.into().into())
    }

    /// The number of open connections, over WebSocket and for server-sent events. A connection counts before its client knows
    /// that it is connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.connections.count()
    }

    /// The number of receivers of an event: connections that take events, and webhooks.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.state.connections.listeners() + lock(&self.state.webhooks).len()
    }

    /// Ends every connection without a close frame, as a killed server does. New connections are served. A response with
    /// server-sent events breaks off after everything that was pushed before: in the middle of an event, if
    /// [`push_raw`](Self::push_raw) has sent a part of an event.
    pub fn drop_connections(&self) {
        for connection in self.state.connections.take() {
            let _ = connection.cut.send(Cut::Drop);
        }
    }

    /// Closes every connection with a close frame, and ends responses with server-sent events. New connections are served.
    ///
    /// Any code is sent, even one that the protocol reserves. A reason has room for 123 bytes.
    pub fn close_connections(&self, code: u16, reason: &str) {
        for connection in self.state.connections.take() {
            connection.close(code, reason);
        }
    }

    /// Silences every connection for ever, as a change of network does: it is no longer read from or written
    /// to, and it is not closed. It no longer counts. New connections are served.
    pub fn silence_connections(&self) {
        for connection in self.state.connections.take() {
            let _ = connection.cut.send(Cut::Silence);
        }
    }

    /// Suspends the whole server, as if its process was stopped, or resumes it. A suspended server accepts connections
    /// and sends nothing; it serves them when it is resumed.
    pub fn stall(&self, stalled: bool) {
        self.state.stalled.send_replace(stalled);
    }

    /// Injects the fault that `faults` returns for each call from now on.
    ///
    /// A call counts as received, with any fault. [`Fault::script`] and [`Fault::for_share`] are ready-made; `|_|
    /// Fault::None` ends the faults. The closure runs in the order of the calls, one after the other; it cannot call
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

    /// Gives access to the [world](super::world) behind the server, to read or change it. The bots receive the events
    /// of [users' acts](super::world#acts-of-users) once `look` has returned; `look` cannot use the server itself. A
    /// server without a world gets one that contains only the account.
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

    /// Returns the files that bots have uploaded in chunks, with [`FileSource::upload`](crate::FileSource::upload) or
    /// [`upload_file_stream`](crate::Client::upload_file_stream), in the order in which they became complete. Feature `files`.
    ///
    /// ```
    /// # #[cfg(feature = "http")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use cqhttp::mock::MockServer;
    /// use cqhttp::{Client, FileSource};
    ///
    /// let server = MockServer::start().await?;
    /// let client = Client::builder(server.url()).build()?;
    /// let source = FileSource::upload(&client, b"hello".to_vec()).await?;
    ///
    /// let uploaded = &server.uploads()[0];
    /// assert_eq!(std::fs::read(&uploaded.path)?, b"hello");
    /// # let _ = source;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "http"))]
    /// # fn main() {}
    /// ```
    #[cfg(feature = "files")]
    #[must_use]
    pub fn uploads(&self) -> Vec<StoredUpload> {
        self.state.uploads.complete()
    }

    /// Forgets the uploads that are not complete, as servers do when they restart and 10 minutes after the last chunk. Returns
    /// their number. Feature `files`.
    #[cfg(feature = "files")]
    pub fn forget_uploads(&self) -> usize {
        self.state.uploads.forget()
    }

    /// Injects a fault into the next call of the action `A`; a second fault applies to the call after it. It takes
    /// precedence over [`faults`](Self::faults), whose closure does not run for that call.
    ///
    /// # Panics
    ///
    /// The action belongs to another crate, and the builder was not given [its
    /// table](super::MockServerBuilder::actions).
    #[track_caller]
    pub fn fault_once<A: KnownAction>(&self, fault: Fault) {
        self.state.assert_known(A::NAME);
        lock(&self.state.faults).once.push_back((A::NAME, fault));
    }

    /// Answers the action `A` with `handler` from now on.
    ///
    /// The handler receives the typed request, with parameters read as go-cqhttp reads them; a call that go-cqhttp
    /// refuses for its parameters does not reach the handler. A malformed message is refused with retcode 1400, and the
    /// refusal names the fault.
    ///
    /// A handler that panics drops the connection without an answer, as go-cqhttp does; [`expect`](Self::expect),
    /// [`calls`](Self::calls) and the drop of the server report the panic's message.
    ///
    /// # Panics
    ///
    /// The action belongs to another crate, and the builder was not given [its
    /// table](super::MockServerBuilder::actions).
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

    /// Answers the next call of the action `A` with `handler`; a second handler answers the call after it. It takes
    /// precedence over [`on`](Self::on).
    ///
    /// # Panics
    ///
    /// The action belongs to another crate, and the builder was not given [its
    /// table](super::MockServerBuilder::actions).
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

/// Returns an event as JSON, or the reason why no server could send it.
fn event_text(event: &Event) -> Result<String, String> {
    let text = serde_json::to_string(event).map_err(|error| format!("it is not JSON: {error}"))?;
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
#[allow(clippy::panic, reason = "the test is wrong, and fails at its own line")]
fn refuse_event(why: &str) -> ! {
    panic!("no server could send this event, {why}; `push_text` sends it unchecked")
}

impl Drop for MockServer {
    #[allow(clippy::panic, reason = "a failed assertion in a handler fails its test")]
    fn drop(&mut self) {
        lock(&self.state.dialling).abort_all();
        self.task.abort();
        let panics = self.take_panics();
        if !panics.is_empty() && !std::thread::panicking() {
            panic!("{}; call `take_panics` if that is intended", panics.join("; "));
        }
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer").field("address", &self.address).finish_non_exhaustive()
    }
}
