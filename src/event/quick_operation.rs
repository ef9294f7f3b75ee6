//! Quick operations: the trait of events that accept them, and the request that carries one out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::generated::action::HandleQuickOperation;

/// An event for which the server accepts quick operations.
pub trait QuickOperable: Serialize {
    /// The quick operation for this event.
    type Operation: Serialize;
}

/// A boxed event, since [`Event`](crate::Event) holds the large ones in boxes.
impl<T: QuickOperable> QuickOperable for Box<T> {
    type Operation = T::Operation;
}

impl HandleQuickOperation {
    /// Creates the request for the quick operation `operation` on `event`. The response to a webhook does the same
    /// without a call.
    ///
    /// ```no_run
    /// # async fn run(client: &cqhttp::Client, event: &cqhttp::event::GroupMessage) -> Result<(), cqhttp::Error> {
    /// use cqhttp::action::HandleQuickOperation;
    /// use cqhttp::event::GroupMessageOperation;
    ///
    /// let mute = GroupMessageOperation::new().ban(true).ban_duration(60);
    /// client.call(HandleQuickOperation::on(event, &mute)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on<E: QuickOperable>(event: &E, operation: &E::Operation) -> Self {
        Self::new(to_tree(event), to_tree(operation))
    }
}

/// Converts an object to a JSON value. Entries that have no such form are left out, such as a message with half a
/// character: the server finds the message by its id.
fn to_tree(object: &impl Serialize) -> Value {
    let json = serde_json::to_string(object).unwrap_or_default();
    let entries: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&json).unwrap_or_default();
    let entry = |(name, value): (String, Box<RawValue>)| Some((name, serde_json::from_str(value.get()).ok()?));
    Value::Object(entries.into_iter().filter_map(entry).collect())
}
