//! Macros that generated code expands: conversions of enums, answers, and the writing of objects.

/// Conversions of an enum whose values are strings.
#[doc(hidden)]
#[macro_export]
macro_rules! string_enum {
    ($name:ident { $($value:literal => $variant:ident,)* }) => {
        impl $name {
            /// The value as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Other(other) => other.get(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => Self::Other($crate::__private::unlisted(other.to_owned())),
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::__private::FieldValue for $name {
            fn read_text(text: &str) -> Option<Self> {
                Some(Self::from(text))
            }

            fn text(&self) -> ::std::borrow::Cow<'_, str> {
                ::std::borrow::Cow::Borrowed(self.as_str())
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::__private::decode::deserialize(deserializer)
            }
        }

        $crate::__decode_as_text!($name);
    };
}

/// Conversions of an enum whose values are numbers.
#[doc(hidden)]
#[macro_export]
macro_rules! integer_enum {
    ($name:ident { $($value:literal => $variant:ident,)* }) => {
        impl $name {
            /// The value as it stands on the wire.
            #[must_use]
            pub fn get(self) -> i64 {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Other(other) => *other.get(),
                }
            }
        }

        impl From<i64> for $name {
            fn from(value: i64) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => Self::Other($crate::__private::unlisted(other)),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.get().fmt(f)
            }
        }

        impl $crate::__private::decode::Integer for $name {
            fn from_wide(value: i128) -> Option<Self> {
                i64::try_from(value).ok().map(Self::from)
            }

            fn zero() -> Self {
                Self::from(0)
            }

            fn wide(&self) -> i128 {
                i128::from(self.get())
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.get())
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::__private::decode::deserialize(deserializer)
            }
        }
    };
}

/// Implements [`AnswersOnce`](crate::AnswersOnce) for actions with one answer, so that their calls can be awaited.
#[doc(hidden)]
#[macro_export]
macro_rules! answers_once {
    ($($name:ident,)*) => {
        $(impl $crate::AnswersOnce for $name {})*
    };
}

/// Makes objects answers of actions. `Name = "field"` is an answer that some servers send as the value of this field alone.
#[doc(hidden)]
#[macro_export]
macro_rules! answers {
    ($($name:ident $(= $bare:literal)?,)*) => {
        $(impl $crate::Answer for $name {
            $crate::answers!(@slots $($bare)?);

            #[inline]
            fn from_nothing() -> Option<Self> {
                $crate::__private::decode::Decode::empty()
            }
        })*
    };
    (@slots) => {
        // Inline: they are compiled only for the actions that a program calls.
        #[inline]
        fn slot(place: &mut $crate::__private::Place<Self>) -> $crate::__private::decode::Slot<'_> {
            place.slot()
        }

        #[inline]
        fn list_slot(place: &mut $crate::__private::Place<Vec<Self>>) -> $crate::__private::decode::Slot<'_> {
            place.slot()
        }
    };
    (@slots $bare:literal) => {
        #[inline]
        fn slot(place: &mut $crate::__private::Place<Self>) -> $crate::__private::decode::Slot<'_> {
            place.read_by(|data, context| $crate::__private::bare_answer(data, context, $bare))
        }
    };
}

/// Writes an object: the tags of an event, then the fields. Each field is written by the function of `__private::entry` that stands
/// before it, under the name behind it.
#[doc(hidden)]
#[macro_export]
macro_rules! encode_object {
    ($name:ident { $($tag:literal => $value:literal,)* $($entry:ident $field:ident = $wire:literal,)* }) => {
        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use $crate::__private::SerializeMap as _;
                #[allow(unused_mut, reason = "an object may have no fields")]
                let mut map = serializer.serialize_map(None)?;
                $(map.serialize_entry($tag, $value)?;)*
                $($crate::__private::entry::$entry(&mut map, $wire, &self.$field)?;)*
                map.end()
            }
        }
    };
}
