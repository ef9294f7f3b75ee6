//! Objects: the keys of a type, and the fields of a value while they are read.

use super::reading::{Decode, Reading};
use super::slot::{Missing, Slot, TargetKeys};
use super::warning::{Context, Step, Unfit};

/// A type whose values are objects.
pub trait Object {
    /// Returns the names and the presences of the fields.
    fn shape(&self) -> &'static Shape;

    /// Returns the slot of the field at this place.
    fn field(&mut self, index: usize) -> Slot<'_>;

    /// Returns another value of the type.
    fn another(&self) -> Box<dyn Object>;
}

/// Whether a field has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The object is not without it, and this is what its absence means.
    Required(Missing),
    /// It may be absent.
    Optional,
    /// A parameter that may be left out, and has a default.
    Defaulted,
    /// The keys of a target.
    Target,
}

/// A field of a type.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its first name on the wire.
    name: &'static str,
    presence: Presence,
}

/// The names and the presences of a type's fields.
#[derive(Debug)]
pub struct Shape {
    fields: &'static [Field],
    keys: &'static [Key],
    /// For each hash of a name, the place of its key in `keys`, plus one. Its length is a power of two.
    places: &'static [u8],
    /// `true` for an object that is told by its keys. Something else tells what an event is.
    told: bool,
    /// `true` if one of the fields is a target.
    has_target: bool,
    /// The fields whose absence means something, as bits.
    expected: u64,
}

/// The largest number of fields.
const MAX_FIELDS: usize = 64;

impl Shape {
    /// Creates the shape of a type.
    #[must_use]
    pub const fn new(fields: &'static [Field], keys: &'static [Key], places: &'static [u8], told: bool) -> Self {
        assert!(fields.len() <= MAX_FIELDS, "a type has more than 64 fields");
        let (mut expected, mut has_target, mut index) = (0, false, 0);
        while index < fields.len() {
            has_target |= matches!(fields[index].presence, Presence::Target);
            if !matches!(fields[index].presence, Presence::Optional | Presence::Required(Missing::Empty)) {
                expected |= 1 << index;
            }
            index += 1;
        }
        Self { fields, keys, places, told, has_target, expected }
    }

    /// Returns what the absence of such an object means, where it is required.
    #[must_use]
    pub const fn if_missing(&self) -> Missing {
        let mut index = 0;
        while index < self.fields.len() {
            if matches!(self.fields[index].presence, Presence::Required(Missing::Fails) | Presence::Target) {
                return Missing::Fails;
            }
            index += 1;
        }
        Missing::Empty
    }

    /// Returns `true` if the field at this place may be absent.
    pub(super) fn is_optional(&self, field: usize) -> bool {
        self.presence(field) == Some(Presence::Optional)
    }

    /// Returns `true` if these fields, as bits, are all that have to be there.
    pub(super) fn has_all(&self, seen: u64) -> bool {
        self.expected & !seen == 0
    }

    fn presence(&self, field: usize) -> Option<Presence> {
        self.fields.get(field).map(|field| field.presence)
    }

    /// Returns the key of this name.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<&'static Key> {
        let word = Word::of(name.as_bytes());
        let mut at = word.hash();
        loop {
            let place = *self.places.get(at & (self.places.len() - 1))?;
            let key = self.keys.get(usize::from(place).wrapping_sub(1))?;
            if key.word == word && (word.length <= 16 || key.name == name) {
                return Some(key);
            }
            at += 1;
        }
    }
}

/// Lists the fields.
#[must_use]
pub const fn fields<const N: usize>(names: &[&'static [&'static str]], presences: [Presence; N]) -> [Field; N] {
    let mut fields = [Field { name: "", presence: Presence::Optional }; N];
    let mut index = 0;
    while index < N {
        fields[index] = Field { name: names[index][0], presence: presences[index] };
        index += 1;
    }
    fields
}

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
    let mut keys = [Key { word: Word { length: 0, first: 0, last: 0 }, name: "", field: 0, rank: 0 }; N];
    let (mut at, mut field) = (0, 0);
    while field < fields.len() {
        let mut rank = 0;
        while rank < fields[field].len() {
            let name = fields[field][rank];
            keys[at] = Key { word: Word::of(name.as_bytes()), name, field, rank };
            at += 1;
            rank += 1;
        }
        field += 1;
    }
    keys
}

/// Returns the number of places for this number of names: at least half of them stay free.
#[must_use]
pub const fn capacity(keys: usize) -> usize {
    (keys * 2 + 1).next_power_of_two()
}

