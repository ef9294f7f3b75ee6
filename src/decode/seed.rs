//! The ways to take a value from a deserializer, and the seeds for values inside lists and objects.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Visitor};
use serde_json::value::RawValue;

use super::slot::{Reading, Slot, Stop, Value};
use super::warning::Context;

/// The way in which values are taken from a deserializer.
pub(super) trait Mode: Sized {
    /// Takes a value as JSON text.
    fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, RawValue>, D::Error>;

    /// Passes the value to `read`, and skips it if `read` has not taken it.
    fn value<'de, D: Deserializer<'de>>(
        deserializer: D,
        read: impl FnOnce(&mut dyn Value<'de>) -> Result<(), Stop>,
    ) -> Result<(), D::Error>;

    /// Reads the value into a slot.
    fn fill<'de, D: Deserializer<'de>>(
        deserializer: D,
        slot: &mut Slot<'_>,
        context: &mut Context,
    ) -> Result<Reading<()>, D::Error>;
}

/// Reads a value into a slot.
pub(super) struct FillSeed<'f, 's, M> {
    pub(super) slot: &'f mut Slot<'s>,
    pub(super) context: &'f mut Context,
    mode: PhantomData<M>,
}

impl<'f, 's, M> FillSeed<'f, 's, M> {
    #[inline]
    pub(super) fn new(slot: &'f mut Slot<'s>, context: &'f mut Context) -> Self {
        Self { slot, context, mode: PhantomData }
    }
}

impl<'de, M: Mode> DeserializeSeed<'de> for FillSeed<'_, '_, M> {
    type Value = Reading<()>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Reading<()>, D::Error> {
        M::fill(deserializer, self.slot, self.context)
    }
}

/// Takes a value as JSON text.
pub(super) struct RawSeed<M>(pub(super) PhantomData<M>);

impl<'de, M: Mode> DeserializeSeed<'de> for RawSeed<M> {
    type Value = Cow<'de, RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        M::raw(deserializer)
    }
}

/// Reads a key, and converts it.
pub(super) struct KeySeed<F>(pub(super) F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for KeySeed<F> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for KeySeed<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_str<E>(self, key: &str) -> Result<T, E> {
        Ok((self.0)(key))
    }
}

/// Takes a key.
pub(super) struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
