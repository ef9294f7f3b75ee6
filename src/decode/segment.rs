//! The data of segments: typed fields, which are texts on the wire, and others, which are kept.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};

use super::fill::{Fill, RawSeed};
use super::object::{Key, Shape};
use super::reading::Reading;
use super::slot::Slot;
use super::source::TakeRaw;
use super::warning::{Context, Unfit};
use crate::segment::extra::{Extra, Field, FieldRole};
use crate::segment::fields::{FieldValue, Item};

/// The data of one kind of segment, to be filled in. For generated code.
pub trait SegmentData {
    /// Returns the names of the typed fields.
    fn shape(&self) -> &'static Shape;

    /// Returns the slot of the field at this place.
    fn field(&mut self, index: usize) -> TextSlot<'_>;

    /// Returns the other fields.
    fn extra_mut(&mut self) -> &mut Extra;
}

/// A place for a field of a segment.
pub struct TextSlot<'s>(pub(crate) &'s mut dyn SetField);

impl TextSlot<'_> {
    pub(super) fn set(&mut self, text: &str) -> Reading<()> {
        match self.0.set(text) {
            true => Reading::Value(()),
            false => Reading::Unfit(Unfit::new("another text")),
        }
    }
}

/// A field of a segment, or one that may be absent.
pub(crate) trait SetField {
    /// Writes the text. Returns `false` if it is none of this type, or spelled in a way that writing would not give back.
    fn set(&mut self, text: &str) -> bool;
}

impl<T: FieldValue> SetField for T {
    fn set(&mut self, text: &str) -> bool {
        T::read_text(text).map(|value| *self = value).is_some()
    }
}

impl<T: FieldValue> SetField for Option<T> {
    fn set(&mut self, text: &str) -> bool {
        T::read_text(text).map(|value| *self = Some(value)).is_some()
    }
}

/// Reads the data of a segment. Data that is out of the ordinary does not fit: a field that is missing, does not hold a text of its
/// type, or came twice.
pub(super) fn fill_data<'de, A: MapAccess<'de>, R: TakeRaw>(
    data: &mut dyn SegmentData,
    mut entries: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    let shape = data.shape();
    let (mut seen, mut is_plain) = (0_u64, true);
    let mut extra = Vec::new();
    while let Some(key) = entries.next_key_seed(DataKeySeed(shape))? {
        match key {
            DataKey::Known(key) if seen & (1 << key.field) == 0 && key.rank == 0 => {
                let mut slot = Slot::Field(data.field(key.field));
                match entries.next_value_seed(Fill::<R>::new(&mut slot, context))? {
                    Reading::Value(()) => seen |= 1 << key.field,
                    Reading::Absent => is_plain &= shape.is_optional(key.field),
                    Reading::Unfit(_) => is_plain = false,
                }
            }
            // It is also sent on under this name.
            DataKey::Known(key) if seen & (1 << key.field) == 0 => {
                let value = Item::Json(entries.next_value_seed(RawSeed::<R>(PhantomData))?);
                seen |= 1 << key.field;
                is_plain &= value.text().is_some_and(|text| data.field(key.field).0.set(&text));
                extra.push(Field { name: key.name.to_owned(), value: value.into_json(), role: FieldRole::Source });
            }
            DataKey::Known(_) => {
                entries.next_value::<serde::de::IgnoredAny>()?;
                is_plain = false;
            }
            DataKey::Other(name) => {
                let value = entries.next_value_seed(RawSeed::<R>(PhantomData))?.into_owned();
                extra.push(Field { name, value, role: FieldRole::Free });
            }
        }
    }
    if !extra.is_empty() {
        *data.extra_mut() = Extra::new(extra, Default::default());
    }
    Ok(match is_plain && shape.has_all(seen) {
        true => Reading::Value(()),
        false => Reading::Unfit(Unfit::new("out of the ordinary")),
    })
}

/// The key of a typed field, or of another one.
enum DataKey {
    Known(&'static Key),
    Other(String),
}

struct DataKeySeed(&'static Shape);

impl<'de> DeserializeSeed<'de> for DataKeySeed {
    type Value = DataKey;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<DataKey, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for DataKeySeed {
    type Value = DataKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_str<E>(self, key: &str) -> Result<DataKey, E> {
        Ok(self.0.find(key).map_or_else(|| DataKey::Other(key.to_owned()), DataKey::Known))
    }
}
