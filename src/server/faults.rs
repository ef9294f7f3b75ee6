//! Faults of connecting servers, for programs that do not read the log.

use std::sync::Mutex;

use tokio::sync::watch;

use crate::error::connection::ConnectionError;
use crate::sync::lock;

/// The last fault of a connecting server that a setting mends.
#[derive(Default)]
pub(super) struct Faults {
    last: Mutex<Option<ConnectionError>>,
    /// Tells watchers; `None` once the server is closed.
    watched: Mutex<Watched>,
}

type Watched = Option<watch::Sender<Option<ConnectionError>>>;

impl Faults {
    pub(super) fn new() -> Self {
        Self { last: Mutex::default(), watched: Mutex::new(Some(watch::Sender::default())) }
    }

    /// Records a fault, and notifies the watchers.
    pub(super) fn record(&self, fault: &ConnectionError) {
        *lock(&self.last) = Some(fault.clone());
        let watched = lock(&self.watched).clone();
        if let Some(watched) = watched {
            watched.send_replace(Some(fault.clone()));
        }
    }

    pub(super) fn last(&self) -> Option<ConnectionError> {
        lock(&self.last).clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Option<ConnectionError>> {
        match &*lock(&self.watched) {
            Some(watched) => watched.subscribe(),
            // Its sender is dropped at once: no fault will come.
            None => watch::Sender::new(self.last()).subscribe(),
        }
    }

    /// Ends the watching: the server is closed.
    pub(super) fn close(&self) {
        lock(&self.watched).take();
    }
}
