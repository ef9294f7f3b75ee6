//! The API: names resolved, parameters split, and every fact that the emitter needs.

mod availability;

mod refusal;

use std::collections::{BTreeMap, BTreeSet};

pub use self::availability::Availability;
pub(crate) use self::refusal::Happened;
pub use self::refusal::{Refusal, RefusalRule};
use crate::facts::{KnownServer, ServerFacts};
use crate::name::Name;
use crate::ty::{EnumBase, IdBase, Scalar, Ty};
use crate::yaml::Node;

/// A whole schema.
#[derive(Debug)]
pub struct Api {
    /// The files that Rust is written for.
    pub files: Vec<File>,
    /// The files of the schema that an extension adds to.
    pub base: Vec<File>,
    /// `true` for another crate, which adds to `cqhttp`.
    pub extension: bool,
    /// The servers that the schema has facts about.
    pub servers: Vec<ServerFacts>,
    /// The actions of servers that have no types.
    pub untyped: Vec<Untyped>,
    /// The meanings of refusals.
    pub refusals: Vec<Refusal>,
    /// The fields of every object, for writing its examples.
    pub objects: BTreeMap<String, Vec<Field>>,
    /// The objects that are read from `{}`, since every field may be absent.
    pub empty_objects: BTreeSet<String>,
    /// The values of every enum, likewise.
    pub enums: BTreeMap<String, Vec<Variant>>,
}

impl Api {
    /// The API with the files of the base before its own, in the order in which they were read.
    pub fn whole(self) -> Self {
        let Self { files, base, .. } = self;
        Self { files: base.into_iter().chain(files).collect(), base: Vec::new(), ..self }
    }

    /// Returns `true` if the field is read as an empty value when it is absent: a list, a message, an event's time and
    /// account, and an object all of whose fields may be absent in turn.
    pub fn is_empty_if_absent(&self, field: &Field) -> bool {
        !field.ty.optional && (field.zero_if_absent || is_empty_value(&field.ty, &self.empty_objects))
    }

    /// Returns `true` if Rust is written for the type.
    pub fn defines(&self, ty: &str) -> bool {
        self.files.iter().flat_map(|file| &file.types).any(|own| own.name == ty)
    }
}

/// Returns the objects that are read from `{}`: those without a field that must be there.
pub(crate) fn empty_objects(objects: &BTreeMap<String, Vec<Field>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let may_be_absent = |field: &Field| field.ty.optional || is_empty_value(&field.ty, &found);
        let empty =
            |(name, fields): &(&String, &Vec<Field>)| !found.contains(*name) && fields.iter().all(may_be_absent);
        let more: Vec<String> = objects.iter().filter(empty).map(|(name, _)| name.clone()).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// Returns `true` if the type has an empty value that can stand for an absent one.
fn is_empty_value(ty: &Ty, empty_objects: &BTreeSet<String>) -> bool {
    ty.list || ty.scalar == Scalar::Message || ty.object_in_place().is_some_and(|name| empty_objects.contains(name))
}

/// The name of the generated files that join all schema files; no file of the base has it.
pub(crate) const ALL: &str = "all";

/// The trait whose methods an extension's actions are.
pub(crate) const CLIENT_TRAIT: &str = "ClientActions";

/// The names under which a `Target` goes out.
pub const TARGET_KEYS: [&str; 3] = ["message_type", "user_id", "group_id"];

/// The content of one schema file.
#[derive(Debug)]
pub struct File {
    /// `actions/group_admin`.
    pub stem: String,
    pub chapter: Option<Chapter>,
    pub actions: Vec<Action>,
    pub types: Vec<TypeDef>,
    pub events: Vec<Event>,
    pub operations: Vec<Operation>,
    pub segments: Vec<Segment>,
}

/// The subject of a file, for the index.
#[derive(Debug)]
pub struct Chapter {
    pub title: String,
    pub doc: String,
}

#[derive(Debug)]
pub struct Action {
    pub wire: String,
    pub name: Name,
    pub aliases: Vec<String>,
    pub availability: Availability,
    /// `true` if neither OneBot v11 nor go-cqhttp has the action: it belongs to the feature `vendor`.
    pub vendor: bool,
    /// The servers that have the action.
    pub servers: Vec<&'static KnownServer>,
    /// `true` if the schema has facts about servers, and none that is still developed has the action.
    pub abandoned: bool,
    pub title: String,
    /// Short words by which people look for the action.
    pub search: Vec<String>,
    pub doc: String,
    pub origin: Origin,
    pub effect: Effect,
    pub server: Server,
    pub silent: bool,
    /// The parameter that says how many seconds the server waits before it answers.
    pub wait: Option<Name>,
    pub pages: Option<Pages>,
    pub params: Vec<Param>,
    /// The groups of parameters that exclude each other.
    pub choices: Vec<Choice>,
    /// `true` if an answer of success is a refusal when its `data` holds a code of QQ other than 0.
    pub soft_failure: bool,
    pub errors: Vec<String>,
    /// `true` if the action sends a message, which some servers send in parts.
    pub in_parts: bool,
    /// The refusals among `errors` after which the action may have been carried out anyway, by the rules.
    pub uncertain: Vec<String>,
    pub returns: Returns,
    /// The parts of the answer before the last one, which is `returns`.
    pub stream: Option<Stream>,
    pub example: Example,
    /// `true` if a part of the stanza was refused, so that rules about the whole would mislead.
    pub broken: bool,
}

impl Action {
    /// `GetLoginInfoResponse`: the type of an answer with fields of its own.
    pub fn response_name(&self) -> String {
        format!("{}Response", self.name.pascal())
    }

    /// The trait of its call's setters, in an extension.
    pub fn call_trait(&self) -> String {
        format!("{}Call", self.name.pascal())
    }

    pub fn required(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| matches!(param.presence, Presence::Required))
    }

    pub fn settable(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| !matches!(param.presence, Presence::Required))
    }

    /// The parameters of a group, in its order.
    pub fn members<'a>(&'a self, choice: &'a Choice) -> impl Iterator<Item = &'a Param> {
        choice.params.iter().filter_map(|name| self.params.iter().find(|param| param.name == *name))
    }

    /// The parameters that also go out under the name of this one, which they exclude.
    pub fn sharing<'a>(&'a self, param: &'a Param) -> impl Iterator<Item = &'a Param> {
        self.params.iter().filter(|other| other.name != param.name && other.also.contains(&param.wire))
    }
}

