//! Source → model: every rule, and every fault of a run.

mod deviates;
mod event;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::diagnostic::{Diagnostic, Faults, Spot, list, nearest, suggest};
use crate::doc;
use crate::example;
use crate::model::{
    ALL, Action, Answer, Api, CLIENT_TRAIT, Chapter, Effect, Example, Field, File, NextPage, Origin, Pages, Param,
    Presence, Server, TypeDef, TypeKind, Variant, VariantValue,
};
use crate::name::{self, Name};
use crate::source::{self, At, Kind, Returns, SourceFile};
use crate::ty::{BUILT_IN, EnumBase, Expression, IdBase, NamedKind, Scalar, Ty};
use crate::yaml::Value;

/// The enum whose values an action's `errors` are.
pub(crate) const REFUSALS: &str = "RefusalCode";

/// How a fault begins whose type or refusal this schema does not have; one that it adds to may.
pub(crate) const UNKNOWN: [&str; 2] = ["unknown type", "unknown refusal"];

/// Methods of a type that are written by hand.
struct Methods {
    public: &'static [&'static str],
    /// These are in the way of the crate's own methods alone: another crate's traits do not meet them.
    private: &'static [&'static str],
}

/// Those of `Call`, which every action's call has; `new` is the request's own, too.
const CALL_METHODS: Methods = Methods {
    public: &["client", "clone", "into_future", "map_request", "new", "pages", "with_raw", "within"],
    private: &["exchange", "next_page", "request", "send"],
};

/// Those of `Client`.
const CLIENT_METHODS: Methods = Methods {
    public: &[
        "approve",
        "builder",
        "call",
        "clone",
        "from_env",
        "from_service",
        "reject",
        "reply",
        "send",
        "send_forward",
    ],
    private: &["is_shared", "new", "service", "timeout", "token"],
};

/// Methods of Rust's traits that `Client` and `Call` have. A method of their own comes before these, one of a trait does not.
const TRAIT_METHODS: &[&str] = &["borrow", "clone_into", "into", "to_owned", "try_into"];

/// Names that generated code takes from Rust's prelude and from the crate's root.
pub(crate) const RESERVED_TYPES: &[&str] = &[
    "Box",
    "Call",
    "Client",
    "Default",
    "Deserialize",
    "Err",
    "FileSource",
    "From",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Read",
    "Result",
    "Self",
    "Serialize",
    "Some",
    "String",
    "Timestamp",
    "Unlisted",
    "UploadSource",
    "Vec",
];

/// Turns what the files say into what the API is. Where faults were found, the result is not to be used.
pub(crate) fn resolve(files: &[SourceFile], faults: &mut Faults) -> Api {
    let refused = files.iter().flat_map(|file| file.refused.names.iter().cloned()).collect();
    let any_refused = files.iter().any(|file| file.refused.any);
    let mut resolver = Resolver {
        faults,
        types: BTreeMap::new(),
        refused,
        any_refused,
        refusals: refusals(files),
        operations: Vec::new(),
        extension: false,
    };
    files.iter().for_each(|file| resolver.file_name(file));
    resolver.declare_types(files);
    let extension = files.iter().any(|file| file.extension);
    let mut api =
        Api { files: Vec::new(), base: Vec::new(), extension, objects: BTreeMap::new(), enums: BTreeMap::new() };
    for file in files {
        let file = resolver.types_of(file, &mut api);
        api.files.push(file);
    }
    resolver.events(files, &mut api);
    for (file, resolved) in files.iter().zip(&mut api.files) {
        resolver.extension = file.extension;
        resolved.segments = file.segments.iter().filter_map(|segment| resolver.segment(segment)).collect();
        resolved.actions = file.actions.iter().filter_map(|action| resolver.action(action)).collect();
    }
    resolver.collisions(files);
    resolver.cycles(files, &api);
    example::check(files, &api, resolver.faults);
    if extension {
        // What is extended is there already.
        api.base = api.files.drain(..files.iter().filter(|file| !file.extension).count()).collect();
    }
    api
}

/// The documented refusals; `None` where there is no such enum. An extension may have an enum of more.
fn refusals(files: &[SourceFile]) -> Option<Vec<String>> {
    let types = files.iter().flat_map(|file| file.types.iter().map(|ty| (ty.name.value.as_str(), ty, file.extension)));
    let of_refusals = types.filter(|(name, _, extension)| *name == REFUSALS || *extension && name.ends_with(REFUSALS));
    let mut enums = of_refusals.filter_map(|(_, ty, _)| match &ty.kind {
        Kind::Enum { values, .. } => Some(values),
        _ => None,
    });
    let first = enums.next()?;
    let values = first.iter().chain(enums.flatten());
    Some(values.map(|value| example::text(&value.value).to_owned()).collect())
}

fn wire_text(value: &VariantValue) -> String {
    match value {
        VariantValue::Text(text) => text.clone(),
        VariantValue::Int(number) => number.to_string(),
    }
}

