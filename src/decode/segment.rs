//! The data of segments: typed fields, which are texts on the wire, and others, which are kept.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fill::{Fill, RawSeed};
use super::object::{Key, Shape};
use super::reading::Reading;
use super::slot::Slot;
use super::source::{ElementSeed, EntrySeed, TakeRaw, skip_list, visit_scalars};
use super::value::{Found, Sink};
use super::warning::{Context, Step, Unfit};
use crate::generated::segment::Segment;
use crate::segment::codec::{SegmentParts, Segments};
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
                entries.next_value::<IgnoredAny>()?;
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

/// Reads the elements of a list as segments. Whatever is not a segment is kept as an unknown one.
pub(super) fn fill_segments<'de, A: SeqAccess<'de>, R: TakeRaw>(
    message: &mut Vec<Segment>,
    mut items: A,
    context: &mut Context,
) -> Result<(), A::Error> {
    message.clear();
    while let Some(segment) = items.next_element_seed(SegmentSeed::<R> { context, raw: PhantomData })? {
        if segment.extra().is_some_and(Extra::is_whole) {
            let unfit = Unfit::new("not a segment, and kept as an unknown one");
            context.warn(unfit.within(Step::Index(message.len())));
        }
        message.push(segment);
    }
    Ok(())
}

/// Reads a segment. The usual one has a known type and then its data, which are read without a look back.
struct SegmentSeed<'c, R> {
    context: &'c mut Context,
    raw: PhantomData<R>,
}

impl<'de, R: TakeRaw> DeserializeSeed<'de> for SegmentSeed<'_, R> {
    type Value = Segment;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Segment, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: TakeRaw> Visitor<'de> for SegmentSeed<'_, R> {
    type Value = Segment;

    visit_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Segment, A::Error> {
        let mut parts = SegmentParts::new(false);
        while items.next_element_seed(ElementSeed::<R> { sink: &mut parts, raw: PhantomData })?.is_some() {}
        Ok(parts.finish_in(Found::List(0), self.context))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Segment, A::Error> {
        let mut segment = None;
        let mut is_filled = false;
        let mut parts: Option<SegmentParts<'de, Segment>> = None;
        while let Some(key) = entries.next_key_seed(EntryKeySeed)? {
            match (key, &mut segment, &mut parts) {
                (EntryKey::Type, None, None) => match entries.next_value_seed(TypeSeed)? {
                    Ok(known) => segment = Some(known),
                    Err(found) => parts.insert(SegmentParts::new(false)).take_type(found),
                },
                (EntryKey::Data, Some(segment), None) if !is_filled => {
                    is_filled = true;
                    if let Some(data) = segment.data() {
                        let mut slot = Slot::Data(data);
                        let reading = entries.next_value_seed(Fill::<R>::new(&mut slot, self.context))?;
                        if !matches!(reading, Reading::Value(())) {
                            self.context.note_inexact();
                        }
                    }
                }
                (key, segment, parts) => {
                    let parts = parts.get_or_insert_with(|| SegmentParts::of(segment.take(), is_filled));
                    if parts.key(key.into_name()) {
                        entries.next_value_seed(EntrySeed::<R> { sink: parts, raw: PhantomData })?;
                    }
                }
            }
        }
        Ok(match (segment, parts) {
            (Some(segment), None) if is_filled => segment,
            (segment, parts) => {
                let parts = parts.unwrap_or_else(|| SegmentParts::of(segment, is_filled));
                parts.finish_in(Found::Object(0), self.context)
            }
        })
    }
}

impl<R> SegmentSeed<'_, R> {
    fn found<E>(self, found: Found<'_>) -> Result<Segment, E> {
        Ok(SegmentParts::new(false).finish_in(found, self.context))
    }
}

/// A key of a segment.
enum EntryKey {
    Type,
    Data,
    Other(String),
}

impl EntryKey {
    fn into_name(self) -> Cow<'static, str> {
        match self {
            Self::Type => Cow::Borrowed("type"),
            Self::Data => Cow::Borrowed("data"),
            Self::Other(name) => Cow::Owned(name),
        }
    }
}

struct EntryKeySeed;

impl<'de> DeserializeSeed<'de> for EntryKeySeed {
    type Value = EntryKey;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EntryKey, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for EntryKeySeed {
    type Value = EntryKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_str<E>(self, key: &str) -> Result<EntryKey, E> {
        Ok(match key {
            "type" => EntryKey::Type,
            "data" => EntryKey::Data,
            other => EntryKey::Other(other.to_owned()),
        })
    }
}

/// Reads the type of a segment: a segment of this type to be filled in, or the value if there is none.
struct TypeSeed;

impl<'de> DeserializeSeed<'de> for TypeSeed {
    type Value = Result<Segment, Found<'de>>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TypeSeed {
    type Value = Result<Segment, Found<'de>>;

    visit_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        skip_list(items).map(|length| Err(Found::List(length)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err(Found::Object(0)))
    }
}

impl TypeSeed {
    #[inline]
    fn found<'de, E>(self, found: Found<'de>) -> Result<Result<Segment, Found<'de>>, E> {
        Ok(match &found {
            Found::Text(kind) => Segment::blank(kind).ok_or(found),
            _ => Err(found),
        })
    }
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
