//! The transport over a WebSocket: one task owns the socket, and an answer is matched to its call by the echo.

pub(crate) mod activity;
pub(crate) mod connect;
mod dial;
pub(crate) mod handshake;
mod parts;
mod pending;
pub(crate) mod service;
mod socket;
mod task;

use std::collections::VecDeque;
#[cfg(feature = "server")]
use std::future::Future;
use std::sync::Arc;

#[cfg(feature = "server")]
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
#[cfg(feature = "server")]
use tokio_tungstenite::WebSocketStream;

#[cfg(feature = "server")]
use self::activity::Monitored;
use self::connect::{Socket, SocketEndpoint};
use self::pending::PendingCalls;
use self::service::{Inner, Ws};
#[cfg(feature = "server")]
use self::service::{Outgoing, UnsentCalls};
use self::task::Task;
use crate::error::connection::ConnectionError;
use crate::server_kind::KindCell;
use crate::transport::control::{Control, Stop};
use crate::transport::reconnect::Endpoint;
use crate::transport::settings::Settings;

/// Capacity of the channel to the task; further calls wait until it has room.
const CALL_CAPACITY: usize = 1024;

/// Starts the task that owns the socket. It ends when all clients and event streams are dropped.
pub(crate) fn start(
    endpoint: SocketEndpoint,
    socket: Socket,
    control: Arc<Control>,
    stops: mpsc::UnboundedReceiver<Stop>,
    kind: Arc<KindCell>,
) -> Ws {
    let settings = Arc::new(endpoint.settings().clone());
    let (ws, task) = prepare(settings, endpoint.token().map(str::to_owned), control, stops);
    tokio::spawn(task.run(endpoint, socket, kind));
    ws
}

/// Returns the service over a socket that this program has accepted, and the task that will own the socket.
#[cfg(feature = "server")]
pub(crate) fn accepted(
    settings: Arc<Settings>,
    token: Option<String>,
    control: Arc<Control>,
    stops: mpsc::UnboundedReceiver<Stop>,
) -> (Ws, AcceptedTask) {
    let (ws, task) = prepare(settings, token, control, stops);
    (ws, AcceptedTask(task))
}

/// The task of a socket that this program has accepted.
#[cfg(feature = "server")]
pub(crate) struct AcceptedTask(Task);

#[cfg(feature = "server")]
impl AcceptedTask {
    /// Owns the socket, and sends the calls that have waited for it first. It ends with the socket, or when the service and all
    /// its clones are dropped. `unsent` takes the calls that have not been sent by then; without it they are rejected.
    pub(crate) fn run<S: AsyncRead + AsyncWrite + Unpin + Send>(
        mut self,
        socket: WebSocketStream<Monitored<S>>,
        waiting: VecDeque<Outgoing>,
        unsent: Option<Arc<dyn UnsentCalls>>,
    ) -> impl Future<Output = ConnectionError> + Send + use<S> {
        self.0.waiting = waiting;
        self.0.unsent = unsent;
        self.0.run_once(socket)
    }
}

fn prepare(
    settings: Arc<Settings>,
    token: Option<String>,
    control: Arc<Control>,
    stops: mpsc::UnboundedReceiver<Stop>,
) -> (Ws, Task) {
    let (calls, outgoing) = mpsc::channel(CALL_CAPACITY);
    let task = Task {
        calls: PendingCalls::new(settings.stream_buffer),
        settings,
        token,
        outgoing,
        stops,
        control: control.clone(),
        waiting: VecDeque::new(),
        #[cfg(feature = "server")]
        unsent: None,
        stopping: false,
        why_stopping: ConnectionError::Closed,
        ended: false,
    };
    (Ws(Arc::new(Inner { calls, control })), task)
}

/// Tests over a stream in memory, so that they control the clock.
#[cfg(all(test, feature = "server"))]
mod paused {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;
    use tokio::time::Instant;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::service::NotConnected;
    use super::task::MAX_PONGS_OWED;
    use super::*;
    use crate::action::Raw;
    use crate::event::header::EventHeader;
    use crate::transport::control::{ConnectionState, EventSink, Stopper};
    use crate::transport::request::Request;

    struct NoConsumer;

    impl EventSink for NoConsumer {
        fn push(&self, _: EventHeader, _: &[u8]) {}

        fn wake(&self) {}

        fn end(&self) {}
    }

    const fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    fn pings(interval: Duration, patience: Duration) -> Settings {
        Settings { keepalive: Some((interval, patience)), ..Settings::default() }
    }

