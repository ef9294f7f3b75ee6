//! The items that generated code needs, here and in crates with a schema of their own. Not part of the public API.
//!
//! In this crate only generated code, the mock and `lib.rs` import it.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use serde::de::DeserializeOwned;
pub use serde::ser::SerializeMap;
pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
pub use serde_json::value::RawValue;

pub use crate::answer::{Place, bare_answer};
use crate::decode::Integer;
pub use crate::error::refusal::{Happened, RefusalRule};
use crate::generated::event::Event;
use crate::generated::types::{ChannelId, GroupId, GuildId, MessageId, MessageSeq, UserId};
use crate::reply::ReplyTo;
pub use crate::segment::codec::{SegmentType, Segments};
pub use crate::segment::fields::{FieldValue, Fields};
pub use crate::segment::item::Written;
pub use crate::segment::json::JsonField;
pub use crate::segment::writing::Writing;
use crate::target::Chat;
use crate::types::Unlisted;

/// The readers of generated types.
pub mod decode {
    pub use crate::decode::*;
}

/// The fields of an object, by their presence.
pub mod field {
    /// A field that its object cannot be without.
    pub mod required {
        use crate::decode::{Decode, FieldSlot, Presence, Slot};
        use crate::segment::fields::FieldValue;

        /// Returns the presence of a field.
        #[must_use]
        pub const fn presence<O, T: Decode>(_: fn(&O) -> &T) -> Presence {
            Presence::Required(T::IF_MISSING)
        }

        /// Returns the value to write into.
        pub fn blank<T: Decode>() -> T {
            T::blank()
        }

        /// Returns the slot of the field.
        pub fn slot<T: Decode>(value: &mut T) -> Slot<'_> {
            value.slot()
        }

        /// Returns the slot of a segment's field.
        pub fn field_slot<T: FieldValue>(value: &mut T) -> FieldSlot<'_> {
            FieldSlot::Text(value)
        }
    }

    /// A field that may be absent.
    pub mod optional {
        use crate::decode::{Decode, FieldSlot, Presence, Slot};
        use crate::segment::fields::FieldValue;

        /// Returns the presence of a field.
        #[must_use]
        pub const fn presence<O, T: Decode>(_: fn(&O) -> &Option<T>) -> Presence {
            Presence::Optional
        }

        /// Returns the value to write into.
        pub fn blank<T: Decode>() -> Option<T> {
            None
        }

        /// Returns the slot of the field.
        pub fn slot<T: Decode>(value: &mut Option<T>) -> Slot<'_> {
            T::optional(value)
        }

        /// Returns the slot of a segment's field.
        pub fn field_slot<T: FieldValue>(value: &mut Option<T>) -> FieldSlot<'_> {
            FieldSlot::Text(value)
        }
    }

    /// A field of a segment that is JSON, and that the segment cannot be without.
    pub mod json_required {
        pub use super::required::{blank, presence};
        use crate::decode::FieldSlot;
        use crate::segment::json::JsonField;

        /// Returns the slot of a segment's field.
        pub fn field_slot<T: JsonField>(value: &mut T) -> FieldSlot<'_> {
            FieldSlot::Json(value)
        }
    }

    /// A field of a segment that is JSON, and that may be absent.
    pub mod json_optional {
        pub use super::optional::{blank, presence};
        use crate::decode::FieldSlot;
        use crate::segment::json::JsonField;

        /// Returns the slot of a segment's field.
        pub fn field_slot<T: JsonField>(value: &mut Option<T>) -> FieldSlot<'_> {
            FieldSlot::Json(value)
        }
    }

    /// A field whose absence is a value of its own: the unlisted one of an enum that tells what happened, or 0 for a time or an account.
    pub mod decisive {
        use crate::decode::{Decode, Presence, Slot};

        /// Returns the presence of a field.
        #[must_use]
        pub const fn presence<O, T: Decode>(_: fn(&O) -> &T) -> Presence {
            Presence::Optional
        }

        /// Returns the value to write into.
        pub fn blank<T: Decode>() -> T {
            T::blank()
        }

        /// Returns the slot of the field.
        pub fn slot<T: Decode>(value: &mut T) -> Slot<'_> {
            value.slot()
        }
    }

    pub use self::decisive as zero;

    /// A field that has a default.
    pub mod defaulted {
        use crate::decode::{Decode, Presence, Slot};

        /// Returns the presence of a field.
        #[must_use]
        pub const fn presence<O, T: Decode>(_: fn(&O) -> &T) -> Presence {
            Presence::Defaulted
        }

        /// Returns the value to write into.
        pub fn blank<T: Decode>(default: T) -> T {
            default
        }

        /// Returns the slot of the field.
        pub fn slot<T: Decode>(value: &mut T) -> Slot<'_> {
            value.slot()
        }
    }

    /// The keys of a target.
    pub mod target {
        use crate::decode::{Decode, Presence, Slot};

        /// Returns the presence of a field.
        #[must_use]
        pub const fn presence<O, T: Decode>(_: fn(&O) -> &T) -> Presence {
            Presence::Target
        }

        /// Returns the value to write into.
        pub fn blank<T: Decode>() -> T {
            T::blank()
        }

        /// Returns the slot of the field.
        pub fn slot<T: Decode>(value: &mut T) -> Slot<'_> {
            value.slot()
        }
    }
}