/// What to do where `cqhttp` has such a type, and where it has something else of that name.
const OTHER_TYPE: [&str; 2] = ["use that one, or rename yours", "rename yours"];

/// The same of an action, which the server has named.
const OTHER_ACTION: [&str; 2] = ["call that one, or yours by `Raw`", "call yours by `Raw`"];

/// Names that are in use: what by, and whether that is the extension's.
#[derive(Default)]
struct Taken {
    wires: HashMap<String, (String, bool)>,
    rust: HashMap<String, (String, bool)>,
}

struct Resolver<'a> {
    faults: &'a mut Faults,
    types: BTreeMap<String, NamedKind>,
    /// Types that are meant to exist and have a fault: where they are used, nothing is wrong.
    refused: HashSet<String>,
    any_refused: bool,
    refusals: Option<Vec<String>>,
    /// The quick operations seen so far.
    operations: Vec<String>,
    /// Whether the actions at hand are those of an extension.
    extension: bool,
}

impl Resolver<'_> {
    /// `all.event.rs` is what the events of all files become together; an extension has no such file.
    fn file_name(&mut self, file: &SourceFile) {
        // On some machines `All.yaml` would be written to the same file.
        if !file.extension && file.stem.eq_ignore_ascii_case(ALL) {
            self.faults.add_located(Diagnostic {
                file: file.path.clone(),
                line: 1,
                column: 1,
                message: format!("a schema file cannot be `{ALL}.yaml`: what all files become together is `{ALL}.event.rs` and the like"),
                hint: "choose another name for the file".into(),
            });
        }
    }

    /// Notes every type's name, so that they can be used before they are described.
    fn declare_types(&mut self, files: &[SourceFile]) {
        for ty in files.iter().flat_map(|file| &file.types) {
            let kind = match &ty.kind {
                Kind::Id { base } => self.id_base(base).map(NamedKind::Id),
                Kind::Enum { base, .. } => self.enum_base(base).map(NamedKind::Enum),
                Kind::Object { .. } => Some(NamedKind::Object),
            };
            let name = &ty.name.value;
            if !name::is_pascal(name) {
                let hint = "types are called like `GroupInfo`";
                self.faults.add(&ty.name.spot, format!("`{name}` is no type name"), hint);
            } else if BUILT_IN.iter().any(|(known, _)| known == name) || RESERVED_TYPES.contains(&name.as_str()) {
                self.faults.add(
                    &ty.name.spot,
                    format!("the type name `{name}` is taken by the crate or by Rust"),
                    "choose another",
                );
            }
            // A repeated name is reported with the other collisions.
            if let Some(kind) = kind {
                self.types.entry(name.clone()).or_insert(kind);
            } else {
                self.refused.insert(name.clone());
            }
        }
    }

    /// A file with its types, of which the API notes what others ask for; the rest of it is still to come.
    fn types_of(&mut self, file: &SourceFile, api: &mut Api) -> File {
        let types: Vec<TypeDef> = file.types.iter().filter_map(|ty| self.type_def(ty)).collect();
        for ty in &types {
            match &ty.kind {
                TypeKind::Object { fields, .. } => {
                    api.objects.entry(ty.name.clone()).or_insert_with(|| fields.clone());
                }
                TypeKind::Enum(_, variants) => {
                    api.enums.entry(ty.name.clone()).or_insert_with(|| variants.clone());
                }
                TypeKind::Id(_) => {}
            }
        }
        File {
            stem: file.stem.clone(),
            chapter: file.chapter.as_ref().map(|chapter| self.chapter(chapter)),
            actions: Vec::new(),
            types,
            events: Vec::new(),
            operations: Vec::new(),
            segments: Vec::new(),
        }
    }

    fn chapter(&mut self, source: &source::Chapter) -> Chapter {
        self.doc(&source.title);
        self.doc(&source.doc);
        Chapter { title: source.title.value.clone(), doc: source.doc.value.clone() }
    }

    fn id_base(&mut self, base: &At<String>) -> Option<IdBase> {
        self.choice(base, "base of an id", &[("i64", IdBase::I64), ("u64", IdBase::U64), ("string", IdBase::String)])
    }

    fn enum_base(&mut self, base: &At<String>) -> Option<EnumBase> {
        self.choice(base, "base of an enum", &[("string", EnumBase::String), ("i64", EnumBase::I64)])
    }

    /// One of a few words.
    fn choice<T: Clone>(&mut self, word: &At<String>, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let found = choices.iter().find(|(name, _)| *name == word.value).map(|(_, choice)| choice.clone());
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.faults.add(&word.spot, format!("`{}` is no {what}", word.value), suggest(&word.value, &known));
        }
        found
    }

    fn type_def(&mut self, ty: &source::Type) -> Option<TypeDef> {
        self.doc(&ty.doc);
        if let Some(title) = &ty.title {
            self.alias(title, &ty.name.value);
        }
        let kind = match &ty.kind {
            Kind::Id { .. } => match self.types.get(&ty.name.value) {
                Some(NamedKind::Id(base)) => TypeKind::Id(*base),
                _ => return None, // its base was refused, or there are two of that name
            },
            Kind::Enum { values, .. } => match self.types.get(&ty.name.value) {
                Some(&NamedKind::Enum(base)) => TypeKind::Enum(base, self.variants(base, values)?),
                _ => return None,
            },
            Kind::Object { fields, example } => {
                if example.is_none() {
                    let hint = "add `example:` with every required field";
                    self.faults.add(&ty.spot, format!("the object `{}` has no example", ty.name.value), hint);
                }
                let sound = self.no_event_in_place(fields);
                let fields = self.fields(fields).filter(|_| sound)?;
                TypeKind::Object { fields, example: example.clone()? }
            }
        };
        let title = ty.title.as_ref().map(|title| title.value.clone());
        Some(TypeDef { name: ty.name.value.clone(), title, doc: ty.doc.value.clone(), kind })
    }

    /// `None` where a value was refused.
    fn variants(&mut self, base: EnumBase, values: &[source::EnumValue]) -> Option<Vec<Variant>> {
        let mut variants: Vec<Variant> = Vec::new();
        for source in values {
            self.doc(&source.doc);
            let Some(value) = self.variant_value(base, source) else { continue };
            let Some(name) = self.variant_name(&value, source) else { continue };
            if variants.iter().any(|seen| seen.value == value) {
                self.faults.add(
                    &source.spot,
                    format!("the value `{}` stands here twice", wire_text(&value)),
                    "keep one of them",
                );
            } else if name.pascal() == "Self" {
                self.faults.add(
                    &source.spot,
                    "the variant would be called `Self`, a Rust keyword",
                    "give this value a `name:` of its own",
                );
            } else if name.pascal() == "Other" || variants.iter().any(|seen| seen.name.pascal() == name.pascal()) {
                let message = format!("the variant `{}` exists already", name.pascal());
                self.faults.add(&source.spot, message, "give this value a `name:` of its own");
            }
            variants.push(Variant { name, value, doc: source.doc.value.clone() });
        }
        (variants.len() == values.len()).then_some(variants)
    }

    fn variant_value(&mut self, base: EnumBase, source: &source::EnumValue) -> Option<VariantValue> {
        let value = match (&source.value.value, base) {
            (Value::Text(text), EnumBase::String) => Some(VariantValue::Text(text.clone())),
            (Value::Int(number), EnumBase::I64) => i64::try_from(*number).ok().map(VariantValue::Int),
            _ => None,
        };
        if value.is_none() {
            let expected = if base == EnumBase::I64 { "an integer" } else { "a string" };
            let message = format!("expected {expected}, found {}", source.value.value.describe());
            let hint = format!("the values of this enum are what its `base` says, `{}`", base_text(base));
            self.faults.add(&source.spot, message, hint);
        }
        value
    }

    fn variant_name(&mut self, value: &VariantValue, source: &source::EnumValue) -> Option<Name> {
        let (text, spot) = match (&source.name, value) {
            (Some(name), _) => (name.value.clone(), &name.spot),
            (None, VariantValue::Text(text)) => (text.to_lowercase().replace('-', "_"), &source.spot),
            (None, VariantValue::Int(number)) => {
                self.faults.add(&source.spot, format!("the number {number} has no name"), "add `name: …`");
                return None;
            }
        };
        if name::is_snake(&text) {
            return Some(Name::from_wire(&text));
        }
        let hint = if source.name.is_some() { "write it in snake case" } else { "add `name:` in snake case" };
        self.faults.add(spot, format!("no Rust name can be made of `{text}`"), hint);
        None
    }

    /// `None` where a field was refused, or has a type that was.
    fn fields(&mut self, sources: &[source::Field]) -> Option<Vec<Field>> {
        self.distinct(sources);
        let mut fields = Vec::new();
        for source in sources {
            self.doc(&source.doc);
            self.field_name(source);
            if let Some(ty) = self.ty(&source.ty) {
                if ty.scalar == Scalar::Target {
                    self.faults.add(&source.ty.spot, "`Target` is no type of an answer", "name the ids one by one");
                    continue;
                }
                if !self.outside_of_segments(source, &ty) {
                    continue;
                }
                fields.push(Field {
                    name: Name::from_wire(&source.name.value),
                    wire: wire_name(source),
                    aliases: values(&source.aliases),
                    ty,
                    doc: source.doc.value.clone(),
                });
            }
        }
        (fields.len() == sources.len()).then_some(fields)
    }

    /// Whether this is no type that segments alone have.
    fn outside_of_segments(&mut self, source: &source::Field, ty: &Ty) -> bool {
        let fits = ty.scalar != Scalar::Mention;
        if !fits {
            let hint = "write `UserId`, or `string`";
            self.faults.add(&source.ty.spot, "`mention` is a type of segments' fields alone", hint);
        }
        fits
    }

    /// Whether no field of an event or an object holds an event in place, which may hold such a one in turn.
    fn no_event_in_place(&mut self, sources: &[source::Field]) -> bool {
        let before = self.faults.len();
        for source in sources.iter().filter(|source| ["event", "event?"].contains(&source.ty.value.as_str())) {
            let message = "an event within an event or an object stands in a list";
            self.faults.add(&source.ty.spot, message, "write `event[]`");
        }
        self.faults.len() == before
    }

    /// Reports fields that share a Rust name or a name on the wire.
    fn distinct(&mut self, fields: &[source::Field]) {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for field in fields {
            let wire = field.wire.as_ref().unwrap_or(&field.name);
            let names = [("name", &field.name), ("wire name", wire)];
            // A server may read what is only sent for others' sake, and then both keys say so.
            let sent = |name: &At<String>| field.also.iter().any(|also| also.value == name.value);
            let read = field.aliases.iter().filter(|name| !sent(name));
            let further = field.also.iter().chain(read).map(|name| ("wire name", name));
            for (index, (what, name)) in names.into_iter().chain(further).enumerate() {
                if seen.contains(&(what, &name.value)) {
                    // A field without `wire:` would be reported for both of its names.
                    if index != 1 || field.wire.is_some() {
                        self.faults.add(
                            &name.spot,
                            format!("the {what} `{}` is used twice here", name.value),
                            "rename or remove one",
                        );
                    }
                } else {
                    seen.push((what, &name.value));
                }
            }
        }
    }

    fn field_name(&mut self, field: &source::Field) {
        let name = &field.name;
        if !name::is_snake(&name.value) {
            let hint = "write `name:` in snake case, and the name on the wire as `wire:`";
            self.faults.add(&name.spot, format!("`{}` is no Rust name", name.value), hint);
        } else if name::is_keyword(&name.value) {
            let hint = format!("write another `name:`, and `wire: {}`", name.value);
            self.faults.add(&name.spot, format!("`{}` is a Rust keyword", name.value), hint);
        }
        for wire in field.wire.iter().chain(&field.also).chain(&field.aliases) {
            if wire.value.is_empty() || wire.value.contains(char::is_whitespace) {
                self.faults.add(&wire.spot, format!("`{}` is no name on the wire", wire.value), "remove the blanks");
            }
        }
    }

    fn ty(&mut self, text: &At<String>) -> Option<Ty> {
        let Some(expression) = Expression::parse(&text.value) else {
            let hint = "write a name, then `[]` for a list, then `?` for what may be absent";
            self.faults.add(&text.spot, format!("`{}` is no type", text.value), hint);
            return None;
        };
        let Expression { name, list, optional } = expression;
        if self.refused.contains(name) {
            return None;
        }
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, scalar)| scalar.clone());
        let scalar = built_in.or_else(|| self.types.get(name).map(|kind| Scalar::Named(name.to_owned(), *kind)));
        if scalar.is_none() && !self.any_refused {
            let known: Vec<&str> =
                BUILT_IN.iter().map(|(name, _)| *name).chain(self.types.keys().map(String::as_str)).collect();
            let hint = suggest(name, &known);
            self.faults.add(&text.spot, format!("{} `{name}`", UNKNOWN[0]), hint);
        }
        Some(Ty { scalar: scalar?, list, optional })
    }

    fn action(&mut self, source: &source::Action) -> Option<Action> {
        self.doc(&source.doc);
        self.alias(&source.title, &source.name.value);
        self.action_names(source);
        let effects = [("read", Effect::Read), ("write", Effect::Write), ("send", Effect::Send)];
        let servers = [("unsupported", Server::Unsupported), ("removed", Server::Removed)];
        let origin = source.origin.as_ref().and_then(|origin| self.origin(origin));
        let effect = self.choice(&source.effect, "effect", &effects);
        let server = match &source.server {
            Some(word) => self.choice(word, "state of an action on the server", &servers),
            None => Some(Server::Supported),
        };
        let params = self.params(&source.params);
        self.deviates(source);
        self.errors(&source.errors);
        self.uncertain(source);
        let answer = match &source.returns {
            None => Some(Answer::Nothing),
            Some(Returns::Fields(fields)) => self.fields(fields).map(Answer::Fields),
            Some(Returns::Type(text)) => self.answer_type(text),
        };
        let example = self.example(source);
        let known = params.as_deref();
        let wait = known.zip(source.wait.as_ref()).and_then(|(params, name)| self.wait(name, params));
        let pages =
            known.zip(source.pages.as_ref()).and_then(|(params, pages)| self.pages(pages, params, answer.as_ref()?));
        Some(Action {
            wire: source.name.value.clone(),
            name: Name::from_wire(&source.name.value),
            aliases: values(&source.aliases),
            title: source.title.value.clone(),
            doc: source.doc.value.clone(),
            // Where one of these was refused, the rest is still looked at.
            origin: origin.unwrap_or(Origin::Unstated),
            effect: effect.unwrap_or(Effect::Read),
            server: server.unwrap_or(Server::Supported),
            silent: source.silent,
            wait,
            pages,
            params: params?,
            errors: values(&source.errors),
            uncertain: values(&source.uncertain),
            answer: answer?,
            example,
        })
    }

    fn action_names(&mut self, source: &source::Action) {
        for name in source.aliases.iter().chain([&source.name]) {
            if !name::is_action(&name.value) {
                let hint = "actions are called like `set_group_ban`, with `_` or `.` before some";
                self.faults.add(&name.spot, format!("`{}` is no action name", name.value), hint);
            }
        }
    }

    fn uncertain(&mut self, source: &source::Action) {
        for refusal in &source.uncertain {
            if !source.errors.iter().any(|error| error.value == refusal.value) {
                let message = format!("`{}` is not among the action's refusals", refusal.value);
                self.faults.add(&refusal.spot, message, "list it under `errors:` too");
            }
        }
    }

    fn origin(&mut self, word: &At<String>) -> Option<Origin> {
        match word.value.as_str() {
            "onebot11" => Some(Origin::OneBot11),
            "go-cqhttp" => Some(Origin::GoCqhttp),
            other if self.extension => {
                self.doc(word);
                Some(Origin::Other(other.to_owned()))
            }
            _ => self.choice(word, "origin", &[("onebot11", Origin::OneBot11), ("go-cqhttp", Origin::GoCqhttp)]),
        }
    }

    /// The parameter that says how long the server waits.
    fn wait(&mut self, name: &At<String>, params: &[Param]) -> Option<Name> {
        let param = params.iter().find(|param| param.name.snake() == name.value);
        let seconds = param.filter(|param| param.ty.scalar == Scalar::U32 && !param.ty.list);
        if seconds.is_none() {
            let hint = "name a parameter of type `u32` or `u32?`, in seconds";
            self.faults.add(&name.spot, format!("`{}` is no time to wait", name.value), hint);
        }
        Some(seconds?.name.clone())
    }

    fn pages(&mut self, source: &source::Pages, params: &[Param], answer: &Answer) -> Option<Pages> {
        let param =
            params.iter().find(|param| param.name.snake() == source.set.value && param.ty.optional && !param.ty.list);
        if param.is_none() {
            let hint = "name an optional parameter of this action";
            self.faults.add(&source.set.spot, format!("`{}` cannot be set for the next page", source.set.value), hint);
        }
        let fields: &[Field] = if let Answer::Fields(fields) = answer { fields } else { &[] };
        let find = |name: &str| fields.iter().find(|field| field.name.snake() == name);
        let (at, next) = match (&source.from, &source.before) {
            (Some(from), None) => {
                let field = find(&from.value).filter(|field| Some(&field.ty) == param.map(|param| &param.ty));
                (from, field.map(|field| NextPage::Field(field.name.clone())))
            }
            (None, Some(before)) => {
                let (list, key) = before.value.split_once('.').unwrap_or((&before.value, ""));
                let field = find(list).filter(|field| {
                    let events = field.ty.scalar == Scalar::Event && key == "message_seq";
                    field.ty.list && (events || field.ty.scalar == Scalar::Json && !key.is_empty())
                });
                (before, field.map(|field| NextPage::Before { list: field.name.clone(), key: key.to_owned() }))
            }
            _ => {
                let hint = "write `from:` a field of the answer, or `before:` the numbers in a list of the answer";
                self.faults.add(&source.spot, "it is not said where the next page begins", hint);
                return None;
            }
        };
        if next.is_none() {
            let hint = "`from` names a field of the parameter's type, `before` a list of `json` and a key in it, or `message_seq` of a list of `event`";
            self.faults.add(&at.spot, format!("`{}` does not lead to the next page", at.value), hint);
        }
        Some(Pages { set: param?.name.clone(), next: next? })
    }

    fn answer_type(&mut self, text: &At<String>) -> Option<Answer> {
        let ty = self.ty(text)?;
        let answers = match &ty.scalar {
            Scalar::Named(_, NamedKind::Object) | Scalar::Json | Scalar::Event => true,
            Scalar::String => ty.list,
            _ => false,
        };
        if ty.optional || !answers {
            let hint =
                "an action answers fields of its own, an object, a list of objects or strings, `event` or `json`";
            self.faults.add(&text.spot, format!("`{}` is no type of a whole answer", text.value), hint);
            return None;
        }
        Some(Answer::Type(ty))
    }

    fn example(&mut self, source: &source::Action) -> Example {
        let (params, returns) = match &source.example {
            Some(example) => (example.params.clone(), example.returns.clone()),
            None => (None, None),
        };
        let spot = source.example.as_ref().map_or(&source.spot, |example| &example.spot);
        for (what, stated, given) in
            [("params", !source.params.is_empty(), &params), ("returns", source.returns.is_some(), &returns)]
        {
            if source.broken {
                continue;
            }
            if stated && given.is_none() {
                let message = format!("`{}` has `{what}` and no example of them", source.name.value);
                self.faults.add(spot, message, format!("add `{what}:` under `example:`"));
            } else if let (false, Some(node)) = (stated, given) {
                let spot = Spot { file: spot.file, place: node.place.clone() };
                let message = format!("an example of `{what}`, which `{}` does not have", source.name.value);
                self.faults.add(&spot, message, "remove it");
            }
        }
        Example { params, returns }
    }

    fn errors(&mut self, errors: &[At<String>]) {
        for (index, error) in errors.iter().enumerate() {
            if !self.any_refused && !self.refused.iter().any(|name| name.ends_with(REFUSALS)) {
                self.refusal(error);
            }
            if errors[..index].iter().any(|seen| seen.value == error.value) {
                self.faults.add(
                    &error.spot,
                    format!("the refusal `{}` stands here twice", error.value),
                    "keep one of them",
                );
            }
        }
    }

    fn refusal(&mut self, error: &At<String>) {
        let add = match self.extension {
            true => format!("add it to an enum of yours whose name ends with `{REFUSALS}`"),
            false => format!("add it to the enum `{REFUSALS}`"),
        };
        let hint = match &self.refusals {
            None => format!("this schema has no enum `{REFUSALS}` that lists it"),
            Some(known) if known.contains(&error.value) => return,
            Some(known) => match nearest(&error.value, &known.iter().map(String::as_str).collect::<Vec<_>>()) {
                Some(near) => format!("did you mean `{near}`? If not, {add}"),
                None => add,
            },
        };
        self.faults.add(&error.spot, format!("{} `{}`", UNKNOWN[1], error.value), hint);
    }

    /// `None` where a parameter was refused, or has a type that was.
    fn params(&mut self, sources: &[source::Field]) -> Option<Vec<Param>> {
        self.distinct(sources);
        let mut params: Vec<Param> = Vec::new();
        let mut sound = true;
        for source in sources {
            self.doc(&source.doc);
            self.field_name(source);
            let Some(ty) = self.ty(&source.ty) else { continue };
            if ty.scalar == Scalar::Target {
                sound &= self.target(source, &ty, &params);
            }
            sound &= self.outside_of_segments(source, &ty);
            let presence = self.presence(source, &ty);
            if matches!(presence, Presence::Required) {
                if params.iter().any(|param| !matches!(param.presence, Presence::Required)) {
                    let hint = "required parameters come first: they are the method's arguments";
                    self.faults.add(&source.name.spot, format!("`{}` is required", source.name.value), hint);
                }
            } else if self.methods(&CALL_METHODS).contains(&source.name.value.as_str()) {
                let hint = format!(
                    "write another `name:`, and `wire: {}`; taken are {}",
                    source.name.value,
                    list(&self.methods(&CALL_METHODS))
                );
                self.faults.add(&source.name.spot, format!("every call has a method `{}`", source.name.value), hint);
            } else if source.name.value.starts_with("default_") {
                let hint = format!("write another `name:`, and `wire: {}`", source.name.value);
                self.faults.add(&source.name.spot, "names with `default_` are those of the defaults' functions", hint);
            }
            params.push(Param {
                name: Name::from_wire(&source.name.value),
                wire: wire_name(source),
                also: values(&source.also),
                aliases: values(&source.aliases),
                ty,
                doc: source.doc.value.clone(),
                presence,
            });
        }
        sound &= self.beside_target(sources, &params);
        (sound && params.len() == sources.len()).then_some(params)
    }

    /// The methods that are taken: these, and what a trait's methods would meet.
    fn methods(&self, of: &Methods) -> Vec<&'static str> {
        let further = if self.extension { TRAIT_METHODS } else { of.private };
        let mut methods = [of.public, further].concat();
        methods.sort_unstable();
        methods
    }

    /// A target goes out as three parameters of fixed names: whether it is a plain parameter, and the only one.
    fn target(&mut self, source: &source::Field, ty: &Ty, before: &[Param]) -> bool {
        let alone = !ty.list
            && !ty.optional
            && source.default.is_none()
            && source.wire.is_none()
            && source.also.is_empty()
            && source.aliases.is_empty();
        let fits = alone && !before.iter().any(|param| param.ty.scalar == Scalar::Target);
        if !fits {
            let hint = "write one required parameter `target` of type `Target`";
            self.faults.add(&source.ty.spot, "a `Target` goes out as `message_type` and the ids", hint);
        }
        fits
    }

    /// Whether no other parameter goes out under the names of a target, nor under two names, which a target precludes.
    fn beside_target(&mut self, sources: &[source::Field], params: &[Param]) -> bool {
        let before = self.faults.len();
        if params.iter().any(|param| param.ty.scalar == Scalar::Target) {
            for source in sources {
                let wire = source.wire.as_ref().unwrap_or(&source.name);
                for name in [wire].into_iter().chain(&source.also).chain(&source.aliases) {
                    if example::TARGET_KEYS.contains(&name.value.as_str()) {
                        let message = format!("the `Target` goes out as `{}`, among others", name.value);
                        self.faults.add(&name.spot, message, "rename or remove one");
                    }
                }
                for name in &source.also {
                    let message = "beside a `Target` no parameter goes out under two names";
                    self.faults.add(&name.spot, message, "remove `also:`");
                }
            }
        }
        self.faults.len() == before
    }

    fn presence(&mut self, source: &source::Field, ty: &Ty) -> Presence {
        let Some(default) = &source.default else {
            return if ty.optional { Presence::Optional } else { Presence::Required };
        };
        let spot = Spot { file: source.name.spot.file, place: default.place.clone() };
        if ty.optional {
            self.faults.add(&spot, "an optional parameter with a default", "remove the `?`: a default is always sent");
        } else if !ty.has_default() {
            let message = "ids, objects, files and lists have no default";
            self.faults.add(&spot, message, "make the parameter required or optional");
        }
        Presence::Default(default.clone())
    }

    fn doc(&mut self, text: &At<String>) {
        if let Some((message, hint)) = doc::fault(&text.value) {
            self.faults.add(&text.spot, message, hint);
        }
    }

    fn alias(&mut self, alias: &At<String>, item: &str) {
        let fault = if alias.value == item || alias.value == Name::from_wire(item).pascal() {
            Some(("a search alias equal to the name itself".into(), "write the title of the documentation"))
        } else {
            // It stands in the docs, too.
            doc::alias_fault(&alias.value).or_else(|| doc::fault(&alias.value))
        };
        if let Some((message, hint)) = fault {
            self.faults.add(&alias.spot, message, hint);
        }
    }

    /// Names that meet on the wire or in Rust.
    fn collisions(&mut self, files: &[SourceFile]) {
        let mut taken = Taken::default();
        // What is extended comes first: its names are taken, whoever else wants them.
        for extension in [false, true] {
            self.extension = extension;
            if extension {
                taken.rust.insert(CLIENT_TRAIT.into(), ("the trait of all actions".into(), true));
            }
            let files = || files.iter().filter(|file| file.extension == extension);
            for ty in files().flat_map(|file| &file.types) {
                let what = format!("the type `{}`", ty.name.value);
                self.claim(&mut taken, ty.name.value.clone(), what, &ty.name.spot, OTHER_TYPE);
            }
            for action in files().flat_map(|file| &file.actions) {
                self.wire_names(&mut taken, action);
                self.method_name(action);
                self.rust_names(&mut taken, action);
            }
        }
    }

    fn wire_names(&mut self, taken: &mut Taken, action: &source::Action) {
        for wire in action.aliases.iter().chain([&action.name]) {
            match taken.wires.get(&wire.value) {
                None => {
                    taken.wires.insert(wire.value.clone(), (action.name.value.clone(), self.extension));
                }
                Some((_, extension)) if *extension == self.extension => {
                    let message = format!("the action `{}` exists already", wire.value);
                    self.faults.add(&wire.spot, message, "remove or rename one");
                }
                Some((other, _)) if *other == wire.value => {
                    let message = format!("`cqhttp` has the action `{other}` already");
                    self.faults.add(&wire.spot, message, OTHER_ACTION[0]);
                }
                Some((other, _)) => {
                    let message = format!("`{}` is another name of the action `{other}` of `cqhttp`", wire.value);
                    self.faults.add(&wire.spot, message, OTHER_ACTION[0]);
                }
            }
        }
    }

    fn method_name(&mut self, action: &source::Action) {
        let name = Name::from_wire(&action.name.value);
        if self.methods(&CLIENT_METHODS).contains(&name.snake()) || name::is_keyword(name.snake()) {
            let message = format!("`{}` cannot be a method of `Client`", name.snake());
            let hint = format!("taken are Rust's keywords and {}", list(&self.methods(&CLIENT_METHODS)));
            self.faults.add(&action.name.spot, message, hint);
        }
        if RESERVED_TYPES.contains(&name.pascal().as_str()) {
            let message = format!("the request would be called `{}`, which is taken", name.pascal());
            self.faults.add(&action.name.spot, message, "choose another name");
        }
    }

    fn rust_names(&mut self, taken: &mut Taken, action: &source::Action) {
        let (name, spot) = (Name::from_wire(&action.name.value).pascal(), &action.name.spot);
        let what = format!("the action `{}`", action.name.value);
        let claimed = self.claim(taken, name.clone(), what.clone(), spot, OTHER_ACTION);
        if claimed && matches!(action.returns, Some(Returns::Fields(_))) {
            self.claim(taken, format!("{name}Response"), format!("the answer to {what}"), spot, OTHER_ACTION);
        }
        if claimed && self.extension {
            self.claim(taken, format!("{name}Call"), format!("the trait of {what}"), spot, OTHER_ACTION);
        }
    }

    /// Whether the name was free. `instead` is what to do where `cqhttp` has such a one, or has something else of that name.
    fn claim(&mut self, taken: &mut Taken, name: String, what: String, spot: &Spot, instead: [&str; 2]) -> bool {
        let Some((other, extension)) = taken.rust.get(&name) else {
            taken.rust.insert(name, (what, self.extension));
            return true;
        };
        let (message, hint) = match (*other == what, *extension == self.extension) {
            (true, true) => (format!("{what} exists already"), "remove or rename one"),
            (true, false) => (format!("`cqhttp` has {what} already"), instead[0]),
            (false, true) => (format!("{what} is called `{name}` in Rust, and so is {other}"), "rename one of them"),
            (false, false) => (format!("{what} is called `{name}` in Rust, and so is {other} of `cqhttp`"), instead[1]),
        };
        self.faults.add(spot, message, hint);
        false
    }

    /// Objects that would contain themselves without end: each circle once.
    fn cycles(&mut self, files: &[SourceFile], api: &Api) {
        let mut reported: HashSet<BTreeSet<&str>> = HashSet::new();
        for ty in files.iter().flat_map(|file| &file.types) {
            let mut path = vec![ty.name.value.as_str()];
            if cycle(&api.objects, &mut path) && reported.insert(path.iter().copied().collect()) {
                let message = format!("the object contains itself: {} → {}", path.join(" → "), path[0]);
                self.faults.add(&ty.name.spot, message, "only a list (`T[]`) may close such a circle");
            }
        }
    }
}

