//! Model → a reference in Markdown, for whoever speaks to a server in any language.

mod table;

use std::collections::{BTreeMap, HashMap};

use crate::GeneratedFile;
use crate::doc;
use crate::emit::{direction, servers};
use crate::model::{
    Action, Api, Effect, Event, File, Operation, Origin, PostType, Returns, Segment, Server, TARGET_KEYS, TypeDef,
    TypeKind,
};
use crate::name::Name;
use crate::ty::{BUILT_IN, EnumBase, IdBase, NamedKind, Scalar, Ty};
use crate::yaml::Node;

/// How each page begins.
pub(crate) const FIRST_LINE: &str = "<!-- Generated from the schema by cqhttp-codegen";

/// Four pages that link to each other: `actions.md`, `events.md`, `segments.md` and `types.md`; of an extension, which has
/// neither events nor segments, the first and the last.
pub(crate) fn pages(api: &Api) -> Vec<GeneratedFile> {
    let book = Book::of(api);
    let pages = match api.extension {
        true => vec![("actions.md", book.actions()), ("types.md", book.types())],
        false => vec![
            ("actions.md", book.actions()),
            ("events.md", book.events()),
            ("segments.md", book.segments()),
            ("types.md", book.types()),
        ],
    };
    let page = |(path, text): (&str, String)| {
        let text = format!("{FIRST_LINE}: change the schema, not this page. -->\n\n{}\n", text.trim_end());
        GeneratedFile { path: path.into(), source: None, text }
    };
    pages.into_iter().map(page).collect()
}

/// What the pages are made from, with the places that they link to.
struct Book<'a> {
    api: &'a Api,
    /// The anchors of the types, by name.
    types: HashMap<&'a str, String>,
    operations: HashMap<&'a str, String>,
}

/// Anchors as GitHub makes them of headings that are one name each: in lower case, a repeated one with a number.
fn anchors<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, String> {
    let mut seen = HashMap::<String, usize>::new();
    let mut anchor = |name: &'a str| {
        let anchor = name.to_lowercase().replace('.', "");
        let count = seen.entry(anchor.clone()).or_default();
        *count += 1;
        let anchor = if *count > 1 { format!("{anchor}-{}", *count - 1) } else { anchor };
        (name, anchor)
    };
    names.map(&mut anchor).collect()
}

impl<'a> Book<'a> {
    fn of(api: &'a Api) -> Self {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        let types = sorted_types(api).into_iter().map(|ty| ty.name.as_str());
        let operations = api.files.iter().flat_map(|file| &file.operations).map(|operation| operation.name.as_str());
        Self { api, types: anchors(built_in.chain(types)), operations: anchors(operations) }
    }

    fn actions(&self) -> String {
        let chapters: Vec<&File> = self.api.files.iter().filter(|file| !file.actions.is_empty()).collect();
        let anchors = anchors(chapters.iter().flat_map(|file| &file.actions).map(|action| action.wire.as_str()));
        let index = chapters.iter().map(|file| {
            let rows = file.actions.iter().map(|action| {
                let link = format!("[`{}`](#{})", action.wire, anchors[action.wire.as_str()]);
                [link, table::cell(&action.title), table::cell(doc::summary(&action.doc).0) + state(action)]
            });
            format!("**{}**\n\n{}", chapter_title(file), table::of(["action", "title", "what it does"], rows))
        });
        let index = index.collect::<Vec<_>>().join("\n");
        let chapters = chapters.iter().map(|file| {
            let doc = file.chapter.as_ref().map(|chapter| format!("{}\n\n", chapter.doc)).unwrap_or_default();
            let actions = file.actions.iter().map(|action| self.action(action)).collect::<Vec<_>>().join("\n");
            format!("## {}\n\n{doc}{actions}", chapter_title(file))
        });
        let chapters = chapters.collect::<Vec<_>>().join("\n");
        format!("# Actions\n\n{ACTIONS}\n\n{}\n\n## Index of actions\n\n{index}\n{chapters}", self.links())
    }

