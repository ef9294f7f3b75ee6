//! Message segments; and over all files the enums of them.

use proc_macro2::TokenStream;
use quote::quote;

use super::action::{argument, converted, default_text, request_setter, takes_into};
use super::types::join;
use super::{aliases, docs, raw_string, rust_type, value};
use crate::doc;
use crate::model::{Api, Direction, File, Param, Presence, Segment};

/// The items of a file's segments.
pub(super) fn items(file: &File) -> Vec<TokenStream> {
    file.segments.iter().flat_map(segment).collect()
}

/// `pub struct Image { … }`, its constructor and setters, how it is read and written.
fn segment(segment: &Segment) -> Vec<TokenStream> {
    let mut items = vec![structure(segment), constructors(segment), data(segment)];
    if segment.direction != Direction::Feed {
        let (name, inner) =
            (segment.name.type_ident(), if segment.boxed { quote!(Box::new(self)) } else { quote!(self) });
        items.push(quote! {
            impl ::cqhttp::segment::IntoSegment for #name {
                fn into_segment(self) -> Segment {
                    Segment::#name(#inner)
                }
            }
        });
    }
    items
}

fn structure(segment: &Segment) -> TokenStream {
    let docs = docs(&segment_docs(segment));
    let aliases = aliases((segment.title != segment.name.pascal()).then_some(&segment.title));
    let name = segment.name.type_ident();
    let fields = segment.fields.iter().map(|field| {
        let (docs, name, ty) = (super::docs(&field_doc(segment, field)), field.name.ident(), rust_type(&field.ty));
        quote!(#docs pub #name: #ty)
    });
    quote! {
        #docs
        #aliases
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

pub(super) fn direction(direction: Direction) -> &'static str {
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

/// `pub fn new(file: impl Into<FileSource>) -> Self`, and the setters.
fn constructors(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    let args = segment.fields.iter().filter(|field| is_required(field)).map(argument);
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
    let setters = segment.fields.iter().filter(|field| !is_required(field)).map(|field| {
        request_setter(&Param { doc: field_doc(segment, field), presence: Presence::Required, ..clone(field) })
    });
    let new = match segment.fields.iter().any(is_required) {
        true => " Creates it from what it cannot be without.",
        false => " Creates it with nothing set.",
    };
    let default = (!segment.fields.iter().any(is_required)).then(|| {
        quote! {
            impl Default for #name {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    });
    quote! {
        impl #name {
            #[doc = #new]
            #[must_use]
            pub fn new(#(#args),*) -> Self {
                Self { #(#fields,)* extra: Default::default() }
            }
            #(#setters)*
            /// Sets a further field, as some servers read it.
            #[must_use]
            pub fn field(mut self, name: impl Into<String>, value: impl Into<::cqhttp::serde_json::Value>) -> Self {
                self.extra.set(name, value);
                self
            }
        }
        #default
    }
}

fn clone(field: &Param) -> Param {
    Param {
        name: field.name.clone(),
        wire: field.wire.clone(),
        also: Vec::new(),
        aliases: field.aliases.clone(),
        ty: field.ty.clone(),
        doc: field.doc.clone(),
        presence: Presence::Required,
    }
}

fn is_required(field: &Param) -> bool {
    matches!(field.presence, Presence::Required)
}

/// `impl SegmentType for Image { … }`
fn data(segment: &Segment) -> TokenStream {
    let (name, wire) = (segment.name.type_ident(), &segment.wire);
    let names = |field: &Param| {
        let names = [&field.wire].into_iter().chain(&field.aliases);
        quote!(&[#(#names),*])
    };
    let all = segment.fields.iter().flat_map(|field| [&field.wire].into_iter().chain(&field.aliases));
    let reads = segment.fields.iter().map(|field| {
        let (name, names) = (field.name.ident(), names(field));
        match is_required(field) {
            true => quote!(#name: fields.required(#names)?),
            false => quote!(#name: fields.optional(#names)),
        }
    });
    let writes = segment.fields.iter().map(|field| {
        let (name, names) = (field.name.ident(), names(field));
        match is_required(field) {
            true => quote!(out.value(#names, &self.#name);),
            false => quote!(out.option(#names, &self.#name);),
        }
    });
    let out = if segment.fields.is_empty() { quote!(out) } else { quote!(mut out) };
    quote! {
        impl wire::SegmentType for #name {
            const TYPE: &'static str = #wire;
            const FIELDS: &'static [&'static str] = &[#(#all),*];
            fn read(fields: &mut wire::Fields<'_>) -> Option<Self> {
                Some(Self { #(#reads,)* extra: fields.rest() })
            }
            fn write<'s>(&'s self, #out: wire::Writing<'s, '_>) {
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
pub(super) fn joined(api: &Api) -> Vec<TokenStream> {
    let segments: Vec<&Segment> = api.files.iter().flat_map(|file| &file.segments).collect();
    let (feed, plain): (Vec<_>, Vec<_>) =
        segments.into_iter().partition(|segment| segment.direction == Direction::Feed);
    let mut items = Vec::new();
    if !plain.is_empty() {
        let docs = docs("Any message segment: one variant for each type.");
        items.extend([segment_enum("Segment", &docs, &plain), dispatch("Segment", &plain), shortcuts(&plain)]);
    }
    if !feed.is_empty() {
        let docs = docs("A piece of a post in a topic channel, which is none of a message.");
        items.extend([segment_enum("FeedSegment", &docs, &feed), dispatch("FeedSegment", &feed)]);
    }
    items
}

/// `pub enum Segment { Text(Text), Image(Box<Image>), …, Unknown(UnknownSegment) }`
fn segment_enum(name: &str, head: &TokenStream, segments: &[&Segment]) -> TokenStream {
    let name = crate::name::ident(name);
    let variants = segments.iter().map(|segment| {
        let docs = docs(&format!("{} ({})", doc::summary(&segment.doc).0, segment.title));
        let (variant, inner) = (segment.name.type_ident(), inner(segment));
        quote!(#docs #variant(#inner))
    });
    quote! {
        #head
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// One of another type, or without a field that its type cannot be without: kept as it came.
            Unknown(::cqhttp::segment::UnknownSegment),
        }
    }
}

fn inner(segment: &Segment) -> TokenStream {
    let name = segment.name.type_ident();
    if segment.boxed { quote!(Box<#name>) } else { quote!(#name) }
}

/// Reading and writing by type.
fn dispatch(name: &str, segments: &[&Segment]) -> TokenStream {
    let name = crate::name::ident(name);
    let variant = |segment: &Segment| segment.name.type_ident();
    let fields = segments.iter().map(|segment| {
        let (wire, name) = (&segment.wire, variant(segment));
        quote!(#wire => <#name as wire::SegmentType>::FIELDS,)
    });
    let reads = segments.iter().map(|segment| {
        let (wire, name) = (&segment.wire, variant(segment));
        let made = if segment.boxed { quote!(|segment| Self::#name(Box::new(segment))) } else { quote!(Self::#name) };
        quote!(#wire => <#name as wire::SegmentType>::read(fields).map(#made),)
    });
    let kinds = segments.iter().map(|segment| {
        let (wire, name) = (&segment.wire, variant(segment));
        quote!(Self::#name(_) => #wire,)
    });
    let writes = segments.iter().map(|segment| {
        let name = variant(segment);
        let this = if segment.boxed { quote!(&**segment) } else { quote!(segment) };
        quote!(Self::#name(segment) => wire::SegmentType::write(#this, wire::Writing::new(&segment.extra, emit)),)
    });
    let extras = segments.iter().map(|segment| {
        let name = variant(segment);
        quote!(Self::#name(segment) => Some(&segment.extra),)
    });
    quote! {
        impl wire::Segments for #name {
            fn fields(kind: &str) -> &'static [&'static str] {
                match kind { #(#fields)* _ => &[], }
            }
            fn read(kind: &str, fields: &mut wire::Fields<'_>) -> Option<Self> {
                match kind { #(#reads)* _ => None, }
            }
            fn unknown(segment: ::cqhttp::segment::UnknownSegment) -> Self {
                Self::Unknown(segment)
            }
            fn kind(&self) -> &str {
                match self { #(#kinds)* Self::Unknown(segment) => &segment.kind, }
            }
            fn each<'s>(&'s self, emit: &mut dyn FnMut(&'s str, wire::Written<'s>)) {
                match self {
                    #(#writes)*
                    Self::Unknown(segment) => wire::Writing::new(&segment.data, emit).rest(),
                }
            }
            fn extra(&self) -> Option<&::cqhttp::segment::Extra> {
                match self {
                    #(#extras)*
                    Self::Unknown(segment) => Some(&segment.data),
                }
            }
        }
    }
}

/// `impl Segment { pub fn image(file: impl Into<FileSource>) -> Image { … } }`
fn shortcuts(segments: &[&Segment]) -> TokenStream {
    let sent = segments.iter().filter(|segment| matches!(segment.direction, Direction::Both | Direction::Send));
    let shortcuts =
        sent.filter(|segment| segment.fields.is_empty() || segment.fields.iter().any(is_required)).map(|segment| {
            let docs = docs(&format!("{} See [`{}`].", doc::summary(&segment.doc).0, segment.name.pascal()));
            let (method, name) = (segment.name.ident(), segment.name.type_ident());
            let args = segment.fields.iter().filter(|field| is_required(field)).map(argument);
            let given = segment.fields.iter().filter(|field| is_required(field)).map(|field| field.name.ident());
            quote! {
                #docs
                #[must_use]
                pub fn #method(#(#args),*) -> #name {
                    #name::new(#(#given),*)
                }
            }
        });
    quote!(impl Segment { #(#shortcuts)* })
}

/// `SegmentInfo { kind: "image", … }`
pub(super) fn mock(file: &File) -> Vec<TokenStream> {
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
