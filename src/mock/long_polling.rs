//! Events for long polling: `get_updates` over HTTP.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::call::ActionResult;
use super::params::Reading;
use super::refusal::bad_request;
use super::schema::ActionInfo;
use super::sync::lock;
use crate::action::GetUpdates;

/// The events that wait for the next `get_updates`.
pub(super) struct EventQueue {
    /// The length of the queue; 0 means no limit.
    max: usize,
    events: Mutex<VecDeque<String>>,
    arrived: Notify,
}

impl EventQueue {
    pub(super) fn new(max: usize) -> Self {
        Self { max, events: Mutex::default(), arrived: Notify::new() }
    }

    pub(super) fn push(&self, json: &str) {
        let mut events = lock(&self.events);
        events.push_back(json.to_owned());
        if self.max != 0 && events.len() > self.max {
            events.pop_front();
        }
        drop(events);
        self.arrived.notify_waiters();
    }

    /// Takes the queued events; if there are none, waits for the time that the call sets, or without limit.
    pub(super) async fn take(&self, info: &ActionInfo, params: &[u8]) -> ActionResult {
        let request: GetUpdates =
            serde_json::from_slice(&Reading::new(info, params).json).map_err(|error| bad_request(info.name, &error))?;
        let limit = request.limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        let timeout = request.timeout.filter(|seconds| *seconds > 0);
        let deadline = timeout.map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
        loop {
            let mut arrived = std::pin::pin!(self.arrived.notified());
            arrived.as_mut().enable();
            if let Some(events) = self.take_now(limit) {
                return RawValue::from_string(events).map(Cow::Owned).map_err(|error| bad_request(info.name, &error));
            }
            match deadline {
                None => arrived.await,
                Some(deadline) => {
                    if tokio::time::timeout_at(deadline, arrived).await.is_err() {
                        let events = self.take_now(limit).unwrap_or_else(|| "[]".to_owned());
                        return RawValue::from_string(events)
                            .map(Cow::Owned)
                            .map_err(|error| bad_request(info.name, &error));
                    }
                }
            }
        }
    }

    /// Takes the oldest events as a JSON list; `None` if there are none.
    fn take_now(&self, limit: Option<usize>) -> Option<String> {
        let mut events = lock(&self.events);
        let count = limit.unwrap_or(usize::MAX).min(events.len());
        let taken: Vec<String> = events.drain(..count).collect();
        (!taken.is_empty()).then(|| format!("[{}]", taken.join(",")))
    }
}