/// Gives each name its place.
#[must_use]
pub const fn places<const N: usize>(keys: &[Key]) -> [u8; N] {
    assert!(keys.len() < 256, "the fields of a type have more than 255 names");
    let mut places = [0; N];
    let mut index = 0;
    while index < keys.len() {
        let mut at = keys[index].word.hash();
        while places[at & (N - 1)] != 0 {
            at += 1;
        }
        // At most 255, as asserted above.
        places[at & (N - 1)] = index as u8 + 1;
        index += 1;
    }
    places
}

/// A name of a field on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    word: Word,
    pub(super) name: &'static str,
    /// The field's place in the object.
    pub(super) field: usize,
    /// The name's place among the names of the field: of two that hold a value, the first counts.
    pub(super) rank: usize,
}

/// The length, the first and the last bytes of a name, which are compared faster than the name. They are all of a name of at most
/// 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    length: usize,
    first: u64,
    last: u64,
}

impl Word {
    #[inline]
    const fn of(name: &[u8]) -> Self {
        let length = name.len();
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            return Self { length, first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last) };
        }
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            return Self { length, first: u32::from_le_bytes(*first) as u64, last: u32::from_le_bytes(*last) as u64 };
        }
        match name {
            [] => Self { length, first: 0, last: 0 },
            [first, ..] => {
                Self { length, first: *first as u64 | (name[length / 2] as u64) << 8, last: name[length - 1] as u64 }
            }
        }
    }

    #[inline]
    const fn hash(self) -> usize {
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (self.first ^ self.last.rotate_left(29) ^ self.length as u64).wrapping_mul(SPREAD);
        (mixed >> 48) as usize
    }
}

/// Reads the fields of one object.
pub(super) struct ObjectReader<'o, 'c> {
    object: &'o mut dyn Object,
    pub(super) shape: &'static Shape,
    pub(super) context: &'c mut Context,
    /// The fields that have a value, as bits.
    seen: u64,
    /// The fields of which a value was null, or stood for nothing in another way, as bits.
    null: u64,
    /// What most objects do not have.
    rare: Option<Box<Rare>>,
}

/// The state of an object that needs more than one look at its fields.
#[derive(Default)]
struct Rare {
    /// The ranks of the names under which values came, except for first names.
    ranks: Vec<(usize, usize)>,
    /// The values that did not fit, by field.
    unfit: Vec<(usize, Unfit)>,
    target: Option<TargetKeys>,
}

impl<'o, 'c> ObjectReader<'o, 'c> {
    #[inline]
    pub(super) fn new(object: &'o mut dyn Object, context: &'c mut Context) -> Self {
        let shape = object.shape();
        Self { object, shape, context, seen: 0, null: 0, rare: None }
    }

    /// Returns `true` if the field of this name has no value yet.
    #[inline]
    pub(super) fn is_new(&self, key: &Key) -> bool {
        self.seen & (1 << key.field) == 0
    }

    /// Returns the slot for the value of this name, and the context to read it in.
    #[inline]
    pub(super) fn slot(&mut self, key: &Key) -> (Slot<'_>, &mut Context) {
        let slot = match self.object.field(key.field) {
            Slot::Target(_) => {
                let rare = self.rare.get_or_insert_default();
                rare.target.get_or_insert_with(TargetKeys::blank).field(key.rank)
            }
            slot => slot,
        };
        (slot, self.context)
    }

    /// Notes that a value was read. `before` is the mark of the context before that.
    #[inline]
    pub(super) fn took(&mut self, key: &Key, reading: Reading<()>, before: usize) {
        if self.context.mark() > before {
            self.context.enter(Step::Name(key.name), before);
        }
        match reading {
            Reading::Value(()) if key.rank == 0 && !self.shape.has_target => self.seen |= 1 << key.field,
            Reading::Absent => self.null |= 1 << key.field,
            reading => self.took_rare(key, reading),
        }
    }

    #[cold]
    fn took_rare(&mut self, key: &Key, reading: Reading<()>) {
        let is_strict = self.context.is_strict();
        let rare = self.rare.get_or_insert_default();
        match reading {
            // The keys of a target stand for one field.
            Reading::Value(()) if self.shape.presence(key.field) == Some(Presence::Target) => {
                if is_strict && rare.ranks.contains(&(key.field, key.rank)) {
                    rare.does_not_fit(key, Unfit::new("it is there twice"));
                }
                rare.ranks.push((key.field, key.rank));
            }
            Reading::Value(()) => {
                self.seen |= 1 << key.field;
                rare.ranks.push((key.field, key.rank));
            }
            Reading::Unfit(unfit) => rare.does_not_fit(key, unfit),
            Reading::Absent => {}
        }
    }

