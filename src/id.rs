//! The conversions of generated ids and enums, as macros. They are for generated code, in any crate.

/// Implements the conversions of an id that is a number on the wire.
#[doc(hidden)]
#[macro_export]
macro_rules! integer_id {
    ($id:ident) => {
        $crate::__number_id!($id, i64);

        impl $crate::__private::Serialize for $id {
            fn serialize<S: $crate::__private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.0)
            }
        }
    };
}

/// Implements the conversions of an id that is sent as a string of digits, since it may exceed 2^53.
#[doc(hidden)]
#[macro_export]
macro_rules! digits_id {
    ($id:ident) => {
        $crate::__number_id!($id, u64);

        impl $crate::__private::Serialize for $id {
            fn serialize<S: $crate::__private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __number_id {
    ($id:ident, $number:ty) => {
        impl $id {
            /// Creates the id with this number.
            #[must_use]
            pub const fn new(number: $number) -> Self {
                Self(number)
            }

            /// Returns the id's number.
            #[must_use]
            pub const fn get(self) -> $number {
                self.0
            }
        }

        impl From<$number> for $id {
            fn from(number: $number) -> Self {
                Self(number)
            }
        }

        impl From<&$id> for $id {
            fn from(id: &$id) -> Self {
                *id
            }
        }

        impl From<$id> for $number {
            fn from(id: $id) -> Self {
                id.0
            }
        }

        impl ::std::str::FromStr for $id {
            type Err = ::std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl $crate::__private::decode::Integer for $id {
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

        impl<'de> $crate::__private::Deserialize<'de> for $id {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::__private::decode::deserialize(deserializer)
            }
        }

        $crate::__display_as_inner!($id);
    };
}

/// Implements the conversions of an id that is a string.
#[doc(hidden)]
#[macro_export]
macro_rules! string_id {
    ($id:ident) => {
        impl $id {
            /// Creates the id with this text.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the id's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $id {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $id {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&$id> for $id {
            fn from(id: &$id) -> Self {
                id.clone()
            }
        }

        impl ::std::convert::AsRef<str> for $id {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl $crate::__private::Serialize for $id {
            fn serialize<S: $crate::__private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl $crate::__private::FieldValue for $id {
            fn read_text(text: &str) -> Option<Self> {
                Some(Self(text.to_owned()))
            }

            fn text(&self) -> ::std::borrow::Cow<'_, str> {
                ::std::borrow::Cow::Borrowed(&self.0)
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $id {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::__private::decode::deserialize(deserializer)
            }
        }

        $crate::__decode_as_text!($id);

        $crate::__display_as_inner!($id);
    };
}

/// Reads a type from any text.
#[doc(hidden)]
#[macro_export]
macro_rules! __decode_as_text {
    ($name:ident) => {
        impl $crate::__private::decode::FromText for $name {
            fn from_text(text: &str) -> Self {
                Self::from(text)
            }
        }

        impl $crate::__private::decode::Decode for $name {
            fn blank() -> Self {
                Self::from("")
            }

            $crate::__text_slots!();
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __display_as_inner {
    ($id:ident) => {
        impl ::std::fmt::Display for $id {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::fmt::Debug for $id {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!(stringify!($id), "({:?})"), self.0)
            }
        }
    };
}