    fn action(&self, action: &Action) -> String {
        let mut text = heading(&action.wire, &action.title, &action.doc);
        text += &paragraph(&facts(action));
        text += &paragraph(&caveats(action).join(" "));
        text += &self.parameters("Parameters", &action.params, table::needed);
        text += &match &action.returns {
            Returns::Nothing => "**Answer:** nothing; `data` is `null`.\n\n".into(),
            Returns::Type(ty) => format!("**Answer:** {}.\n\n", self.ty(ty)),
            Returns::Fields(fields) => self.fields("Answer", fields),
        };
        if !action.errors.is_empty() {
            let refusals: Vec<_> = action.errors.iter().map(|error| self.refusal(error)).collect();
            text += &format!("**Refusals:** {}.\n\n", refusals.join(", "));
        }
        let request = action.example.params.as_ref().map_or_else(|| "{}".into(), json);
        text += &format!("**Request:** `params`\n\n{}", code(&request));
        if let Some(returns) = &action.example.returns {
            text += &format!("\n**Answer:** `data`\n\n{}", code(&json(returns)));
        }
        text
    }

    /// A refusal, with a link to what is said about it.
    fn refusal(&self, name: &str) -> String {
        match self.types.get("RefusalCode") {
            Some(anchor) => format!("[`{name}`](types.md#{anchor})"),
            None => format!("`{name}`"),
        }
    }

    fn events(&self) -> String {
        let events: Vec<&Event> = self.api.files.iter().flat_map(|file| &file.events).collect();
        let anchors = anchors(events.iter().map(|event| event.name.snake()));
        let post_types =
            [PostType::Message, PostType::MessageSent, PostType::Notice, PostType::Request, PostType::MetaEvent];
        let of = |post_type: PostType| events.iter().copied().filter(move |event| event.post_type == post_type);
        let mut index = String::new();
        let mut sections = String::new();
        for post_type in post_types.into_iter().filter(|post_type| of(*post_type).next().is_some()) {
            let word = post_type.wire().0;
            let rows = of(post_type).map(|event| {
                let link = format!("[`{}`](#{})", event.name.snake(), anchors[event.name.snake()]);
                let summary = table::cell(doc::summary(&event.doc).0);
                [link, table::cell(&event.title), summary, format!("`{}`", event.path()), servers(event)]
            });
            let head = ["event", "title", "what happened", "tags", "only from"];
            index += &format!("**`post_type` `{word}`**\n\n{}\n", table::of(head, rows));
            sections += &format!("## Events of `{word}`\n\n");
            sections.extend(of(post_type).map(|event| self.event(event) + "\n"));
        }
        format!(
            "# Events\n\n{EVENTS}\n\n{}\n\n## Index of events\n\n{index}{sections}{}",
            self.links(),
            self.all_operations()
        )
    }

    fn event(&self, event: &Event) -> String {
        let mut text = heading(event.name.snake(), &event.title, &event.doc);
        let tags: Vec<_> = event.tags().iter().map(|(key, value)| format!("`{key}` is `{value}`")).collect();
        text += &paragraph(&format!("{}.", tags.join(" · ")));
        if !event.servers.is_empty() {
            text += &paragraph(&format!("Only from {}.", servers(event)));
        }
        if let Some(operation) = &event.operation {
            let anchor = self.operations.get(operation.as_str()).map_or("", String::as_str);
            text += &paragraph(&format!("May be answered with the quick operation [`{operation}`](#{anchor})."));
        }
        text += &self.fields("Fields", &event.fields);
        text + &code(&json(&event.example))
    }

    fn all_operations(&self) -> String {
        let operations = self.api.files.iter().flat_map(|file| &file.operations);
        let text: Vec<_> = operations.map(|operation| self.operation(operation)).collect();
        if text.is_empty() { String::new() } else { format!("## Quick operations\n\n{}", text.join("\n")) }
    }

    fn operation(&self, operation: &Operation) -> String {
        let text = format!("### `{}`\n\n{}\n\n", operation.name, operation.doc);
        let params = self.parameters("Parameters", &operation.params, table::needed);
        text + params.trim_end() + "\n"
    }

