//! The shape of a type: the names of its fields on the wire, found by a hash, and which of them have to be there.

/// The meaning of the absence of a required value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The object does not fit.
    Fails,
    /// The value is empty.
    Empty,
    /// The value is empty, and a warning tells so.
    Told,
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
    /// Not a field: some servers put the object into another one under this name.
    Within,
}

impl Presence {
    /// Returns the presence of the object itself inside another one.
    #[must_use]
    pub const fn within(_: &str) -> Self {
        Self::Within
    }
}

/// A field of a type.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its first name on the wire.
    pub(super) name: &'static str,
    pub(super) presence: Presence,
}

/// The names and the presences of a type's fields.
#[derive(Debug)]
pub struct Shape {
    pub(super) fields: &'static [Field],
    keys: &'static [Key],
    /// For each hash of a name, the place of its key in `keys`, or [`FREE`]. Its length is a power of two.
    places: &'static [u8],
    /// `true` for an object that is told by its keys. Something else tells what an event is.
    pub(super) told: bool,
    /// `true` if one of the fields is a target.
    pub(super) has_target: bool,
    /// The fields whose absence means something, as bits.
    pub(super) expected: u64,
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
            if !matches!(
                fields[index].presence,
                Presence::Optional | Presence::Within | Presence::Required(Missing::Empty)
            ) {
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

    pub(super) fn presence(&self, field: usize) -> Option<Presence> {
        self.fields.get(field).map(|field| field.presence)
    }

    /// Returns the key of this name.
    #[inline(never)]
    pub(super) fn find(&self, name: &str) -> Option<&'static Key> {
        let word = Word::of(name.as_bytes());
        match word.length <= Word::WHOLE {
            true => self.find_by(word, |_| true),
            false => self.find_long(name, word),
        }
    }

    /// As [`find`](Self::find). A function of its own, since the comparison of whole names needs more registers.
    #[inline(never)]
    fn find_long(&self, name: &str, word: Word) -> Option<&'static Key> {
        self.find_by(word, |key| key.name == name)
    }

    #[inline]
    fn find_by(&self, word: Word, is_equal: impl Fn(&Key) -> bool) -> Option<&'static Key> {
        let (mut at, mask) = (word.hash(), self.places.len().wrapping_sub(1));
        loop {
            let place = *self.places.get(at & mask)?;
            let key = self.keys.get(usize::from(place))?;
            if key.word == word && is_equal(key) {
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

/// A place without a key: there are fewer than this many.
pub(crate) const FREE: u8 = u8::MAX;

/// Gives each name its place.
#[must_use]
pub const fn places<const N: usize>(keys: &[Key]) -> [u8; N] {
    assert!(keys.len() < FREE as usize, "the fields of a type have more than 254 names");
    let mut places = [FREE; N];
    let mut index = 0;
    while index < keys.len() {
        let mut at = keys[index].word.hash();
        while places[at & (N - 1)] != FREE {
            at += 1;
        }
        // Below 255, as asserted above.
        places[at & (N - 1)] = index as u8;
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
    /// The length up to which a word is all of a name.
    const WHOLE: usize = 16;

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

/// Ends the program: the core asks for the fields of a shape alone.
#[cold]
pub fn no_field(index: usize) -> ! {
    unreachable!("the object has no field {index}")
}