    /// Serves a stream that buffers `room` bytes in each direction. The last value returned is its other end.
    async fn serve(settings: Settings, room: usize) -> (Ws, JoinHandle<ConnectionError>, DuplexStream) {
        let (stopper, stops) = Stopper::new();
        let control = Control::new(NoConsumer, stopper);
        let (ours, theirs) = duplex(room);
        let socket = WebSocketStream::from_raw_socket(Monitored::new(ours), Role::Client, None).await;
        let (ws, task) = accepted(Arc::new(settings), None, control, stops);
        (ws, tokio::spawn(task.run(socket, VecDeque::new(), None)), theirs)
    }

    fn request(bytes: usize) -> Request {
        Request::new(&Raw::new("upload", serde_json::json!({ "file": "1".repeat(bytes) })), &Default::default())
            .unwrap()
    }

    fn text_frame(text: &str) -> Vec<u8> {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        [&[0x81, 126], &length[..], text.as_bytes()].concat()
    }

    const PONG: [u8; 2] = [0x8A, 0];

    #[tokio::test(start_paused = true)]
    async fn a_long_frame_on_its_way_is_a_sign_of_life() {
        let (_ws, task, mut server) = serve(pings(ms(100), ms(300)), 1 << 20).await;
        server.write_all(&[&text_frame("{}")[..], &PONG].concat()).await.unwrap();
        let long = text_frame(&" ".repeat(50_000));
        for part in long.chunks(1000) {
            tokio::time::sleep(ms(250)).await;
            assert!(!task.is_finished());
            server.write_all(part).await.unwrap();
        }
        let last = Instant::now();
        assert!(matches!(task.await.unwrap(), ConnectionError::Silent(_)));
        assert!(last.elapsed() <= ms(401), "{:?}", last.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_call_that_is_being_taken_is_a_sign_of_life() {
        let (ws, task, mut server) = serve(pings(ms(100), ms(300)), 10_000).await;
        server.write_all(&[&text_frame("{}")[..], &PONG].concat()).await.unwrap();
        let call = tokio::spawn(ws.send(request(500_000)));
        let mut taken = vec![0; 10_000];
        for _ in 0..50 {
            tokio::time::sleep(ms(250)).await;
            assert!(!task.is_finished());
            server.read_exact(&mut taken).await.unwrap();
        }
        // From here on the server reads no further.
        let last = Instant::now();
        assert!(matches!(task.await.unwrap(), ConnectionError::Silent(_)));
        assert!(last.elapsed() <= ms(501), "{:?}", last.elapsed());
        call.await.unwrap().unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeats_may_stay_away_for_two_and_a_half_times_their_interval() {
        let heartbeat = r#"{"post_type":"meta_event","meta_event_type":"heartbeat","interval":1000}"#;
        let watched = Settings { keepalive: None, ..Settings::default() };
        let (_ws, task, mut server) = serve(watched.clone(), 1 << 20).await;
        for _ in 0..3 {
            tokio::time::sleep(ms(2400)).await;
            assert!(!task.is_finished());
            server.write_all(&text_frame(heartbeat)).await.unwrap();
        }
        let last = Instant::now();
        assert!(matches!(task.await.unwrap(), ConnectionError::Silent(_)));
        assert!((ms(2500)..ms(2510)).contains(&last.elapsed()), "{:?}", last.elapsed());

        let (_ws, task, mut server) = serve(Settings { heartbeat_watch: false, ..watched }, 1 << 20).await;
        server.write_all(&text_frame(heartbeat)).await.unwrap();
        tokio::time::sleep(ms(3_600_000)).await;
        assert!(!task.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_pings_and_does_not_read_is_given_up() {
        let (_ws, task, mut server) = serve(pings(ms(100), ms(300)), 1000).await;
        let mut pings = 0;
        while server.write_all(&[0x89, 0]).await.is_ok() {
            pings += 1;
            assert!(pings < 3 * MAX_PONGS_OWED, "they are answered for ever");
        }
        assert!(matches!(task.await.unwrap(), ConnectionError::Lost(_)));
    }

    #[tokio::test]
    async fn a_call_that_has_a_place_when_the_connection_ends_is_turned_away() {
        let (ws, task, server) = serve(Settings::default(), 1000).await;
        let calls = ws.0.calls.clone();
        let place = calls.reserve().await.unwrap();
        drop(server);
        while !matches!(&*ws.0.control.state.borrow(), ConnectionState::Closed { .. }) {
            tokio::task::yield_now().await;
        }
        let (answer, answered) = oneshot::channel();
        place.send(Outgoing { echo: 1, message: Message::text(""), request: request(1), answer });
        assert!(answered.await.unwrap().unwrap_err().is::<NotConnected>());
        task.await.unwrap();
    }
}