    fn segments(&self) -> String {
        let segments: Vec<&Segment> = self.api.files.iter().flat_map(|file| &file.segments).collect();
        let anchors = anchors(segments.iter().map(|segment| segment.name.snake()));
        let rows = segments.iter().map(|segment| {
            let link = format!("[`{}`](#{})", segment.name.snake(), anchors[segment.name.snake()]);
            let summary = table::cell(doc::summary(&segment.doc).0);
            [link, table::cell(&segment.title), summary, direction(segment.direction).into()]
        });
        let index = table::of(["segment", "title", "what it is", "where"], rows);
        let segments: Vec<_> = segments.iter().map(|segment| self.segment(segment)).collect();
        let segments = segments.join("\n");
        format!(
            "# Segments\n\n{SEGMENTS}\n\n{}\n\n## Index of segments\n\n{index}\n## Segments by type\n\n{segments}",
            self.links()
        )
    }

    fn segment(&self, segment: &Segment) -> String {
        let mut text = heading(segment.name.snake(), &segment.title, &segment.doc);
        text += &paragraph(&format!("`type` is `{}` · {}.", segment.wire, direction(segment.direction)));
        text += &self.parameters("Data", &segment.fields, |field| match segment.defaults.get(field.name.snake()) {
            Some(default) => format!("optional; on the server `{}`", table::cell(&inline(default))),
            None => table::needed(field),
        });
        let data = segment.example.as_ref().map_or_else(|| "{}".into(), json).replace('\n', "\n  ");
        text + &code(&format!("{{\n  \"type\": \"{}\",\n  \"data\": {data}\n}}", segment.wire))
    }

    fn types(&self) -> String {
        let types = sorted_types(self.api);
        let rows = types.iter().map(|ty| {
            let link = format!("[`{}`](#{})", ty.name, self.types[ty.name.as_str()]);
            let title = ty.title.as_deref().map(table::cell).unwrap_or_default();
            [link, kind(&ty.kind).into(), title, table::cell(doc::summary(&ty.doc).0)]
        });
        let index = table::of(["type", "kind", "title", "what it is"], rows);
        let built_in: Vec<_> =
            BUILT_IN.iter().map(|(name, scalar)| format!("### `{name}`\n\n{}\n", self.about(scalar))).collect();
        let types: Vec<_> = types.iter().map(|ty| self.type_def(ty)).collect();
        let (built_in, types) = (built_in.join("\n"), types.join("\n"));
        let head = format!("# Types\n\n{TYPES}\n\n{}\n\n## Index of types\n\n{index}", self.links());
        format!("{head}\n## Built-in types\n\n{built_in}\n## Types of the schema\n\n{types}")
    }

    fn type_def(&self, ty: &TypeDef) -> String {
        let mut text = heading(&ty.name, ty.title.as_deref().unwrap_or_default(), &ty.doc);
        text += &paragraph(kind(&ty.kind));
        match &ty.kind {
            TypeKind::Id(_) => {}
            TypeKind::Enum(_, variants) => {
                let rows = variants.iter().map(|variant| [table::value(&variant.value), table::cell(&variant.doc)]);
                text += &(table::of(["value", "what it means"], rows) + "\n");
            }
            TypeKind::Object { fields, example } => {
                text += &(self.fields("Fields", fields) + &code(&json(example)) + "\n")
            }
        }
        text.trim_end().to_owned() + "\n"
    }

    /// A type as it stands on the wire, with a link to what is said about it.
    fn ty(&self, ty: &Ty) -> String {
        let (name, wire) = match &ty.scalar {
            Scalar::Named(name, kind) => (name.as_str(), wire(*kind)),
            built_in => (BUILT_IN.iter().find(|(_, scalar)| scalar == built_in).map_or("", |(name, _)| *name), ""),
        };
        let text = match self.types.get(name) {
            Some(anchor) => format!("{wire}[`{name}`](types.md#{anchor})"),
            None => format!("{wire}`{name}`"),
        };
        if ty.list { format!("list of {text}") } else { text }
    }

