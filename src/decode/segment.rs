//! Messages and segments whose text is in order: each segment is an object with a `type` and `data` and nothing else, or null. Any other
//! text is read once more by the types themselves, with all its values taken raw.

use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::raw::scalar_text;
use super::seed::{FillSeed, KeySeed, Mode, RawSeed};
use super::shape::{Key, Shape};
use super::slot::{FieldSlot, JsonFit, Reading, SegmentData, SetMessage, Slot};
use super::warning::{Context, Step, Unfit};

/// Reads the segments of a message.
pub(super) fn fill_message<'de, A: SeqAccess<'de>, M: Mode>(
    message: &mut dyn SetMessage,
    mut items: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    message.clear();
    let mut slot = Slot::Segment(message);
    let mut index = 0;
    while let Some(reading) = items.next_element_seed(FillSeed::<M>::new(&mut slot, context))? {
        match (reading, &mut slot) {
            (Reading::Value(()), _) => {}
            (Reading::Absent, Slot::Segment(message)) => {
                message.push_null();
                context.warn(Unfit::new("not a segment, and kept as an unknown one").within(Step::Index(index)));
            }
            _ => {
                context.note_inexact();
                // What follows is not kept either.
                while items.next_element::<IgnoredAny>()?.is_some() {}
                break;
            }
        }
        index += 1;
    }
    if let (true, Slot::Segment(message)) = (context.is_inexact(), slot) {
        message.clear();
    }
    Ok(Reading::Value(()))
}

/// Adds a segment to a message. Data before the type is taken raw, and read when the type is known.
pub(super) fn fill_segment<'de, A: MapAccess<'de>, M: Mode>(
    message: &mut dyn SetMessage,
    mut entries: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    let (mut has_type, mut has_data, mut is_plain) = (false, false, true);
    let mut held = None;
    while let Some(key) = entries.next_key_seed(KeySeed(EntryKey::of))? {
        match (key, message.last()) {
            (EntryKey::Type, _) if !has_type => {
                entries.next_value_seed(KeySeed(|kind: &str| message.push(kind)))?;
                has_type = true;
            }
            (EntryKey::Data, _) if !has_type && !has_data => {
                held = Some(entries.next_value_seed(RawSeed::<M>(PhantomData))?);
                has_data = true;
            }
            (EntryKey::Data, Some(data)) if has_type && !has_data => {
                let reading = entries.next_value_seed(FillSeed::<M>::new(&mut Slot::Data(data), context))?;
                has_data = true;
                is_plain &= matches!(reading, Reading::Value(()));
            }
            _ => {
                entries.next_value::<IgnoredAny>()?;
                is_plain = false;
            }
        }
    }
    if let (Some(raw), true, Some(data)) = (held, has_type, message.last()) {
        let mut deserializer = serde_json::Deserializer::from_str(raw.get());
        let reading = M::fill(&mut deserializer, &mut Slot::Data(data), context);
        is_plain &= matches!(reading, Ok(Reading::Value(())));
    }
    Ok(match has_type && has_data && is_plain {
        true => Reading::Value(()),
        false => Reading::Unfit(Unfit::new("out of order")),
    })
}

/// Reads the data of a segment. It is out of order if a field is missing, does not hold a text of its type, or came twice.
pub(super) fn fill_data<'de, A: MapAccess<'de>, M: Mode>(
    data: &mut dyn SegmentData,
    mut entries: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    let shape = data.shape();
    // The fields that have a value, and those that came at all, as bits.
    let (mut seen, mut came, mut is_plain) = (0_u64, 0_u64, true);
    while let Some(key) = entries.next_key_seed(KeySeed(|name: &str| DataKey::of(name, shape)))? {
        match key {
            DataKey::Known(key) if came & (1 << key.field) == 0 => {
                came |= 1 << key.field;
                let reading = fill_field::<A, M>(data, key, &mut entries, context)?;
                match reading {
                    Reading::Value(()) => seen |= 1 << key.field,
                    Reading::Absent => is_plain &= shape.is_optional(key.field),
                    Reading::Unfit(_) => is_plain = false,
                }
            }
            DataKey::Known(_) => {
                entries.next_value::<IgnoredAny>()?;
                is_plain = false;
            }
            DataKey::Other(name) => {
                let value = entries.next_value_seed(RawSeed::<M>(PhantomData))?;
                data.keep(name, value.into_owned(), false);
            }
        }
    }
    Ok(match is_plain && shape.has_all(seen) {
        true => Reading::Value(()),
        false => Reading::Unfit(Unfit::new("out of order")),
    })
}

/// Reads a field of a segment's data. A value that would not go back out as it came is kept beside the field.
fn fill_field<'de, A: MapAccess<'de>, M: Mode>(
    data: &mut dyn SegmentData,
    key: &'static Key,
    entries: &mut A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    let field = data.field(key.field);
    if let (FieldSlot::Text(_), 0) = (&field, key.rank) {
        return entries.next_value_seed(FillSeed::<M>::new(&mut Slot::Field(field), context));
    }
    let value = entries.next_value_seed(RawSeed::<M>(PhantomData))?;
    let fit = match field {
        FieldSlot::Json(field) => field.set(&value),
        FieldSlot::Text(field) => match scalar_text(&value).is_some_and(|text| field.set(&text)) {
            true => JsonFit::Whole,
            false => JsonFit::Unfit,
        },
    };
    // Null under another name than the first is kept.
    Ok(match fit {
        JsonFit::Whole if key.rank == 0 => Reading::Value(()),
        JsonFit::Whole | JsonFit::Partial => {
            data.keep(key.name.to_owned(), value.into_owned(), true);
            Reading::Value(())
        }
        JsonFit::Absent if key.rank == 0 => Reading::Absent,
        JsonFit::Absent | JsonFit::Unfit => Reading::Unfit(Unfit::new("another value")),
    })
}

/// A key of a segment.
enum EntryKey {
    Type,
    Data,
    Other,
}

impl EntryKey {
    #[inline]
    fn of(name: &str) -> Self {
        match name {
            "type" => Self::Type,
            "data" => Self::Data,
            _ => Self::Other,
        }
    }
}

/// The key of a typed field, or of another one.
enum DataKey {
    Known(&'static Key),
    Other(String),
}

impl DataKey {
    #[inline]
    fn of(name: &str, shape: &'static Shape) -> Self {
        shape.find(name).map_or_else(|| Self::Other(name.to_owned()), Self::Known)
    }
}
