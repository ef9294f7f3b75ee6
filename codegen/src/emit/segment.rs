//! Message segments, and the enums of all segments.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs::{aliases, docs, join};
use super::request::request_setter;
use super::rust_type::{argument, converted, rust_type, takes_into};
use super::value::{self, default_text, raw_string};
use crate::doc;
use crate::model::{Api, Direction, File, Param, Presence, Segment};
use crate::name::ident;

/// The items of a file's segments.
pub(super) fn segment_items(file: &File) -> Vec<TokenStream> {
    file.segments.iter().flat_map(segment).collect()
}

/// `pub struct Image { … }`, its constructor and setters, how it is read and written.
fn segment(segment: &Segment) -> Vec<TokenStream> {
    let mut items = vec![structure(segment), methods(segment)];
    items.extend(default(segment));
    items.push(data(segment));
    items.extend((segment.direction != Direction::Feed).then(|| into_segment(segment)));
    items
}

/// `impl IntoSegment for Image { … }`
fn into_segment(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    let inner = if segment.boxed { quote!(Box::new(self)) } else { quote!(self) };
    quote! {
        impl ::cqhttp::segment::IntoSegment for #name {
            fn into_segment(self) -> Segment {
                Segment::#name(#inner)
            }
        }
    }
}

/// `pub struct Image { pub file: FileSource, …, pub extra: Extra }`
fn structure(segment: &Segment) -> TokenStream {
    let head = docs(&segment_docs(segment));
    let name = segment.name.type_ident();
    let fields = segment.fields.iter().map(|field| {
        let (docs, name, ty) = (docs(&field_doc(segment, field)), field.name.ident(), rust_type(&field.ty));
        quote!(#docs pub #name: #ty)
    });
    quote! {
        #head
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields,)*
            /// Further fields, as they came; they go back out unchanged.
            pub extra: ::cqhttp::segment::Extra,
        }
    }
}

fn segment_docs(segment: &Segment) -> String {
    let (summary, rest) = doc::summary(&segment.doc);
    join(&[&format!("{summary} ({})", segment.title), rest, &facts(segment)])
}

/// "Segment `image` · received and sent."
fn facts(segment: &Segment) -> String {
    format!("Segment `{}` · {}.", segment.wire, direction(segment.direction))
}

/// The words for a direction.
pub fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Both => "received and sent",
        Direction::Receive => "received",
        Direction::Send => "sent",
        Direction::Never => "documented, but neither received nor sent by go-cqhttp",
        Direction::Feed => "only in the posts of topic channels",
    }
}

/// The field's doc, and the default that the server has for it.
fn field_doc(segment: &Segment, field: &Param) -> String {
    match segment.defaults.get(field.name.snake()) {
        Some(default) => format!("{} The server's default: {}.", field.doc, default_text(default)),
        None => field.doc.clone(),
    }
}

/// `impl Image { pub fn new(…) -> Self { … } … }`: the constructor, the setters, and one for what has none.
fn methods(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    let new = new(segment);
    let setters = segment.settable().map(request_setter);
    quote! {
        impl #name {
            #new
            #(#setters)*
            /// Sets a further field, as some servers read it.
            #[must_use]
            pub fn field(mut self, name: impl Into<String>, value: impl Into<::cqhttp::serde_json::Value>) -> Self {
                self.extra.set(name, value);
                self
            }
        }
    }
}

