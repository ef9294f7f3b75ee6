//! Macros that implement reading for a type from the names of its fields.

/// Reads the fields of an object, each under its names: `group_id: required "group_id", level: optional "level" | "grade",`.
///
/// A field is `required`, `optional`, `decisive` (an enum of texts: an absent one is an unlisted value), `zero` (an absent one is
/// 0), `defaulted` or a `target`.
/// An object `within "name"` may stand in another one under this name.
/// A `strict` type, which no server sends, refuses what it would have to pass over. Of its fields that are `shared`, one excludes the
/// other and is written under its name too. An `event` is told by its tags, and any other
/// object by one of its keys.
#[doc(hidden)]
#[macro_export]
macro_rules! decode_object {
    (strict $name:ident { $($fields:tt)* } $(shared { $($shared:tt)* })?) => {
        $crate::decode_object!(@impl deserialize_strictly false $name { $($fields)* } $(shared { $($shared)* })?);
    };
    (event $name:ident { $($fields:tt)* }) => {
        $crate::decode_object!(@impl deserialize false $name { $($fields)* });
    };
    (within $within:literal $name:ident { $($fields:tt)* }) => {
        $crate::decode_object!(@impl deserialize true $name { $($fields)* } $within);
    };
    ($name:ident { $($fields:tt)* }) => {
        $crate::decode_object!(@impl deserialize true $name { $($fields)* });
    };
    (@impl $deserialize:ident $told:literal $name:ident {
        $($field:ident: $presence:ident $(($default:expr))? $first:literal $(| $alias:literal)*,)*
    } $($within:literal)? $(shared { $($shared:ident with $other:ident,)* })?) => {
        $crate::decode_object!(@shape $name $told { $($field: $presence $first $(| $alias)*,)* } $($within)?);

        // Inline, here and below: most programs read only a few of the types, and compile the code for these alone.
        impl $crate::__private::decode::Object for $name {
            #[inline]
            fn shape(&self) -> &'static $crate::__private::decode::Shape {
                static SHAPE: $crate::__private::decode::Shape = $name::__SHAPE;
                &SHAPE
            }

            $crate::decode_object!(@field slot Slot { $($field: $presence,)* } $($within)?);

            #[inline]
            fn another(&self) -> Box<dyn $crate::__private::decode::Object> {
                Box::new(<Self as $crate::__private::decode::Decode>::blank())
            }
        }

        impl $crate::__private::decode::Decode for $name {
            const IF_MISSING: $crate::__private::decode::Missing = $name::__SHAPE.if_missing();

            #[inline]
            fn blank() -> Self {
                Self {
                    $($field: $crate::__private::field::$presence::blank($($default)?),)*
                }
            }

            $(
                fn settle(&mut self) {
                    $($crate::__private::unshare(&mut self.$shared, &self.$other);)*
                }
            )?

            $crate::__slots!(Object);
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::__private::decode::$deserialize(deserializer)
            }
        }
    };
    (@shape $name:ident $told:literal {
        $($field:ident: $presence:ident $first:literal $(| $alias:literal)*,)*
    } $($within:literal)?) => {
        impl $name {
            #[doc(hidden)]
            const __SHAPE: $crate::__private::decode::Shape = {
                use $crate::__private::{decode, field};

                const NAMES: &[&[&str]] = &[$(&[$first $(, $alias)*],)* $(&[$within],)?];
                const COUNT: usize = decode::count(NAMES);
                const KEYS: &[decode::Key] = &decode::keys::<COUNT>(NAMES);
                const PLACES: &[u8] = &decode::places::<{ decode::capacity(COUNT) }>(KEYS);
                const FIELDS: &[decode::Field] = &decode::fields(NAMES, [
                    $(field::$presence::presence(|this: &$name| &this.$field),)*
                    $(decode::Presence::within($within),)?
                ]);
                decode::Shape::new(FIELDS, KEYS, PLACES, $told)
            };
        }
    };
    (@field $slot:ident $type:ident { $($field:ident: $presence:ident,)* } $($within:literal)?) => {
        #[allow(unused_assignments, unused_mut, unused_variables, reason = "not every object has fields")]
        #[inline]
        fn field(&mut self, index: usize) -> $crate::__private::decode::$type<'_> {
            let mut at = 0;
            $(
                if index == at {
                    return $crate::__private::field::$presence::$slot(&mut self.$field);
                }
                at += 1;
            )*
            $(
                if index == at {
                    let _ = $within;
                    return $crate::__private::decode::Decode::slot(self);
                }
            )?
            $crate::__private::decode::no_field(index)
        }
    };
}

/// Reads the data of a segment into its fields: `Image { file: required "file", sub_type: optional "subType" | "sub_type", }`.
#[doc(hidden)]
#[macro_export]
macro_rules! decode_segment {
    ($name:ident { $($field:ident: $presence:ident $first:literal $(| $alias:literal)*,)* }) => {
        $crate::decode_object!(@shape $name false { $($field: $presence $first $(| $alias)*,)* });

        impl $crate::__private::decode::SegmentData for $name {
            fn shape(&self) -> &'static $crate::__private::decode::Shape {
                static SHAPE: $crate::__private::decode::Shape = $name::__SHAPE;
                &SHAPE
            }

            $crate::decode_object!(@field field_slot FieldSlot { $($field: $presence,)* });

            fn keep(
                &mut self,
                name: ::std::string::String,
                value: ::std::boxed::Box<$crate::__private::RawValue>,
                is_alias: bool,
            ) {
                self.extra.__keep(name, value, is_alias);
            }
        }

        impl $name {
            #[doc(hidden)]
            fn __blank() -> Self {
                Self {
                    $($field: $crate::__private::field::$presence::blank(),)*
                    extra: ::std::default::Default::default(),
                }
            }
        }
    };
}

/// The slots of a type in its `impl Decode`, by the kind of value that it takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __slots {
    ($kind:ident) => {
        // Inline: they are compiled only for the types that are read in this way.
        #[inline]
        fn slot(&mut self) -> $crate::__private::decode::Slot<'_> {
            $crate::__private::decode::Slot::$kind(self)
        }

        #[inline]
        fn optional(value: &mut Option<Self>) -> $crate::__private::decode::Slot<'_> {
            $crate::__private::decode::Slot::$kind(value)
        }
    };
}

/// The slots of a type that takes texts. The name of a kind of slot would look like that of a type among a schema's own.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_slots {
    () => {
        $crate::__slots!(Text);
    };
}
