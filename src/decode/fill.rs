//! The visitor that writes a value into its slot: one for all types.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object::{Key, Object, ObjectReader, Shape};
use super::reading::{Decode, Reading};
use super::segment::{fill_data, fill_message, fill_segment};
use super::slot::{SetCustom, SetList, Slot, TargetKeys};
use super::source::{Borrowed, Source, TakeRaw, skip_list};
use super::warning::{Context, Step, Unfit};

/// Reads a value into a slot.
pub(super) struct Fill<'f, 's, R> {
    slot: &'f mut Slot<'s>,
    context: &'f mut Context,
    raw: PhantomData<R>,
}

impl<'f, 's, R> Fill<'f, 's, R> {
    #[inline]
    pub(super) fn new(slot: &'f mut Slot<'s>, context: &'f mut Context) -> Self {
        Self { slot, context, raw: PhantomData }
    }
}

impl<R: TakeRaw> Fill<'_, '_, R> {
    /// Reads a value that its type reads itself.
    fn read<'de, D: Deserializer<'de>>(
        value: &mut dyn SetCustom,
        deserializer: D,
        context: &mut Context,
    ) -> Result<Reading<()>, D::Error> {
        Source::<D, D::Error, R>::new(deserializer).read_with(|source| value.read(source, context))
    }
}

impl<'de, R: TakeRaw> DeserializeSeed<'de> for Fill<'_, '_, R> {
    type Value = Reading<()>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Reading<()>, D::Error> {
        match self.slot {
            Slot::Message(message) if self.context.is_exact() => Self::read(*message, deserializer, self.context),
            Slot::Custom(value) => Self::read(*value, deserializer, self.context),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de, R: TakeRaw> Visitor<'de> for Fill<'_, '_, R> {
    type Value = Reading<()>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Reading<()>, E> {
        Ok(match self.slot {
            Slot::Object(_) | Slot::Target(_) if self.context.is_strict() => not_an_object(),
            _ => Reading::Absent,
        })
    }

    fn visit_none<E: de::Error>(self) -> Result<Reading<()>, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Reading<()>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Reading<()>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Reading<()>, E> {
        Ok(self.slot.put_flag(flag))
    }

    #[inline]
    fn visit_i64<E>(self, number: i64) -> Result<Reading<()>, E> {
        Ok(self.slot.put_integer(number.into()))
    }

    #[inline]
    fn visit_u64<E>(self, number: u64) -> Result<Reading<()>, E> {
        Ok(self.slot.put_integer(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Reading<()>, E> {
        Ok(self.slot.put_float(number))
    }

    #[inline]
    fn visit_str<E>(self, text: &str) -> Result<Reading<()>, E> {
        Ok(self.slot.put_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Reading<()>, A::Error> {
        if let Slot::List(list) = self.slot {
            return fill_list::<A, R>(*list, items, self.context);
        }
        if let Slot::Message(message) = self.slot {
            return fill_message::<A, R>(*message, items, self.context);
        }
        Ok(match (skip_list(items)?, &*self.slot) {
            (0, Slot::Object(_) | Slot::Target(_)) if self.context.is_strict() => not_an_object(),
            (0, Slot::Object(_) | Slot::Target(_)) => Reading::Absent,
            _ => self.slot.unfit("a list"),
        })
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Reading<()>, A::Error> {
        match self.slot {
            Slot::Object(place) => {
                let reading = fill_object::<A, R>(place.begin(), entries, self.context)?;
                if !matches!(reading, Reading::Value(())) {
                    place.clear();
                }
                Ok(reading)
            }
            Slot::Target(target) => {
                let mut keys = TargetKeys::blank();
                let reading = fill_object::<A, R>(&mut keys, entries, self.context)?;
                Ok(match reading {
                    Reading::Value(()) => target.set(&keys).into(),
                    reading => reading,
                })
            }
            // One segment alone, which no server sends, is read another way.
            Slot::Message(message) => {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                message.clear();
                self.context.note_inexact();
                Ok(Reading::Value(()))
            }
            Slot::Segment(message) => fill_segment::<A, R>(*message, entries, self.context),
            Slot::Data(data) => fill_data::<A, R>(*data, entries, self.context),
            slot => {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(slot.unfit("an object"))
            }
        }
    }
}

fn not_an_object() -> Reading<()> {
    Reading::Unfit(Unfit::new("it is not an object"))
}

fn fill_object<'de, A: MapAccess<'de>, R: TakeRaw>(
    object: &mut dyn Object,
    mut entries: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    let mut fields = ObjectReader::new(object, context);
    let mut empty = true;
    while let Some(key) = entries.next_key_seed(KeySeed(fields.shape))? {
        empty = false;
        let before = fields.context.mark();
        match key {
            Some(key) if fields.is_new(key) => {
                let (mut slot, context) = fields.slot(key);
                let reading = entries.next_value_seed(Fill::<R>::new(&mut slot, context))?;
                fields.took(key, reading, before);
            }
            Some(key) => {
                let raw = entries.next_value_seed(RawSeed::<R>(PhantomData))?;
                fields.took_again(key, &mut |slot, context| fill_raw(slot, &raw, context));
            }
            None => drop(entries.next_value::<IgnoredAny>()?),
        }
    }
    Ok(fields.finish(empty))
}

fn fill_list<'de, A: SeqAccess<'de>, R: TakeRaw>(
    list: &mut dyn SetList,
    mut items: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    list.begin();
    let mut index = 0;
    loop {
        let before = context.mark();
        let Some(reading) = items.next_element_seed(Fill::<R>::new(&mut list.push(), context))? else { break };
        if context.mark() > before {
            context.enter(Step::Index(index), before);
        }
        if !matches!(reading, Reading::Value(())) {
            list.pop();
            left_out(reading, index, context);
        }
        index += 1;
    }
    list.pop();
    Ok(Reading::Value(()))
}

/// Tells why an element is left out of its list.
#[cold]
fn left_out(reading: Reading<()>, index: usize, context: &mut Context) {
    let unfit = match reading {
        Reading::Unfit(unfit) => unfit,
        _ => Unfit::new("it is null or empty, and left out"),
    };
    context.warn(unfit.within(Step::Index(index)));
}

/// Reads JSON text into a slot.
fn fill_raw(slot: &mut Slot<'_>, raw: &RawValue, context: &mut Context) -> Reading<()> {
    fill_text(slot, raw.get(), context).unwrap_or_else(|error| Reading::Unfit(Unfit::quoting(&error)))
}

/// Reads a JSON text into a slot.
pub(crate) fn fill_text(slot: &mut Slot<'_>, json: &str, context: &mut Context) -> serde_json::Result<Reading<()>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let reading = Fill::<Borrowed>::new(slot, context).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(reading)
}

/// Reads the key of a field; `None` if no field has this name.
struct KeySeed(&'static Shape);

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Option<&'static Key>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<&'static Key>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.find(key))
    }
}

/// Takes a value as JSON text.
pub(super) struct RawSeed<R>(pub(super) PhantomData<R>);

impl<'de, R: TakeRaw> DeserializeSeed<'de> for RawSeed<R> {
    type Value = Cow<'de, RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        R::take(deserializer)
    }
}
