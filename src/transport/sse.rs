//! Server-sent events: one HTTP request whose response brings the events, and calls over HTTP beside it.

mod body;
pub(crate) mod calls;
pub(crate) mod connect;
mod task;

use std::sync::Arc;

use tokio::sync::mpsc;

use self::calls::InFlight;
use self::connect::{EventStream, StreamEndpoint};
use self::task::Task;
use crate::server_kind::KindCell;
use crate::transport::control::{Control, Stop};
use crate::transport::reconnect::Endpoint;

/// Starts the task that reads the events. It ends when the connection is closed.
pub(crate) fn start(
    endpoint: StreamEndpoint,
    stream: EventStream,
    control: Arc<Control>,
    stops: mpsc::UnboundedReceiver<Stop>,
    in_flight: InFlight,
    kind: Arc<KindCell>,
) {
    let task = Task::new(endpoint.settings().clone(), control, stops, in_flight);
    tokio::spawn(task.run(endpoint, stream, kind));
}
