//! Objects while they are read: which fields came, under which names, and what the absence of the others means.

use super::reading::Decode;
use super::shape::{Field, Key, Missing, Presence, Shape};
use super::slot::{Object, Reading, SetTarget, Slot};
use super::warning::{Context, Step, Unfit};

/// The keys of a target while they are read.
#[derive(Debug)]
pub(super) struct TargetKeys {
    message_type: Option<String>,
    user_id: Option<i64>,
    group_id: Option<i64>,
}

crate::decode_object!(TargetKeys {
    message_type: optional "message_type",
    user_id: optional "user_id",
    group_id: optional "group_id",
});

impl TargetKeys {
    /// Writes the target that they name.
    pub(super) fn write(&self, target: &mut dyn SetTarget) -> Result<(), Unfit> {
        target.set(self.message_type.as_deref(), self.user_id, self.group_id)
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
    /// The state that most objects do not need.
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
        let is_within =
            |(index, field): (usize, &Field)| field.presence == Presence::Within && seen & (1 << index) != 0;
        let seen = if shape.fields.iter().enumerate().any(is_within) { u64::MAX } else { seen };
        for (index, field) in shape.fields.iter().enumerate() {
            let unfit = rare.unfit.iter().position(|(of, _)| *of == index).map(|at| rare.unfit.swap_remove(at).1);
            let seen = seen & (1 << index) != 0;
            match field.presence {
                Presence::Target => {
                    unfit.into_iter().for_each(|unfit| context.warn(unfit));
                    if let Slot::Target(place) = object.field(index) {
                        rare.target.take().unwrap_or_else(TargetKeys::blank).write(place)?;
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