    /// What the schema's language has of itself.
    fn about(&self, scalar: &Scalar) -> String {
        let see =
            |word: &str, page: &str| if self.api.extension { word.to_owned() } else { format!("[{word}]({page})") };
        match scalar {
            Scalar::Bool => "`true` or `false`.".into(),
            Scalar::I32 => "An integer of 32 bits.".into(),
            Scalar::I64 => "An integer of 64 bits.".into(),
            Scalar::U32 => "An integer of 32 bits, 0 or more.".into(),
            Scalar::U64 => "An integer of 64 bits, 0 or more.".into(),
            Scalar::F64 => "A number.".into(),
            Scalar::String => "A string.".into(),
            Scalar::Json => "Any JSON value.".into(),
            Scalar::Message => format!("A message: a list of {}, or a string with CQ codes.", see("segments", "segments.md")),
            Scalar::ForwardNode => {
                "A message to be sent in a merged forward: `{\"type\": \"node\", \"data\": …}`, where the data is an `id`, or \
                 `user_id`, `name` and `content`."
                    .into()
            }
            Scalar::ForwardedMessage => {
                "A message of a merged forward, as it is read: its `sender`, `time` and `content`.".into()
            }
            Scalar::Timestamp => "Seconds since 1970, an integer; 0 where the server knows none.".into(),
            Scalar::FileSource => {
                "Where the server takes a file from, a string: an address (`https://…`), bytes (`base64://…`), a path on the \
                 server's disk (`file:///…`), or a name that it knows."
                    .into()
            }
            Scalar::UploadSource => {
                "Where the server takes a file from that it uploads, a string: a path on its disk, or, on some servers, an \
                 address or bytes."
                    .into()
            }
            Scalar::Mention => "A user's number, or `all`: a string.".into(),
            Scalar::FeedSegment => {
                format!("A piece of a post in a topic channel, a {} of its own kind.", see("segment", "segments.md"))
            },
            Scalar::Event => format!("A whole {}.", see("event", "events.md")),
            Scalar::Target => {
                let keys = TARGET_KEYS.map(|key| format!("`{key}`"));
                format!("Whom a message is for: a user, a group or a temporary session. It stands for {}.", keys.join(", "))
            }
            Scalar::Named(name, _) => format!("`{name}`."),
        }
    }

    fn links(&self) -> &'static str {
        if self.api.extension { LINKS_OF_EXTENSION } else { LINKS }
    }
}

const LINKS: &str = "[Actions](actions.md) · [Events](events.md) · [Segments](segments.md) · [Types](types.md)";

const LINKS_OF_EXTENSION: &str = "\
[Actions](actions.md) · [Types](types.md)

These are added to what `cqhttp` has. A type without a link is in the reference of `cqhttp`, and so are events and segments.";

const ACTIONS: &str = "\
What a bot asks of a server. Over HTTP an action is a POST to `/<action>` with the parameters as a JSON object; over a
WebSocket it is `{\"action\": …, \"params\": …, \"echo\": …}`. The answer is
`{\"status\": …, \"retcode\": …, \"data\": …}`: what is called an answer here is its `data`. A parameter that is optional is
left out, not sent as `null`.";

const EVENTS: &str = "\
What a server reports. An event is a JSON object; its tags, `post_type` and those below it, say which one. A field that
is optional may be absent or `null`.";

const SEGMENTS: &str = "\
What a message consists of. A message is a list of segments, `[{\"type\": …, \"data\": {…}}, …]`. Values are strings on the
wire, and the types here say what they mean: digits for a number, `\"1\"` or `\"0\"` for a `bool`. Servers also take a message
as a string, with segments as CQ codes: `[CQ:face,id=178]`.";

const TYPES: &str = "\
What parameters and fields consist of. An enum is open: servers may send values that are not listed. A list may be
absent or `null` where there is nothing in it.";

/// Ids, enums, objects; each in the order of the schema.
fn sorted_types(api: &Api) -> Vec<&TypeDef> {
    let mut types: BTreeMap<u8, Vec<&TypeDef>> = BTreeMap::new();
    for ty in api.files.iter().flat_map(|file| &file.types) {
        let rank = match ty.kind {
            TypeKind::Id(_) => 0,
            TypeKind::Enum(..) => 1,
            TypeKind::Object { .. } => 2,
        };
        types.entry(rank).or_default().push(ty);
    }
    types.into_values().flatten().collect()
}