/// A group of optional parameters of which at most one is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub params: Vec<Name>,
    /// `true` if exactly one is set.
    pub required: bool,
}

impl Choice {
    /// "Set exactly one of `user_id` and `group_id`."
    pub fn text(&self, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let (last, others) = names.split_last().map_or((String::new(), &[][..]), |(last, rest)| (last.clone(), rest));
        let how_many = if self.required { "exactly" } else { "at most" };
        format!("Set {how_many} one of {} and {last}.", others.join(", "))
    }
}

/// The way from one page of an answer to the next.
#[derive(Debug)]
pub struct Pages {
    /// The parameter that asks for a page.
    pub set: Name,
    pub next: NextPage,
    /// The parameter that takes the id of the oldest message, for servers that count so.
    pub anchor: Option<Name>,
    /// The flag that makes servers go back from the anchor.
    pub back: Option<Name>,
}

/// The source of the next page's parameter.
#[derive(Debug)]
pub enum NextPage {
    /// From a field of the answer.
    Field(Name),
    /// It is one less than the smallest number under `key` in the answer's list of JSON or of events.
    Before { list: Name, key: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    OneBot11,
    /// The server that had the action first.
    Server(&'static KnownServer),
    /// Another origin, in an extension.
    Other(String),
    Unstated,
}

impl Origin {
    /// Returns `true` for the actions that go-cqhttp documents.
    pub fn is_of_go_cqhttp(&self) -> bool {
        match self {
            Self::OneBot11 => true,
            Self::Server(server) => server.name == "go-cqhttp",
            Self::Other(_) | Self::Unstated => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Read,
    Write,
    Send,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Supported,
    Unsupported,
    Removed,
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: Name,
    pub wire: String,
    pub also: Vec<String>,
    pub aliases: Vec<String>,
    pub ty: Ty,
    pub doc: String,
    pub presence: Presence,
    /// Among the servers that have the action.
    pub availability: Availability,
    /// `true` for a field of a segment that goes out as its own kind of JSON, not as a text.
    pub is_json: bool,
}

#[derive(Clone, Debug)]
pub enum Presence {
    Required,
    /// Sent with this value until another is set.
    Default(Node),
    /// Left out until it is set.
    Optional,
}

/// The parts of an answer before the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The type of a part: an object or JSON.
    pub part: Ty,
    /// The field of a part that says how much there is in all.
    pub total: Option<Name>,
    /// The field of a part that says how much it brings.
    pub received: Option<Name>,
}

#[derive(Debug)]
pub enum Returns {
    /// The action answers nothing.
    Nothing,
    /// The server ends, and closes the connection instead of an answer.
    Never,
    /// The action has an answer type of its own, `…Response`.
    Fields(Vec<Field>),
    /// The action answers a type that has a name.
    Type(Ty),
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: Name,
    pub wire: String,
    pub aliases: Vec<String>,
    pub ty: Ty,
    pub doc: String,
    /// `true` if the field says which of several things happened, so that its value is never assumed: an absent one is the
    /// open enum's unlisted value, an empty text.
    pub decides: bool,
    /// `true` if some servers answer the value of this field alone, without the object around it.
    pub bare: bool,
    /// `true` for an event's time and account, which are 0 if the event does not hold them.
    pub zero_if_absent: bool,
}

#[derive(Debug)]
pub struct Example {
    pub params: Option<Node>,
    pub returns: Option<Node>,
    /// The parts before the last answer.
    pub parts: Option<Node>,
}

#[derive(Debug)]
pub struct TypeDef {
    pub name: String,
    pub title: Option<String>,
    pub doc: String,
    pub kind: TypeKind,
    /// `true` if a part of the stanza was refused.
    pub broken: bool,
}

#[derive(Debug)]
pub enum TypeKind {
    Id(IdBase),
    Enum(EnumBase, Vec<Variant>),
    Object {
        fields: Vec<Field>,
        /// The name under which some servers put the object into another one.
        within: Option<String>,
        example: Node,
    },
}

#[derive(Clone, Debug)]
pub struct Variant {
    pub name: Name,
    pub value: VariantValue,
    pub doc: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariantValue {
    Text(String),
    Int(i64),
}

/// An action of a server that has no types, with the reason.
#[derive(Debug)]
pub struct Untyped {
    /// The name on the wire.
    pub name: String,
    pub reason: String,
}

/// A kind of event.
#[derive(Debug)]
pub struct Event {
    pub name: Name,
    pub title: String,
    pub doc: String,
    pub post_type: PostType,
    /// The value of `message_type`, `notice_type` and so on.
    pub detail: String,
    /// The sub type, if it makes the kind.
    pub sub_type: Option<String>,
    /// The servers that send it, if go-cqhttp does not.
    pub servers: Vec<String>,
    pub operation: Option<String>,
    /// The struct, which some kinds share.
    pub shape: Name,
    /// Of the struct: those that every event has, then the stanza's own.
    pub fields: Vec<Field>,
    /// `true` if the variant holds a box.
    pub boxed: bool,
    pub example: Node,
    /// `true` if a part of the stanza was refused.
    pub broken: bool,
}

impl Event {
    /// Returns `true` if the struct is this stanza's own.
    pub fn owns_shape(&self) -> bool {
        self.shape == self.name
    }

    /// The tags as they stand on the wire; they make the kind of the event.
    pub fn tags(&self) -> Vec<(&'static str, &str)> {
        let (post_type, detail_key) = self.post_type.wire();
        let tags =
            [("post_type", Some(post_type)), (detail_key, Some(&*self.detail)), ("sub_type", self.sub_type.as_deref())];
        tags.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    /// The tags that are not fields: of a struct that two kinds share, the `post_type` is one.
    pub fn fixed_tags(&self) -> Vec<(&'static str, &str)> {
        let mut tags = self.tags();
        tags.retain(|(key, _)| !self.fields.iter().any(|field| field.wire == *key));
        tags
    }

    /// `notice.notify.poke`.
    pub fn path(&self) -> String {
        let sub_type = self.sub_type.as_ref().map(|sub_type| format!(".{sub_type}")).unwrap_or_default();
        format!("{}.{}{sub_type}", self.post_type.wire().0, self.detail)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostType {
    Message,
    MessageSent,
    Notice,
    Request,
    MetaEvent,
}

impl PostType {
    /// The tag's value, and the key of the next one.
    pub fn wire(self) -> (&'static str, &'static str) {
        match self {
            Self::Message => ("message", "message_type"),
            Self::MessageSent => ("message_sent", "message_type"),
            Self::Notice => ("notice", "notice_type"),
            Self::Request => ("request", "request_type"),
            Self::MetaEvent => ("meta_event", "meta_event_type"),
        }
    }
}

/// A quick operation.
#[derive(Debug)]
pub struct Operation {
    pub name: String,
    pub doc: String,
    pub params: Vec<Param>,
    /// `true` if a part of the stanza was refused.
    pub broken: bool,
}

/// A type of message segment.
#[derive(Debug)]
pub struct Segment {
    pub wire: String,
    /// `Image`, or `FeedAt` for what only feeds hold.
    pub name: Name,
    pub title: String,
    pub doc: String,
    pub direction: Direction,
    pub fields: Vec<Param>,
    /// The server's own defaults, by the field's name: documented, but not sent.
    pub defaults: BTreeMap<String, Node>,
    /// `true` if the variant holds a box.
    pub boxed: bool,
    pub example: Option<Node>,
    /// `true` if a part of the stanza was refused.
    pub broken: bool,
}

impl Segment {
    pub fn required(&self) -> impl Iterator<Item = &Param> {
        self.fields.iter().filter(|field| matches!(field.presence, Presence::Required))
    }

    pub fn settable(&self) -> impl Iterator<Item = &Param> {
        self.fields.iter().filter(|field| !matches!(field.presence, Presence::Required))
    }

    /// Returns `true` if `Segment` has a method that creates it: the segment is sent, and takes arguments or can take none.
    pub fn has_shortcut(&self) -> bool {
        let sent = matches!(self.direction, Direction::Both | Direction::Send);
        sent && (self.fields.is_empty() || self.required().next().is_some())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Both,
    Receive,
    Send,
    Never,
    Feed,
}
