//! Quick operations: the trait of events that take them, and the call that carries one out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::generated::action::HandleQuickOperation;

/// An event on which the server takes quick operations.
pub trait QuickOperable: Serialize {
    /// What can be done.
    type Operation: Serialize;
}

/// As events hold the large ones.
impl<T: QuickOperable> QuickOperable for Box<T> {
    type Operation = T::Operation;
}

impl HandleQuickOperation {
    /// The quick operation `operation` on `event`. The answer to a webhook does the same without a call.
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
        Self::new(tree(event), tree(operation))
    }
}

/// An object as a tree. A message may hold what has no tree, such as half a character, and is left out then: the server
/// finds it by its id.
fn tree(object: &impl Serialize) -> Value {
    let json = serde_json::to_string(object).unwrap_or_default();
    let entries: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&json).unwrap_or_default();
    let entry = |(name, value): (String, Box<RawValue>)| Some((name, serde_json::from_str(value.get()).ok()?));
    Value::Object(entries.into_iter().filter_map(entry).collect())
}
