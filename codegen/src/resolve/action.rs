//! Actions.

use super::names::REFUSALS;
use super::resolver::{Resolver, UNKNOWN, values};
use crate::diagnostic::nearest;
use crate::doc;
use crate::facts::SERVERS;
use crate::model::{Action, Availability, Effect, Example, Origin, Param, Returns, Server};
use crate::name::{self, Name};
use crate::source::{self, At};
use crate::source_map::Spot;
use crate::ty::{NamedKind, Scalar};

/// The `returns` of an action after which the server ends.
pub(super) const NEVER: &str = "never";

/// Returns `true` if the action answers something.
fn answers(source: &source::Action) -> bool {
    match &source.returns {
        None => false,
        Some(source::Returns::Type(text)) => text.value != NEVER,
        Some(source::Returns::Fields(_)) => true,
    }
}

const EFFECTS: &[(&str, Effect)] = &[("read", Effect::Read), ("write", Effect::Write), ("send", Effect::Send)];

/// Returns `true` if a parameter can hold a message.
fn has_message(params: &[Param]) -> bool {
    params.iter().any(|param| matches!(param.ty.scalar, Scalar::Message | Scalar::ForwardNode | Scalar::Json))
}

impl Resolver<'_> {
    pub(super) fn action(&mut self, source: &source::Action) -> Option<Action> {
        self.doc(&source.doc);
        self.alias(&source.title, &source.name.value);
        self.search(source);
        self.action_names(source);
        let servers = [("unsupported", Server::Unsupported), ("removed", Server::Removed)];
        let origin = source.origin.as_ref().and_then(|origin| self.origin(origin));
        let effect = self.choice(&source.effect, "effect", EFFECTS);
        let server = source.server.as_ref().map(|word| self.choice(word, "state of an action on the server", &servers));
        let params = self.params(&source.params, &source.groups);
        self.deviates(source);
        self.errors(&source.errors);
        let returns = self.returns(source);
        let (stream, example) = (self.stream(source), self.example(source));
        let known = params.as_deref();
        let wait = known.zip(source.wait.as_ref()).and_then(|(params, name)| self.wait(name, params));
        let pages =
            known.zip(source.pages.as_ref()).and_then(|(params, pages)| self.pages(pages, params, returns.as_ref()?));
        let action = Action {
            wire: source.name.value.clone(),
            name: source.rust_name(),
            aliases: values(&source.aliases),
            availability: Availability::default(),
            vendor: false,
            servers: Vec::new(),
            abandoned: false,
            title: source.title.value.clone(),
            search: values(&source.search),
            doc: source.doc.value.clone(),
            // If one of these was refused, the rest is still checked.
            origin: origin.unwrap_or(Origin::Unstated),
            effect: effect.unwrap_or(Effect::Read),
            server: server.flatten().unwrap_or(Server::Supported),
            silent: source.silent,
            wait,
            pages,
            in_parts: params.as_deref().is_some_and(|params| effect == Some(Effect::Send) && has_message(params)),
            choices: known.map(|params| self.choices(source, params)).unwrap_or_default(),
            params: params?,
            soft_failure: source.soft_failure,
            errors: values(&source.errors),
            uncertain: Vec::new(),
            returns: returns?,
            stream,
            example,
            broken: source.broken,
        };
        self.example_choices(source, &action);
        Some(action)
    }

    fn returns(&mut self, source: &source::Action) -> Option<Returns> {
        match &source.returns {
            None => Some(Returns::Nothing),
            Some(source::Returns::Fields(fields)) => self.fields(fields).map(Returns::Fields),
            Some(source::Returns::Type(text)) if text.value == NEVER => Some(Returns::Never),
            Some(source::Returns::Type(text)) => self.answer_type(text),
        }
    }

    fn action_names(&mut self, source: &source::Action) {
        let refused = |name: &At<String>| format!("`{}` is not a name of an action", name.value);
        for name in source.aliases.iter().chain(source.method.as_ref().map(|_| &source.name)) {
            if !name::is_wire_action(&name.value) {
                let hint = "letters, digits, `_`, `-` and `.` of ASCII make one";
                self.faults.add(&name.spot, refused(name), hint);
            }
        }
        let Some(method) = &source.method else {
            if !name::is_action(&source.name.value) {
                let hint = "actions are called like `set_group_ban`, with `_` or `.` before some: write `method:` for \
                            another name";
                self.faults.add(&source.name.spot, refused(&source.name), hint);
            }
            return;
        };
        if !name::is_snake(&method.value) {
            let message = format!("`{}` is not a name of a method", method.value);
            self.faults.add(&method.spot, message, "write it in snake case");
        } else if name::is_action(&source.name.value) && Name::from_wire(&source.name.value).snake() == method.value {
            let message = format!("the method is called `{}` already", method.value);
            self.faults.add(&method.spot, message, "remove `method:`, or write another name");
        }
    }

    /// Reports search words that find the action without being listed, that are repeated, or that rustdoc refuses.
    fn search(&mut self, source: &source::Action) {
        let name = source.rust_name();
        let named = |word: &str| {
            let aliases = source.aliases.iter().any(|alias| alias.value == word);
            aliases || [&*source.name.value, name.snake(), &name.pascal()].contains(&word)
        };
        for (index, word) in source.search.iter().enumerate() {
            let text = &word.value;
            let fault = if *text == source.title.value {
                Some((format!("the search word `{text}` is the title"), "remove it: a search finds the title already"))
            } else if named(text) {
                Some((
                    format!("the search word `{text}` is a name of the action"),
                    "remove it: a search finds it already",
                ))
            } else if source.search[..index].iter().any(|seen| seen.value == *text) {
                Some((format!("the search word `{text}` stands here twice"), "keep one of them"))
            } else {
                doc::alias_fault(text)
            };
            if let Some((message, hint)) = fault {
                self.faults.add(&word.spot, message, hint);
            }
        }
    }

    fn origin(&mut self, word: &At<String>) -> Option<Origin> {
        let servers = SERVERS.iter().map(|server| (server.name, Origin::Server(server)));
        // Of two names that are equally near, the last one is suggested.
        let origins: Vec<_> = servers.chain([("onebot11", Origin::OneBot11)]).collect();
        if self.extension && !origins.iter().any(|(name, _)| *name == word.value) {
            self.doc(word);
            return Some(Origin::Other(word.value.clone()));
        }
        self.choice(word, "origin", &origins)
    }

    /// The parameter that says how long the server waits.
    fn wait(&mut self, name: &At<String>, params: &[Param]) -> Option<Name> {
        let param = params.iter().find(|param| param.name.snake() == name.value);
        let seconds = param.filter(|param| param.ty.scalar == Scalar::U32 && !param.ty.list);
        if seconds.is_none() {
            let hint = "name a parameter of type `u32` or `u32?`, in seconds";
            self.faults.add(&name.spot, format!("`{}` is not a time to wait", name.value), hint);
        }
        Some(seconds?.name.clone())
    }

    fn answer_type(&mut self, text: &At<String>) -> Option<Returns> {
        let ty = self.ty(text)?;
        let answers = match &ty.scalar {
            Scalar::Named(_, NamedKind::Object) | Scalar::Json | Scalar::Event => true,
            Scalar::String => ty.list,
            _ => false,
        };
        if ty.optional || !answers {
            let hint =
                "an action answers fields of its own, an object, a list of objects or strings, `event` or `json`";
            self.faults.add(&text.spot, format!("`{}` is not a type of a whole answer", text.value), hint);
            return None;
        }
        Some(Returns::Type(ty))
    }

    fn example(&mut self, source: &source::Action) -> Example {
        let (params, returns, parts) = match &source.example {
            Some(example) => (example.params.clone(), example.returns.clone(), example.parts.clone()),
            None => (None, None, None),
        };
        let spot = source.example.as_ref().map_or(&source.spot, |example| &example.spot);
        let parts_stated = ("parts", source.stream.is_some(), &parts);
        for (what, stated, given) in
            [("params", !source.params.is_empty(), &params), ("returns", answers(source), &returns), parts_stated]
        {
            if source.broken {
                continue;
            }
            if stated && given.is_none() {
                let key = if what == "parts" { "stream" } else { what };
                let message = format!("`{}` has `{key}` and no example of them", source.name.value);
                self.faults.add(spot, message, format!("add `{what}:` under `example:`"));
            } else if let (false, Some(node)) = (stated, given) {
                let spot = Spot::of(spot.file, node);
                let message = format!("an example of `{what}`, which `{}` does not have", source.name.value);
                self.faults.add(&spot, message, "remove it");
            }
        }
        Example { params, returns, parts }
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

    /// Reports a refusal that no enum lists.
    pub(super) fn refusal(&mut self, error: &At<String>) {
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
}