/// `pub fn new(file: impl Into<FileSource>) -> Self { Self { file: file.into(), kind: None, …, extra: … } }`
fn new(segment: &Segment) -> TokenStream {
    let doc = match segment.required().next() {
        Some(_) => " Creates it from its required fields.",
        None => " Creates it with nothing set.",
    };
    let args = segment.required().map(argument);
    let fields = segment.fields.iter().map(|field| {
        let name = field.name.ident();
        match is_required(field) {
            true if takes_into(&field.ty) => {
                let value = converted(field);
                quote!(#name: #value)
            }
            true => quote!(#name),
            false => quote!(#name: None),
        }
    });
    quote! {
        #[doc = #doc]
        #[must_use]
        pub fn new(#(#args),*) -> Self {
            Self { #(#fields,)* extra: Default::default() }
        }
    }
}

/// `impl Default` for a segment that can be without anything.
fn default(segment: &Segment) -> Option<TokenStream> {
    let name = segment.name.type_ident();
    segment.required().next().is_none().then(|| {
        quote! {
            impl Default for #name {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    })
}

fn is_required(field: &Param) -> bool {
    matches!(field.presence, Presence::Required)
}

/// The method that reads a field, the one that writes it, and its presence.
fn words(field: &Param) -> [Ident; 3] {
    let words = match (is_required(field), field.is_json) {
        (true, false) => ["required", "value", "required"],
        (false, false) => ["optional", "option", "optional"],
        (true, true) => ["required_json", "json", "json_required"],
        (false, true) => ["optional_json", "json_option", "json_optional"],
    };
    words.map(ident)
}

/// `impl SegmentType for Image { … }`
fn data(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    let names = |field: &Param| {
        let names = [&field.wire].into_iter().chain(&field.aliases);
        quote!(&[#(#names),*])
    };
    let reads = segment.fields.iter().map(|field| {
        let (name, names, [read, ..]) = (field.name.ident(), names(field), words(field));
        let missing = is_required(field).then(|| quote!(?));
        quote!(#name: fields.#read(#names) #missing)
    });
    let writes = segment.fields.iter().map(|field| {
        let (name, names, [_, write, _]) = (field.name.ident(), names(field), words(field));
        quote!(out.#write(#names, &self.#name);)
    });
    let keys = segment.fields.iter().map(|field| {
        let (name, wire, aliases) = (field.name.ident(), &field.wire, &field.aliases);
        let [.., presence] = words(field);
        quote!(#name: #presence #wire #(| #aliases)*)
    });
    let out = if segment.fields.is_empty() { quote!(out) } else { quote!(mut out) };
    quote! {
        ::cqhttp::decode_segment!(#name { #(#keys,)* });

        impl __private::SegmentType for #name {
            fn read(fields: &mut __private::Fields<'_>) -> Option<Self> {
                Some(Self { #(#reads,)* extra: fields.rest() })
            }
            fn write<'s>(&'s self, #out: __private::Writing<'s, '_>) {
                #(#writes)*
                out.rest();
            }
            fn extra(&self) -> &::cqhttp::segment::Extra {
                &self.extra
            }
        }
    }
}

/// The enums of all segments.
pub(super) fn segment_enums(api: &Api) -> Vec<TokenStream> {
    let segments: Vec<&Segment> = api.files.iter().flat_map(|file| &file.segments).collect();
    let (feed, plain): (Vec<_>, Vec<_>) =
        segments.into_iter().partition(|segment| segment.direction == Direction::Feed);
    let mut items = Vec::new();
    if !plain.is_empty() {
        let docs = docs("Any message segment: one variant for each type.");
        items.extend([segment_enum("Segment", &docs, &plain), dispatch("Segment", &plain)]);
        items.extend(shortcuts(&plain));
    }
    if !feed.is_empty() {
        let docs = docs("A piece of a post in a topic channel; messages do not hold it.");
        items.extend([segment_enum("FeedSegment", &docs, &feed), dispatch("FeedSegment", &feed)]);
    }
    items
}

/// `pub enum Segment { Text(Text), Image(Box<Image>), …, Unknown(UnknownSegment) }`
fn segment_enum(name: &str, head: &TokenStream, segments: &[&Segment]) -> TokenStream {
    let name = crate::name::ident(name);
    let variants = segments.iter().map(|segment| {
        let docs = docs(&format!("{} ({})", doc::summary(&segment.doc).0, segment.title));
        let aliases = aliases((segment.title != segment.name.pascal()).then_some(&segment.title));
        let (variant, inner) = (segment.name.type_ident(), inner(segment));
        quote!(#docs #aliases #variant(#inner))
    });
    quote! {
        #head
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// A segment of another type, or one that lacks a required field: kept as it came.
            Unknown(::cqhttp::segment::UnknownSegment),
        }
    }
}

/// `Text`, `Box<Image>`
fn inner(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    if segment.boxed { quote!(Box<#name>) } else { quote!(#name) }
}

/// `impl __private::Segments for Segment { … }`: reading and writing by type.
fn dispatch(name: &str, segments: &[&Segment]) -> TokenStream {
    let name = crate::name::ident(name);
    let arms: [fn(&Segment) -> TokenStream; 6] = [read_arm, blank_arm, data_arm, kind_arm, write_arm, extra_arm];
    let [reads, blanks, data, kinds, writes, extras] =
        arms.map(|arm| segments.iter().map(|segment| arm(segment)).collect::<TokenStream>());
    quote! {
        impl __private::Segments for #name {
            fn read(kind: &str, fields: &mut __private::Fields<'_>) -> Option<Self> {
                match kind { #reads _ => None, }
            }
            fn blank(kind: &str) -> Self {
                match kind { #blanks _ => Self::Unknown(::cqhttp::segment::UnknownSegment::new(kind)), }
            }
            fn data(&mut self) -> &mut dyn decode::SegmentData {
                match self { #data Self::Unknown(segment) => segment, }
            }
            fn unknown(segment: ::cqhttp::segment::UnknownSegment) -> Self {
                Self::Unknown(segment)
            }
            fn kind(&self) -> &str {
                match self { #kinds Self::Unknown(segment) => &segment.kind, }
            }
            fn each<'s>(&'s self, emit: &mut dyn ::std::ops::FnMut(&'s str, __private::Written<'s>)) {
                match self {
                    #writes
                    Self::Unknown(segment) => __private::Writing::new(&segment.data, emit).rest(),
                }
            }
            fn extra(&self) -> Option<&::cqhttp::segment::Extra> {
                match self {
                    #extras
                    Self::Unknown(segment) => Some(&segment.data),
                }
            }
        }
    }
}

/// `Self::Text(_) => "text",`
fn kind_arm(segment: &Segment) -> TokenStream {
    let (wire, name) = (&segment.wire, segment.name.type_ident());
    quote!(Self::#name(_) => #wire,)
}

/// `Self::Text(segment) => Some(&segment.extra),`
fn extra_arm(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    quote!(Self::#name(segment) => Some(&segment.extra),)
}

/// `"text" => <Text as __private::SegmentType>::read(fields).map(Self::Text),`
fn read_arm(segment: &Segment) -> TokenStream {
    let (wire, name) = (&segment.wire, segment.name.type_ident());
    let made = if segment.boxed { quote!(|segment| Self::#name(Box::new(segment))) } else { quote!(Self::#name) };
    quote!(#wire => <#name as __private::SegmentType>::read(fields).map(#made),)
}

/// `"text" => Self::Text(Text::__blank()),`
fn blank_arm(segment: &Segment) -> TokenStream {
    let (wire, name) = (&segment.wire, segment.name.type_ident());
    let blank = if segment.boxed { quote!(Box::new(#name::__blank())) } else { quote!(#name::__blank()) };
    quote!(#wire => Self::#name(#blank),)
}

/// `Self::Text(segment) => segment,`
fn data_arm(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    let data = if segment.boxed { quote!(&mut **segment) } else { quote!(segment) };
    quote!(Self::#name(segment) => #data,)
}

/// `Self::Text(segment) => __private::SegmentType::write(segment, __private::Writing::new(&segment.extra, emit)),`
fn write_arm(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    let this = if segment.boxed { quote!(&**segment) } else { quote!(segment) };
    quote!(Self::#name(segment) => __private::SegmentType::write(#this, __private::Writing::new(&segment.extra, emit)),)
}

/// `impl Segment { pub fn image(file: impl Into<FileSource>) -> Image { Image::new(file) } … }`
fn shortcuts(segments: &[&Segment]) -> Option<TokenStream> {
    let mut shortcuts = segments.iter().filter(|segment| segment.has_shortcut()).map(|segment| {
        let docs = docs(&format!("{} See [`{}`].", doc::summary(&segment.doc).0, segment.name.pascal()));
        let (method, name) = (segment.name.ident(), segment.name.type_ident());
        let args = segment.required().map(argument);
        let given = segment.required().map(|field| field.name.ident());
        quote! {
            #docs
            #[must_use]
            pub fn #method(#(#args),*) -> #name {
                #name::new(#(#given),*)
            }
        }
    });
    let first = shortcuts.next()?;
    Some(quote!(impl Segment { #first #(#shortcuts)* }))
}

/// `SegmentInfo { kind: "image", … }`
pub(super) fn mock_items(file: &File) -> Vec<TokenStream> {
    if file.segments.is_empty() {
        return Vec::new();
    }
    let entries = file.segments.iter().map(|segment| {
        let (wire, name, title) = (&segment.wire, segment.name.pascal(), &segment.title);
        let example = raw_string(&segment.example.as_ref().map_or_else(|| "{}".into(), value::json));
        let feed = segment.direction == Direction::Feed;
        let fields = segment.fields.iter().flat_map(|field| [&field.wire].into_iter().chain(&field.aliases));
        quote! {
            ::cqhttp::mock::SegmentInfo {
                kind: #wire,
                name: #name,
                title: #title,
                feed: #feed,
                fields: &[#(#fields),*],
                example: #example,
            }
        }
    });
    vec![quote!(pub(crate) static SEGMENTS: &[::cqhttp::mock::SegmentInfo] = &[#(#entries),*];)]
}
