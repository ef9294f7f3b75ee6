//! Objects: the keys of a type, and its fields while they are read.

use super::reading::{Decode, Reading};
use super::value::{Found, Key, ObjectFields, Put, Stop, Value};
use super::warning::{Context, Step, Unfit};

/// Returns the number of names of all fields.
#[must_use]
pub const fn count(fields: &[&[&str]]) -> usize {
    let (mut count, mut field) = (0, 0);
    while field < fields.len() {
        count += fields[field].len();
        field += 1;
    }
    count
}

/// Lists the names of all fields.
#[must_use]
pub const fn keys<const N: usize>(fields: &[&'static [&'static str]]) -> [Key; N] {
    let mut keys = [Key::new("", 0, 0); N];
    let (mut at, mut field) = (0, 0);
    while field < fields.len() {
        let mut rank = 0;
        while rank < fields[field].len() {
            let name = fields[field][rank];
            keys[at] = Key::new(name, field, rank);
            at += 1;
            rank += 1;
        }
        field += 1;
    }
    keys
}

/// A field while its object is read.
#[derive(Debug)]
pub struct Field<T> {
    value: Option<T>,
    /// The rank of the name under which the value came.
    rank: usize,
    /// The first value that did not fit, with its name.
    unfit: Option<Unfit>,
    /// `true` if a value was null, or stood for nothing in another way.
    null: bool,
}

impl<T: Decode> Field<T> {
    /// Creates a field without a value.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        Self { value: None, rank: 0, unfit: None, null: false }
    }

    /// Returns the value of a field that its object cannot be without. A list, a message and an object without required
    /// fields can be empty.
    #[inline]
    pub fn required(self, name: &'static str, context: &mut Context) -> Result<T, Unfit> {
        match context.is_strict() {
            true => self.strictly(None, name),
            false => self.value_or(T::empty, name, context),
        }
    }

    /// Returns the value of a field that may be absent.
    #[inline]
    pub fn optional(self, _: &'static str, context: &mut Context) -> Result<Option<T>, Unfit> {
        if let Some(unfit) = self.unfit {
            context.warn(unfit);
        }
        Ok(self.value)
    }

    /// Returns the value of a field that tells which of several things happened: an absent one is an unlisted value.
    #[inline]
    pub fn decisive(self, name: &'static str, context: &mut Context) -> Result<T, Unfit>
    where
        T: From<String>,
    {
        self.value_or(|| Some(T::from(String::new())), name, context)
    }

    /// Returns the value of an event's time or account: an absent one is 0.
    #[inline]
    pub fn zero(self, name: &'static str, context: &mut Context) -> Result<T, Unfit>
    where
        T: From<i64>,
    {
        self.value_or(|| Some(T::from(0)), name, context)
    }

    /// Returns the value of a field that may be left out and has a default.
    #[inline]
    pub fn defaulted(self, name: &'static str, context: &mut Context, default: T) -> Result<T, Unfit> {
        match context.is_strict() {
            true => self.strictly(Some(default), name),
            false => self.value_or(|| Some(default), name, context),
        }
    }

    /// Returns the value of a parameter: nothing is assumed of one that is null or cannot be read.
    fn strictly(self, default: Option<T>, name: &'static str) -> Result<T, Unfit> {
        match self {
            Self { unfit: Some(unfit), .. } => Err(unfit),
            Self { value: Some(value), .. } => Ok(value),
            Self { null: true, .. } => Err(Unfit::new("it is null").within(Step::Name(name))),
            _ => default.ok_or_else(|| Unfit::missing(name)),
        }
    }

    #[inline]
    fn value_or(
        self,
        empty: impl FnOnce() -> Option<T>,
        name: &'static str,
        context: &mut Context,
    ) -> Result<T, Unfit> {
        let value = match (self.value, &self.unfit) {
            (Some(value), None) => return Ok(value),
            (None, None) => {
                let value = empty().ok_or_else(|| Unfit::missing(name))?;
                if T::IS_TOLD_IF_MISSING {
                    context.warn(Unfit::missing(name));
                }
                return Ok(value);
            }
            (value, Some(_)) => value.or_else(empty),
        };
        match (value, self.unfit) {
            (Some(value), unfit) => {
                unfit.into_iter().for_each(|unfit| context.warn(unfit));
                Ok(value)
            }
            (None, Some(unfit)) => Err(unfit),
            (None, None) => Err(Unfit::missing(name)),
        }
    }
}

impl<T: Decode> Default for Field<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Decode> Put for Field<T> {
    fn put(&mut self, key: &Key, value: &mut dyn Value<'_>, context: &mut Context) -> Result<(), Stop> {
        match context.within(Step::Name(key.name), |context| T::decode(value, context))? {
            Reading::Value(_) if context.is_strict() && self.value.is_some() && key.rank == self.rank => {
                self.unfit = Some(Unfit::new("it is there twice").within(Step::Name(key.name)));
            }
            Reading::Value(value) => {
                let better = match &self.value {
                    None => true,
                    Some(held) if held.is_empty() != value.is_empty() => held.is_empty(),
                    Some(_) => key.rank < self.rank,
                };
                if better {
                    self.value = Some(value);
                    self.rank = key.rank;
                }
            }
            Reading::Absent => self.null = true,
            Reading::Unfit(unfit) => {
                self.unfit.get_or_insert_with(|| unfit.within(Step::Name(key.name)));
            }
        }
        Ok(())
    }
}

/// Reads an object into its fields. Null, `{}` and `[]` are absent. With `told`, an object that has entries, and none of the keys,
/// does not fit; otherwise, something else tells what the object is.
pub fn object<'f>(
    value: &mut dyn Value<'_>,
    told: bool,
    keys: &'static [Key],
    fields: &'f mut [&'f mut dyn Put],
    context: &'f mut Context,
) -> Result<Reading<()>, Stop> {
    let mut fields = ObjectFields::new(keys, fields, context);
    Ok(match value.object(&mut fields)? {
        Found::Object(_) if fields.is_strict() => Reading::Value(()),
        Found::Null | Found::List(0) if fields.is_strict() => Reading::Unfit(Unfit::new("it is not an object")),
        Found::Object(_) if fields.known || !told => Reading::Value(()),
        Found::Null | Found::List(0) | Found::Object(0) => Reading::Absent,
        Found::Object(_) => Reading::Unfit(Unfit::new("none of the keys that it is known by")),
        found => {
            let mut unfit = Unfit::kind(found.kind(), "an object");
            unfit.scalar = !matches!(found, Found::List(_));
            Reading::Unfit(unfit)
        }
    })
}