/// Writes an entry of an object, by the presence of its field.
pub mod entry {
    use serde::Serialize;
    use serde::ser::SerializeMap;

    use crate::decode;
    use crate::target::Target;

    /// Writes a field that is always sent.
    #[inline]
    pub fn always<M: SerializeMap>(map: &mut M, key: &'static str, value: &impl Serialize) -> Result<(), M::Error> {
        map.serialize_entry(key, value)
    }

    /// Writes a field unless it is `None`.
    #[inline]
    pub fn optional<M: SerializeMap>(
        map: &mut M,
        key: &'static str,
        value: &Option<impl Serialize>,
    ) -> Result<(), M::Error> {
        value.as_ref().map_or(Ok(()), |value| map.serialize_entry(key, value))
    }

    /// Writes a field that decides, unless it was absent.
    #[inline]
    pub fn decisive<M, T>(map: &mut M, key: &'static str, value: &T) -> Result<(), M::Error>
    where
        M: SerializeMap,
        T: Serialize + From<String> + PartialEq,
    {
        if decode::is_unlisted(value) { Ok(()) } else { map.serialize_entry(key, value) }
    }

    /// Writes the keys of a target.
    #[inline]
    pub fn target<M: SerializeMap>(map: &mut M, _: &'static str, value: &Target) -> Result<(), M::Error> {
        value.write(map)
    }
}

/// Creates an [`Unlisted`], for the `from` of an enum.
pub fn unlisted<T>(value: T) -> Unlisted<T> {
    Unlisted::new(value)
}

/// Decodes a value of the schema that has no literal in Rust. The generator has checked that it fits.
pub fn example<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json)
        .unwrap_or_else(|error| unreachable!("{error} in {json}, which the generator has checked"))
}

/// An amount in a part of an answer.
pub trait Amount {
    /// Returns the amount, if there is one.
    fn get(self) -> Option<u64>;
}

impl Amount for u32 {
    fn get(self) -> Option<u64> {
        Some(self.into())
    }
}

impl Amount for u64 {
    fn get(self) -> Option<u64> {
        Some(self)
    }
}

impl<T: Amount> Amount for Option<T> {
    fn get(self) -> Option<u64> {
        self.and_then(T::get)
    }
}

/// Returns the amount in a field of a part.
pub fn amount(amount: impl Amount) -> Option<u64> {
    amount.get()
}