fn kind(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Id(IdBase::I64) => "Id, an integer.",
        TypeKind::Id(IdBase::U64) => "Id, an integer sent as a string of digits.",
        TypeKind::Id(IdBase::String) => "Id, a string.",
        TypeKind::Enum(EnumBase::String, _) => "Enum, a string.",
        TypeKind::Enum(EnumBase::I64, _) => "Enum, an integer.",
        TypeKind::Object { .. } => "Object.",
    }
}

/// What a type of the schema is on the wire, before its name.
fn wire(kind: NamedKind) -> &'static str {
    match kind {
        NamedKind::Id(IdBase::I64) | NamedKind::Enum(EnumBase::I64) => "integer ",
        NamedKind::Id(IdBase::U64) => "string of digits ",
        NamedKind::Id(IdBase::String) | NamedKind::Enum(EnumBase::String) => "string ",
        NamedKind::Object => "object ",
    }
}

/// `群管理 (group_admin)`; the blank keeps its anchor apart from those of names.
fn chapter_title(file: &File) -> String {
    let name = file.stem.rsplit('/').next().unwrap_or(&file.stem);
    let title = file.chapter.as_ref().map_or("Actions", |chapter| &chapter.title);
    format!("{title} (`{name}`)")
}

/// The name as a heading, the title and the doc.
fn heading(name: &str, title: &str, doc: &str) -> String {
    let title = if title.is_empty() { String::new() } else { format!("**{title}**\n\n") };
    format!("### `{name}`\n\n{title}{doc}\n\n")
}

fn paragraph(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text}\n\n") }
}

/// "OneBot v11 · effect: send · also `x`."
fn facts(action: &Action) -> String {
    let origin = match &action.origin {
        Origin::OneBot11 => "From OneBot v11 · ",
        Origin::GoCqhttp => "From go-cqhttp · ",
        Origin::Other(origin) => &format!("From {origin} · "),
        Origin::Unstated => "",
    };
    let stated = action.origin != Origin::Unstated;
    let effect = match action.effect {
        Effect::Read if stated => "reads",
        Effect::Read => "Reads",
        Effect::Write if stated => "changes something",
        Effect::Write => "Changes something",
        Effect::Send if stated => "speaks to people",
        Effect::Send => "Speaks to people",
    };
    let aliases = action.aliases.iter().map(|alias| format!(" · also `{alias}`"));
    format!("{origin}{effect}{}.", aliases.collect::<String>())
}

/// What else must be known before it is called.
fn caveats(action: &Action) -> Vec<String> {
    let mut caveats = Vec::new();
    if action.server != Server::Supported {
        caveats.push(state(action).trim_matches(['*', ' ']).to_owned());
    }
    if action.silent {
        caveats.push("The server says `ok` also where it did nothing.".into());
    }
    if !action.uncertain.is_empty() {
        let refusals: Vec<_> = action.uncertain.iter().map(|refusal| format!("`{refusal}`")).collect();
        caveats.push(format!("A refusal with {} is no proof that nothing happened.", refusals.join(", ")));
    }
    if let Some(wait) = &action.wait {
        caveats.push(format!("The server may wait `{}` seconds before it answers.", wire_name(action, wait)));
    }
    if let Some(pages) = &action.pages {
        caveats.push(format!("The answer comes in pages; `{}` asks for the next.", wire_name(action, &pages.set)));
    }
    caveats
}

/// What a parameter is called on the wire.
fn wire_name<'a>(action: &'a Action, name: &'a Name) -> &'a str {
    action.params.iter().find(|param| param.name == *name).map_or(name.snake(), |param| &param.wire)
}

fn state(action: &Action) -> &'static str {
    match action.server {
        Server::Supported => "",
        Server::Unsupported => " *Not implemented by go-cqhttp.*",
        Server::Removed => " *Removed from go-cqhttp.*",
    }
}

fn json(node: &Node) -> String {
    serde_json::to_string_pretty(node).unwrap_or_default()
}

/// On one line.
fn inline(node: &Node) -> String {
    serde_json::to_string(node).unwrap_or_default()
}

fn code(json: &str) -> String {
    format!("```json\n{json}\n```\n")
}
