//! The visitor that writes a value into its slot, one for all types; and the values that types read themselves.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::object::{ObjectReader, TargetKeys};
use super::raw::without_halves;
use super::reading::Decode;
use super::seed::{FillSeed, KeySeed, Mode, NameSeed, RawSeed};
use super::segment::{fill_data, fill_message, fill_segment};
use super::sink::{ScalarVisitor, SinkVisitor, skip_list};
use super::slot::{Decoded, Entry, Found, Object, Reading, SetCustom, SetEvent, SetList, Sink, Slot, Stop, Value};
use super::warning::{Context, Step, Unfit};

impl<'de, M: Mode> Visitor<'de> for FillSeed<'_, '_, M> {
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
            return fill_list::<A, M>(*list, items, self.context);
        }
        if let Slot::Message(message) = self.slot {
            return fill_message::<A, M>(*message, items, self.context);
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
                let reading = fill_object::<A, M>(place.begin(), entries, self.context)?;
                if !matches!(reading, Reading::Value(())) {
                    place.clear();
                }
                Ok(reading)
            }
            Slot::Target(target) => {
                let mut keys = TargetKeys::blank();
                let reading = fill_object::<A, M>(&mut keys, entries, self.context)?;
                Ok(match reading {
                    Reading::Value(()) => keys.write(*target).into(),
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
            Slot::Segment(message) => fill_segment::<A, M>(*message, entries, self.context),
            Slot::Data(data) => fill_data::<A, M>(*data, entries, self.context),
            Slot::Event(event) => fill_event::<A, M>(*event, entries, self.context),
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

fn fill_object<'de, A: MapAccess<'de>, M: Mode>(
    object: &mut dyn Object,
    entries: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    let mut fields = ObjectReader::new(object, context);
    let any = fill_fields::<A, M>(&mut fields, entries)?;
    Ok(fields.finish(!any))
}

/// Reads the entries of an object into its fields. Returns `false` if there are none.
#[inline]
fn fill_fields<'de, A: MapAccess<'de>, M: Mode>(
    fields: &mut ObjectReader<'_, '_>,
    mut entries: A,
) -> Result<bool, A::Error> {
    let (shape, mut any) = (fields.shape, false);
    while let Some(key) = entries.next_key_seed(KeySeed(|name: &str| shape.find(name)))? {
        any = true;
        let before = fields.context.mark();
        match key {
            Some(key) if fields.is_new(key) => {
                let (mut slot, context) = fields.slot(key);
                let reading = entries.next_value_seed(FillSeed::<M>::new(&mut slot, context))?;
                fields.took(key, reading, before);
            }
            Some(key) => {
                let raw = entries.next_value_seed(RawSeed::<M>(PhantomData))?;
                fields.took_again(key, &mut |slot, context| fill_raw(slot, &raw, context));
            }
            None => drop(entries.next_value::<IgnoredAny>()?),
        }
    }
    Ok(any)
}

/// Reads an event. A value that is not one is read another way.
fn event_in_order<'de, D: Deserializer<'de>, M: Mode>(
    deserializer: D,
    slot: &mut Slot<'_>,
    context: &mut Context,
) -> Result<Reading<()>, D::Error> {
    if context.is_inexact() {
        // It is read once more anyway.
        IgnoredAny::deserialize(deserializer)?;
    } else if !matches!(deserializer.deserialize_any(FillSeed::<M>::new(slot, context))?, Reading::Value(())) {
        context.note_inexact();
    }
    Ok(Reading::Value(()))
}

/// The number of entries of an event that are held until its kind is known. An event with more of them is read another way.
const MAX_HELD: usize = 64;

/// Reads an event. The entries before those that tell its kind are taken raw, and read into its fields then.
fn fill_event<'de, A: MapAccess<'de>, M: Mode>(
    event: &mut dyn SetEvent,
    mut entries: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    let mut held: Vec<Entry<'de>> = Vec::new();
    while !event.begin(&held) {
        let name = if held.len() < MAX_HELD { entries.next_key_seed(NameSeed)? } else { None };
        let Some(name) = name else {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            context.note_inexact();
            return Ok(Reading::Value(()));
        };
        held.push((name, entries.next_value_seed(RawSeed::<M>(PhantomData))?));
    }
    let Some(Slot::Object(place)) = event.fields() else { return Ok(Reading::Value(())) };
    let mut fields = ObjectReader::new(place.begin(), context);
    for (name, raw) in &held {
        fill_held(&mut fields, name, raw);
    }
    fill_fields::<A, M>(&mut fields, entries)?;
    match fields.finish(false) {
        Reading::Value(()) => event.end(),
        _ => context.note_inexact(),
    }
    Ok(Reading::Value(()))
}

/// Reads an entry of an object that was taken raw.
fn fill_held(fields: &mut ObjectReader<'_, '_>, name: &str, raw: &RawValue) {
    let Some(key) = fields.shape.find(name) else { return };
    if !fields.is_new(key) {
        return fields.took_again(key, &mut |slot, context| fill_raw(slot, raw, context));
    }
    let before = fields.context.mark();
    let (mut slot, context) = fields.slot(key);
    let reading = fill_raw(&mut slot, raw, context);
    fields.took(key, reading, before);
}

fn fill_list<'de, A: SeqAccess<'de>, M: Mode>(
    list: &mut dyn SetList,
    mut items: A,
    context: &mut Context,
) -> Result<Reading<()>, A::Error> {
    list.begin();
    let mut index = 0;
    loop {
        let before = context.mark();
        let Some(reading) = items.next_element_seed(FillSeed::<M>::new(&mut list.push(), context))? else { break };
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

/// Reads JSON text into a slot. A text that cannot be read as it is, is repaired once the values that are kept are taken raw.
fn fill_raw(slot: &mut Slot<'_>, raw: &RawValue, context: &mut Context) -> Reading<()> {
    let read = fill_text(slot, raw.get(), context);
    if read.is_err() && !context.is_exact() {
        context.note_inexact();
        return Reading::Absent;
    }
    let read = read.or_else(|error| match without_halves(raw.get()) {
        Some(repaired) => fill_text(slot, &repaired, context),
        None => Err(error),
    });
    read.unwrap_or_else(|error| Reading::Unfit(Unfit::quoting(&error)))
}

/// Reads a JSON text into a slot.
#[inline]
pub(super) fn fill_text(slot: &mut Slot<'_>, json: &str, context: &mut Context) -> serde_json::Result<Reading<()>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let reading = Borrowed::fill(&mut deserializer, slot, context)?;
    deserializer.end()?;
    Ok(reading)
}

/// Returns the value of a slot that reads itself; `None` if the visitor fills the slot. Messages and events read themselves if the
/// context is exact.
#[inline]
fn custom<'v>(slot: &'v mut Slot<'_>, context: &Context) -> Option<&'v mut dyn SetCustom> {
    match slot {
        Slot::Custom(value) => Some(*value),
        Slot::Message(message) if context.is_exact() => Some(*message),
        Slot::Event(event) if context.is_exact() => Some(*event),
        _ => None,
    }
}

/// The methods of a mode that are the same in each.
macro_rules! mode_methods {
    () => {
        #[inline]
        fn value<'de, D: Deserializer<'de>>(
            deserializer: D,
            read: impl FnOnce(&mut dyn Value<'de>) -> Result<(), Stop>,
        ) -> Result<(), D::Error> {
            Source::<D, D::Error, Self>::new(deserializer).read_with(read)
        }

        #[inline]
        fn fill<'de, D: Deserializer<'de>>(
            deserializer: D,
            slot: &mut Slot<'_>,
            context: &mut Context,
        ) -> Result<Reading<()>, D::Error> {
            let is_event = matches!(slot, Slot::Event(_));
            match custom(slot, context) {
                Some(custom) => {
                    Source::<D, D::Error, Self>::new(deserializer).read_with(|value| custom.read(value, context))
                }
                None if is_event => event_in_order::<D, Self>(deserializer, slot, context),
                None => deserializer.deserialize_any(FillSeed::<Self>::new(slot, context)),
            }
        }
    };
}

/// Takes a part of the text that is being read.
pub(super) struct Borrowed;

impl Mode for Borrowed {
    fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, RawValue>, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Cow::Borrowed)
    }

    mode_methods!();
}

/// Copies the text, for a deserializer whose text does not outlive the value.
pub(super) struct Copied;

impl Mode for Copied {
    fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, RawValue>, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Cow::Owned)
    }

    mode_methods!();
}

/// The value of a deserializer.
pub(super) struct Source<D, E, M> {
    deserializer: Option<D>,
    error: Option<E>,
    mode: PhantomData<M>,
}

impl<'de, D: Deserializer<'de>, M: Mode> Source<D, D::Error, M> {
    #[inline]
    pub(super) fn new(deserializer: D) -> Self {
        Self { deserializer: Some(deserializer), error: None, mode: PhantomData }
    }

    /// Reads the value with `read`, and skips it if `read` has not taken it.
    #[inline]
    pub(super) fn read_with<T>(
        mut self,
        read: impl FnOnce(&mut dyn Value<'de>) -> Result<T, Stop>,
    ) -> Result<T, D::Error> {
        match read(&mut self) {
            Ok(result) => {
                if let Some(deserializer) = self.deserializer {
                    IgnoredAny::deserialize(deserializer)?;
                }
                Ok(result)
            }
            Err(Stop) => Err(self.error.unwrap_or_else(|| D::Error::custom("the value was read twice"))),
        }
    }

    #[inline]
    fn take<T>(&mut self, read: impl FnOnce(D) -> Result<T, D::Error>) -> Result<T, Stop> {
        read(self.deserializer.take().ok_or(Stop)?).map_err(|error| {
            self.error = Some(error);
            Stop
        })
    }
}

impl<'de, D: Deserializer<'de>, M: Mode> Value<'de> for Source<D, D::Error, M> {
    fn scalar_into(&mut self, found: &mut Found<'de>) -> Result<(), Stop> {
        self.take(|deserializer| deserializer.deserialize_any(ScalarVisitor(found)))
    }

    fn fill(&mut self, slot: &mut Slot<'_>, context: &mut Context) -> Decoded<()> {
        match custom(slot, context) {
            Some(custom) => custom.read(self, context),
            None => self.take(|deserializer| M::fill(deserializer, slot, context)),
        }
    }

    fn read(&mut self, sink: &mut dyn Sink<'de>) -> Result<Found<'de>, Stop> {
        self.take(|deserializer| deserializer.deserialize_any(SinkVisitor::<M> { sink, mode: PhantomData }))
    }

    fn raw(&mut self) -> Result<Cow<'de, RawValue>, Stop> {
        self.take(M::raw)
    }
}