/// Converts a parameter in seconds.
pub fn seconds(seconds: impl Into<Option<u32>>) -> Duration {
    Duration::from_secs(seconds.into().unwrap_or_default().into())
}

/// Returns the reason why a request cannot be sent if not exactly one of these parameters is set.
pub fn exactly_one(params: &[(&str, bool)]) -> Option<String> {
    match params.iter().filter(|(_, is_set)| *is_set).count() {
        1 => None,
        0 => Some(format!("one of {} has to be set", names(params.iter()))),
        _ => at_most_one(params),
    }
}

/// Returns the reason why a request cannot be sent if more than one of these parameters is set.
pub fn at_most_one(params: &[(&str, bool)]) -> Option<String> {
    let set = params.iter().filter(|(_, is_set)| *is_set);
    let excluded = set.clone().count() > 1;
    excluded.then(|| format!("{} exclude each other: only one of them can be set", names(set)))
}

/// "`user_id`, `group_id`"
fn names<'a>(params: impl Iterator<Item = &'a (&'a str, bool)>) -> String {
    params.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Removes a parameter that only repeats the value of another one, which goes out under its name too.
pub fn unshare<T: Serialize, U: Serialize>(repeated: &mut Option<T>, other: &Option<U>) {
    let equal = serde_json::to_value(&*repeated).ok() == serde_json::to_value(other).ok();
    if other.is_some() && equal {
        *repeated = None;
    }
}

/// Returns the token of the next page; `None` at the end, or if it is the token of this page.
pub fn next_token<T: Clone + PartialEq + ToString>(this: &Option<T>, next: &Option<T>) -> Option<T> {
    next.clone().filter(|token| !token.to_string().is_empty() && next != this)
}

/// Returns a hash of a page, by its `Debug` text.
pub fn content(page: &impl fmt::Debug) -> u64 {
    struct Text(DefaultHasher);
    impl fmt::Write for Text {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut text = Text(DefaultHasher::new());
    // Writing to a hasher never fails.
    _ = fmt::Write::write_fmt(&mut text, format_args!("{page:?}"));
    text.0.finish()
}

/// Returns the numbers under `key` in a list of objects.
pub fn numbers<'a>(list: &'a [Value], key: &'a str) -> impl Iterator<Item = i64> + 'a {
    list.iter().filter_map(move |item| crate::decode::deserialize::<i64, _>(item.get(key)?).ok())
}

/// Returns the running numbers of messages.
pub fn event_numbers(list: &[Event]) -> impl Iterator<Item = i64> {
    list.iter().filter_map(|event| Some(event.message_seq()?.get()))
}

/// Returns the number before the smallest one; `None` at the end, or if it is not below `this`.
pub fn before<T: Integer + Ord + Copy>(this: Option<T>, numbers: impl Iterator<Item = i64>) -> Option<T> {
    let next = numbers.min()?.checked_sub(1).filter(|next| *next > 0)?;
    T::from_wide(next.into()).filter(|next| this.is_none_or(|this| *next < this))
}

/// Removes the messages after `last`, which a server sends that does not read it. Returns `false` if no message with a number
/// is left.
pub fn keep_events<T: Into<i64>>(last: Option<T>, list: &mut Vec<Event>) -> bool {
    keep(last, list, |event| Some(event.message_seq()?.get()))
}

/// Does the same in a list of objects with their numbers under `key`.
pub fn keep_numbers<T: Into<i64>>(last: Option<T>, list: &mut Vec<Value>, key: &str) -> bool {
    keep(last, list, |item| crate::decode::deserialize::<i64, _>(item.get(key)?).ok())
}

fn keep<T>(last: Option<impl Into<i64>>, list: &mut Vec<T>, number: impl Fn(&T) -> Option<i64>) -> bool {
    let Some(last) = last.map(Into::into) else { return true };
    let had_numbers = list.iter().any(|item| number(item).is_some());
    list.retain(|item| number(item).is_none_or(|number| number <= last));
    !had_numbers || list.iter().any(|item| number(item).is_some())
}

/// Returns the id of a message.
fn message_id(event: &Event) -> Option<MessageId> {
    match event {
        Event::PrivateMessage(event) | Event::PrivateMessageSent(event) => Some(event.message_id),
        Event::GroupMessage(event) | Event::GroupMessageSent(event) => Some(event.message_id),
        _ => None,
    }
}

/// Returns the ids of messages.
pub fn event_ids(list: &[Event]) -> Vec<i64> {
    list.iter().filter_map(message_id).map(Into::into).collect()
}

/// Returns `true` if the messages are listed from the newest to the oldest.
fn is_descending(list: &[Event]) -> bool {
    let mut times = list.iter().filter(|event| message_id(event).is_some()).map(Event::time);
    let first = times.next();
    first.zip(times.next_back()).is_some_and(|(first, last)| first > last)
}

/// Returns the id of the oldest message.
pub fn oldest_message(list: &[Event]) -> Option<MessageId> {
    let mut ids = list.iter().filter_map(message_id);
    if is_descending(list) { ids.next_back() } else { ids.next() }
}

/// Returns `true` if a server counts messages by their ids: it has been asked for one, or its messages have no running numbers
/// of their own. `None` if they have.
pub fn counts_by_ids(asked: Option<MessageId>, list: &[Event]) -> Option<bool> {
    let mut messages = list.iter().filter_map(|event| Some((message_id(event)?, event.message_seq())));
    let own_number = |(id, number): (MessageId, Option<MessageSeq>)| {
        let number = number.map(|number| i128::from(number.get()));
        number.is_some_and(|number| number != id.wide())
    };
    let by_ids = asked.is_some() || !list.is_empty() && !messages.any(own_number);
    by_ids.then_some(true)
}

/// Removes the message with this id and those after it, with which a server ends the page before it. Returns `false` if none is
/// left: the server has not read the id, and repeats one of the pages before, or there is no earlier message. `previous` are the ids
/// of those pages, in ascending order.
pub fn keep_before(anchor: MessageId, previous: &[i64], list: &mut Vec<Event>) -> bool {
    let at = list.iter().position(|event| message_id(event) == Some(anchor));
    match at {
        Some(at) if is_descending(list) => drop(list.drain(..=at)),
        Some(at) => list.truncate(at),
        None if event_ids(list).iter().any(|id| previous.binary_search(id).is_ok()) => list.clear(),
        None => {}
    }
    list.iter().any(|event| message_id(event).is_some())
}

/// Returns an account; `None` if the server does not name it.
pub fn known<T: Into<i64> + Copy>(account: T) -> Option<T> {
    Some(account).filter(|account| (*account).into() != 0)
}

/// Returns the destination of an answer to an event with these ids.
pub fn reply_to(
    self_id: UserId,
    user: Option<UserId>,
    group: Option<GroupId>,
    guild: Option<GuildId>,
    channel: Option<ChannelId>,
) -> ReplyTo {
    ReplyTo::about(Chat::of(Some(self_id), user, group, guild.zip(channel)), user)
}

/// The `data` of an answer, decoded as a client decodes it. For the simulated server.
#[cfg(feature = "mock")]
pub fn answer_data<T: crate::answer::Answer>(json: &str) -> serde_json::Result<T> {
    crate::envelope::data(json)
}

/// The path of the value at which a JSON text could not be decoded: `groups[0].members`. For the simulated server.
#[cfg(feature = "mock")]
pub fn path_of(json: &[u8], error: &serde_json::Error) -> String {
    crate::envelope::json_path::path_of(json, error)
}

/// Fails outside of a tokio runtime. For the simulated server.
#[cfg(feature = "mock")]
pub fn need_runtime() -> std::io::Result<()> {
    crate::error::need_runtime()
}
