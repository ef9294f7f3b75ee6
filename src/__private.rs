//! Everything that generated code needs, here and in crates with a schema of their own. Not part of the public API.

use std::time::Duration;

use serde::de::DeserializeOwned;
pub use serde::ser::SerializeMap;
pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::event::Event;
use crate::lenient::{Integer, int};
pub use crate::segment::{FieldValue, Fields, SegmentType, Segments, Writing, Written};
use crate::types::{ChannelId, GroupId, GuildId, Unlisted, UserId};
use crate::{Chat, ReplyTo};

/// Readers of fields.
pub mod lenient {
    use serde::{Deserialize, Deserializer};

    pub use crate::lenient::*;

    /// An object in a box.
    pub fn boxed<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Box<T>, D::Error> {
        object(deserializer).map(Box::new)
    }
}

/// The only way to make an [`Unlisted`]: by an enum's `from`.
pub fn unlisted<T>(value: T) -> Unlisted<T> {
    Unlisted::new(value)
}

/// A value of the schema that has no literal in Rust. The generator has checked that it fits.
pub fn example<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json)
        .unwrap_or_else(|error| unreachable!("{error} in {json}, which the generator has checked"))
}

/// A parameter in seconds.
pub fn seconds(seconds: impl Into<Option<u32>>) -> Duration {
    Duration::from_secs(seconds.into().unwrap_or_default().into())
}

/// The token of the next page; none at the end, or where it stays the same.
pub fn next_token<T: Clone + PartialEq + ToString>(this: &Option<T>, next: &Option<T>) -> Option<T> {
    next.clone().filter(|token| !token.to_string().is_empty() && next != this)
}

/// The numbers under `key` in a list.
pub fn numbers<'a>(list: &'a [Value], key: &'a str) -> impl Iterator<Item = i64> + 'a {
    list.iter().filter_map(move |item| int::<i64, _>(item.get(key)?).ok())
}

/// The numbers of messages.
pub fn event_numbers(list: &[Event]) -> impl Iterator<Item = i64> {
    list.iter().filter_map(|event| Some(event.message_seq()?.get()))
}

/// The number before the smallest one; none at the end, or where it does not get smaller.
pub fn before<T: Integer + Ord + Copy>(this: Option<T>, numbers: impl Iterator<Item = i64>) -> Option<T> {
    let next = numbers.min()?.checked_sub(1).filter(|next| *next > 0)?;
    T::from_wide(next.into()).filter(|next| this.is_none_or(|this| *next < this))
}

/// What an answer to an event with these ids needs to know.
pub fn reply_to(
    self_id: UserId,
    user: Option<UserId>,
    group: Option<GroupId>,
    guild: Option<GuildId>,
    channel: Option<ChannelId>,
) -> ReplyTo {
    ReplyTo::about(Chat::of(Some(self_id), user, group, guild.zip(channel)), user)
}

#[cfg(feature = "mock")]
pub use self::for_mock::{call_example, reread, reread_answer};

#[cfg(feature = "mock")]
mod for_mock {
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use crate::mock::ExampleCall;
    use crate::{Action, Answer, Call, envelope};

    /// Decodes and encodes again, as the type `T`.
    pub fn reread<T: DeserializeOwned + Serialize>(json: &str) -> serde_json::Result<String> {
        serde_json::to_string(&serde_json::from_str::<T>(json)?)
    }

    /// The same for the `data` of an answer.
    pub fn reread_answer<T: Answer + Serialize>(json: &str) -> serde_json::Result<String> {
        serde_json::to_string(&envelope::data::<T>(json)?)
    }

    /// Sends a call and gives its answer as JSON.
    pub fn call_example<A: Action<Response: Serialize>>(call: Call<A>) -> ExampleCall {
        Box::pin(async move {
            let answer = call.await?;
            Ok(serde_json::to_value(&answer).unwrap_or(Value::Null))
        })
    }
}
