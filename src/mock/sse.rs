//! Server-sent events: `GET /_events`, as on NapCat and LLOneBot.

use std::sync::Arc;

use hyper::Response;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use tokio::sync::{mpsc, oneshot};

use super::body::{AnswerBody, Part};
use super::connection::{ConnectionHandle, Cut, EventForm, QueuedWrite};
use super::state::State;
use super::sync::lock;

/// The path of the events.
pub(super) const PATH: &str = "/_events";

/// Returns the response that brings all events from now on. Its connection is counted before the client knows that it is
/// connected, so that the client misses no event that is pushed afterwards.
pub(super) fn subscribe(state: &Arc<State>) -> Response<AnswerBody> {
    let (writes, queue) = mpsc::unbounded_channel();
    let (cut_sender, cut) = oneshot::channel();
    let (parts, body) = mpsc::channel(1);
    let id = state.connections.next_id();
    let (takes_events, form) = (true, EventForm::ServerSent);
    state.connections.add(id, ConnectionHandle { takes_events, form, writes: writes.clone(), cut: cut_sender });
    let subscriber = Subscriber { state: state.clone(), id, parts, _writes: writes };
    let mut tasks = lock(&state.dialling);
    while tasks.try_join_next().is_some() {}
    tasks.spawn(async move { subscriber.run(queue, cut).await });
    drop(tasks);
    let mut response = Response::new(AnswerBody::live(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The sending side of one response.
struct Subscriber {
    state: Arc<State>,
    id: u64,
    parts: mpsc::Sender<Part>,
    /// Keeps the queue open when the connection no longer counts.
    _writes: mpsc::UnboundedSender<QueuedWrite>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.state.connections.remove(self.id);
    }
}

impl Subscriber {
    /// Sends all that is queued, until the response is to end or the client has disconnected.
    async fn run(&self, mut queue: mpsc::UnboundedReceiver<QueuedWrite>, mut cut: oneshot::Receiver<Cut>) {
        tokio::select! {
            () = self.parts.closed() => {}
            () = self.send_all(&mut queue) => {}
            Ok(cut) = &mut cut => match cut {
                Cut::Drop => {
                    // Everything that was pushed before the cut is sent first: it may end in the middle of an event.
                    queue.close();
                    self.send_all(&mut queue).await;
                    let _ = self.parts.send(Part::Drop).await;
                }
                Cut::Silence => self.parts.closed().await,
            },
        }
    }

    /// Sends all that is queued. It takes nothing out of the queue before there is room, since this future may be dropped.
    async fn send_all(&self, queue: &mut mpsc::UnboundedReceiver<QueuedWrite>) {
        while let Ok(room) = self.parts.reserve().await
            && let Some(next) = queue.recv().await
        {
            self.state.until_resumed().await;
            room.send(match next {
                QueuedWrite::Bytes(bytes) | QueuedWrite::Slowly(bytes, _) => Part::Data(bytes),
                // Answers in parts go over WebSockets and in responses alone.
                QueuedWrite::Close(_) | QueuedWrite::End | QueuedWrite::Stream(_) => Part::End,
            });
        }
    }
}
