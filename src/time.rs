//! Timestamps as servers send them.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decode;

/// The longest duration that is added to the clock: longer ones are cut to it, since the clock's range has an end.
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A moment, in seconds since 1970-01-01 00:00 UTC. 0 means *none* or *not known*.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use cqhttp::Timestamp;
///
/// let joined = Timestamp::new(1_600_000_000);
/// assert_eq!(joined.to_system_time(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)));
/// assert_eq!(Timestamp::new(0).to_system_time(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Creates the moment `seconds` after 1970-01-01 00:00 UTC.
    #[must_use]
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since 1970, as on the wire.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Returns the moment; `None` if it is 0, which means that the server gave none, or negative.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.0).ok().filter(|seconds| *seconds > 0)?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}

impl From<i64> for Timestamp {
    fn from(seconds: i64) -> Self {
        Self(seconds)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode::deserialize(deserializer)
    }
}

impl decode::Integer for Timestamp {
    fn from_wide(value: i128) -> Option<Self> {
        value.try_into().ok().map(Self)
    }

    fn zero() -> Self {
        Self(0)
    }

    fn wide(&self) -> i128 {
        i128::from(self.0)
    }
}