/// Whether objects in place lead from `path[0]` back to it; `path` is then the way.
fn cycle<'a>(objects: &'a BTreeMap<String, Vec<Field>>, path: &mut Vec<&'a str>) -> bool {
    let fields = path.last().and_then(|name| objects.get(*name)).map(Vec::as_slice).unwrap_or_default();
    for next in fields.iter().filter_map(|field| field.ty.object_in_place()) {
        if next == path[0] {
            return true;
        }
        if !path.contains(&next) {
            path.push(next);
            if cycle(objects, path) {
                return true;
            }
            path.pop();
        }
    }
    false
}

fn base_text(base: EnumBase) -> &'static str {
    match base {
        EnumBase::String => "string",
        EnumBase::I64 => "i64",
    }
}

fn wire_name(field: &source::Field) -> String {
    field.wire.as_ref().unwrap_or(&field.name).value.clone()
}

fn values(texts: &[At<String>]) -> Vec<String> {
    texts.iter().map(|text| text.value.clone()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use syn::{ImplItem, Item, Type, Visibility};

    use super::{CALL_METHODS, CLIENT_METHODS, Methods};

    /// The methods of the types' own that a file has, and whether they are public.
    fn methods(items: &[Item], ty: &str, found: &mut BTreeSet<(String, bool)>) {
        for item in items {
            match item {
                Item::Mod(module) => methods(module.content.as_ref().map_or(&[], |(_, items)| items), ty, found),
                Item::Impl(block) if block.trait_.is_none() => {
                    let Type::Path(path) = &*block.self_ty else { continue };
                    if path.path.segments.last().unwrap().ident != ty {
                        continue;
                    }
                    found.extend(block.items.iter().filter_map(|item| match item {
                        ImplItem::Fn(method) => {
                            Some((method.sig.ident.to_string(), matches!(method.vis, Visibility::Public(_))))
                        }
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
    }

    /// A method that is written by hand and not listed would let a schema pass whose code does not compile.
    #[test]
    fn the_methods_that_are_taken_are_those_of_the_library() {
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
        if !library.exists() {
            return; // The package of this crate comes without it.
        }
        let files = ["call.rs", "client.rs", "client/builder.rs", "pagination.rs", "reply.rs"].map(|name| {
            let text = fs::read_to_string(library.join(name)).unwrap();
            syn::parse_file(&text).unwrap_or_else(|error| unreachable!("{name}: {error}"))
        });
        // Of derived and implemented traits.
        let of_traits = ["clone", "into_future"];
        for (ty, Methods { public, private }) in [("Call", CALL_METHODS), ("Client", CLIENT_METHODS)] {
            let mut found = BTreeSet::new();
            files.iter().for_each(|file| methods(&file.items, ty, &mut found));
            let found = found.iter().map(|(name, public)| (name.as_str(), *public));
            let listed = public.iter().map(|name| (*name, true)).chain(private.iter().map(|name| (*name, false)));
            let listed: BTreeSet<_> = listed.filter(|(name, _)| !of_traits.contains(name)).collect();
            // The request's `new` makes that of `Call` public.
            let found: BTreeSet<_> =
                found.map(|(name, public)| (name, public || ty == "Call" && name == "new")).collect();
            assert_eq!(listed, found, "{ty}");
        }
    }
}