    /// Decides between two values of a field, which came under two of its names or twice under one: an empty list gives way to
    /// one that is not, and otherwise the first name counts. `read` reads the second value into a slot.
    #[cold]
    pub(super) fn took_again(&mut self, key: &Key, read: &mut dyn FnMut(&mut Slot<'_>, &mut Context) -> Reading<()>) {
        let rare = self.rare.get_or_insert_default();
        let rank = rare.ranks.iter().rev().find(|(field, _)| *field == key.field).map_or(0, |(_, rank)| *rank);
        if self.context.is_strict() && key.rank == rank {
            return rare.does_not_fit(key, Unfit::new("it is there twice"));
        }
        let before = self.context.mark();
        let mut other = self.object.another();
        let reading = read(&mut other.field(key.field), self.context);
        let is_better = matches!(reading, Reading::Value(()))
            && match (self.object.field(key.field).is_empty(), other.field(key.field).is_empty()) {
                (held, new) if held != new => held,
                _ => key.rank < rank,
            };
        if is_better {
            self.context.reset(before);
            let mut slot = self.object.field(key.field);
            if let Slot::Object(place) = &mut slot {
                place.clear();
            }
            // The result is the one above.
            let _ = read(&mut slot, self.context);
            rare.ranks.push((key.field, key.rank));
        } else if let Reading::Unfit(unfit) = reading {
            rare.does_not_fit(key, unfit);
        }
        self.context.enter(Step::Name(key.name), before);
    }

    /// Returns the result for the object. `empty` tells that it had no entries.
    #[inline]
    pub(super) fn finish(self, empty: bool) -> Reading<()> {
        if self.seen | self.null == 0 && self.rare.is_none() && self.shape.told && !self.context.is_strict() {
            return match empty {
                true => Reading::Absent,
                false => Reading::Unfit(Unfit::new("none of the keys that it is known by")),
            };
        }
        let is_rare = self.rare.as_ref().is_some_and(|rare| self.shape.has_target || !rare.unfit.is_empty());
        let expected = if self.context.is_strict() { u64::MAX } else { self.shape.expected };
        match expected & !self.seen == 0 && !is_rare {
            true => Reading::Value(()),
            false => self.finish_fields().into(),
        }
    }

    /// Decides what the absence of fields means, one by one.
    #[cold]
    fn finish_fields(self) -> Result<(), Unfit> {
        let Self { object, shape, context, seen, null, rare } = self;
        let mut rare = rare.map_or_else(Rare::default, |rare| *rare);
        for (index, field) in shape.fields.iter().enumerate() {
            let unfit = rare.unfit.iter().position(|(of, _)| *of == index).map(|at| rare.unfit.swap_remove(at).1);
            let seen = seen & (1 << index) != 0;
            match field.presence {
                Presence::Target => {
                    unfit.into_iter().for_each(|unfit| context.warn(unfit));
                    if let Slot::Target(place) = object.field(index) {
                        place.set(&rare.target.take().unwrap_or_else(TargetKeys::blank))?;
                    }
                }
                Presence::Required(_) | Presence::Defaulted if context.is_strict() => match unfit {
                    Some(unfit) => return Err(unfit),
                    None if seen => {}
                    None if null & (1 << index) != 0 => {
                        return Err(Unfit::new("it is null").within(Step::Name(field.name)));
                    }
                    None if field.presence == Presence::Defaulted => {}
                    None => return Err(Unfit::missing(field.name)),
                },
                Presence::Required(missing) if !seen => match (missing, unfit) {
                    (Missing::Fails, unfit) => return Err(unfit.unwrap_or_else(|| Unfit::missing(field.name))),
                    (_, Some(unfit)) => context.warn(unfit),
                    (Missing::Told, None) => context.warn(Unfit::missing(field.name)),
                    (Missing::Empty, None) => {}
                },
                _ => unfit.into_iter().for_each(|unfit| context.warn(unfit)),
            }
        }
        Ok(())
    }
}

impl Rare {
    #[cold]
    fn does_not_fit(&mut self, key: &Key, unfit: Unfit) {
        if self.unfit.iter().all(|(field, _)| *field != key.field) {
            self.unfit.push((key.field, unfit.within(Step::Name(key.name))));
        }
    }
}

/// Ends the program: the core asks for the fields of a shape alone.
#[cold]
pub fn no_field(index: usize) -> ! {
    unreachable!("the object has no field {index}")
}
