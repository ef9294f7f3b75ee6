//! Requests and answers against the schemas in the document that a server publishes of its own API.
//!
//! Two documents: a small one of this repository, and that of NapCat, which is nobody's to copy: `CQHTTP_REFERENCE` names a
//! folder that holds it. Whatever of a document does not fit is in a list with its reason, and a list is neither shorter nor
//! longer than the findings.

mod document;
mod napcat;

use std::collections::BTreeSet;

use cqhttp::mock::{self, ActionInfo, ParamInfo, ParamKind};
use document::{Described, Document};
use serde_json::{Map, Value, json};

/// Everything about a document that does not fit: the action each time, and what is found.
#[derive(Debug, Default)]
struct Findings {
    /// Actions that the schema does not describe.
    untyped: BTreeSet<String>,
    /// Actions whose example of an answer is one for several actions, and contradicts this action's schema.
    shared: BTreeSet<String>,
    /// Example answers that contradict the document's own schema.
    misfits: BTreeSet<(String, String)>,
    /// Answers that fit the document's schema, and that a typed call cannot read.
    unread: BTreeSet<(String, String)>,
    /// Fields of answers that a typed call does not read, by their paths.
    dropped: BTreeSet<(String, String)>,
    /// Requests that contradict the document's schema.
    requests: BTreeSet<(String, String)>,
    /// The number of answers that were read.
    read: usize,
    /// The number of requests that the server takes.
    taken: usize,
}

/// Everything that is known not to fit, as [`Findings`] has it. The last text of an entry is the reason.
struct Known<'a> {
    untyped: &'a [&'a str],
    shared: &'a [&'a str],
    misfits: &'a [(&'a str, &'a str)],
    unread: &'a [(&'a str, &'a str, &'a str)],
    dropped: &'a [(&'a str, &'a str, &'a str)],
    requests: &'a [(&'a str, &'a str, &'a str)],
}

impl Findings {
    fn of(document: &Document) -> Self {
        let mut found = Self::default();
        for described in document.actions() {
            let Some(action) = mock::action(described.name) else {
                found.untyped.insert(described.name.to_owned());
                continue;
            };
            found.answers(document, &described, action);
            found.requests(document, &described, action);
        }
        found
    }

    fn answers(&mut self, document: &Document, described: &Described<'_>, action: &ActionInfo) {
        let misfit = document.contradictions(described.answer, described.example);
        if misfit.is_empty() {
            self.answer(described.name, "the example", action, &described.example["data"]);
        } else if described.shared {
            self.shared.insert(described.name.to_owned());
        } else {
            self.misfits.insert((described.name.to_owned(), misfit));
        }
        let data = document.data(described.answer);
        for (which, complete) in [("all fields", true), ("the required fields", false)] {
            if let Some(value) = data.and_then(|schema| document.value_of(schema, complete)) {
                assert_eq!(document.contradictions(data.unwrap(), &value), "", "{}: {value}", described.name);
                self.answer(described.name, which, action, &value);
                if complete {
                    self.fields(described.name, action, &value);
                }
            }
        }
    }

    /// Finds the fields of `data` without which the answer reads the same.
    fn fields(&mut self, name: &str, action: &ActionInfo, data: &Value) {
        let reads_as = |data: &Value| action.reread_answer(&data.to_string()).ok();
        let without = |data: &Value, paths: &[&String]| {
            let mut less = data.clone();
            paths.iter().for_each(|path| remove(&mut less, path));
            less
        };
        let Some(whole) = reads_as(data) else { return };
        let mut dropped: Vec<String> = Vec::new();
        for path in paths(data) {
            // The fields of an object that is not read are not, either; and the document may not say what a field holds.
            let is_outer = |outer: &String| path.strip_prefix(&**outer).is_some_and(|rest| rest.starts_with('/'));
            if !dropped.iter().any(is_outer)
                && !is_empty(data.pointer(&path).unwrap())
                && reads_as(&without(data, &[&path])).is_some_and(|less| less == whole)
            {
                dropped.push(path);
            }
        }
        // Of a value under two names, each is read if the other is not there.
        let is_read = |path: &String| {
            let others: Vec<&String> = dropped.iter().filter(|other| *other != path).collect();
            let alone = without(data, &others);
            reads_as(&without(&alone, &[path])) != reads_as(&alone)
        };
        let shown = |path: &String| path.replace("/0", "[]").replace('/', ".").trim_start_matches('.').to_owned();
        let unread = dropped.iter().filter(|path| !is_read(path));
        self.dropped.extend(unread.map(|path| (name.to_owned(), shown(path))));
    }

    fn answer(&mut self, name: &str, which: &str, action: &ActionInfo, data: &Value) {
        match action.reread_answer(&data.to_string()) {
            Ok(_) => self.read += 1,
            Err(error) => drop(self.unread.insert((name.to_owned(), format!("{which}: {error}")))),
        }
    }

    fn requests(&mut self, document: &Document, described: &Described<'_>, action: &ActionInfo) {
        for (which, complete) in [("all parameters", true), ("the required parameters", false)] {
            for params in params(document, described, action, complete) {
                let sent = action.reread_params(&params.to_string());
                let sent = sent.unwrap_or_else(|error| panic!("{}: {error}: {params}", described.name));
                let seen = document.converted(described.request, serde_json::from_str(&sent).unwrap());
                let told = document.contradictions(described.request, &seen);
                if told.is_empty() {
                    self.taken += 1;
                } else {
                    self.requests.insert((described.name.to_owned(), format!("{which}: {told}")));
                }
            }
        }
    }

    /// Returns a line for each finding that is not known, and for each known one that is not found.
    fn differences(&self, known: &Known<'_>) -> String {
        let reasons = known.unread.iter().chain(known.dropped).chain(known.requests).map(|(.., reason)| reason);
        assert!(reasons.into_iter().all(|reason| !reason.is_empty()), "a finding is known without a reason");
        let names = |found: &BTreeSet<String>| found.iter().cloned().map(|name| (name, String::new())).collect();
        let nameless = |known: &[&str]| known.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        let pair = |action: &str, what: &str| (action.to_owned(), what.to_owned());
        let explained =
            |known: &[(&str, &str, &str)]| known.iter().map(|(action, what, _)| pair(action, what)).collect();
        let misfits = known.misfits.iter().map(|(action, what)| pair(action, what)).collect();
        let lists: [(&str, BTreeSet<_>, BTreeSet<_>); 6] = [
            ("an action without types", names(&self.untyped), nameless(known.untyped)),
            ("an example of several actions that does not fit", names(&self.shared), nameless(known.shared)),
            ("an example that contradicts its own schema", self.misfits.clone(), misfits),
            ("an answer that cannot be read", self.unread.clone(), explained(known.unread)),
            ("a field that is not read", self.dropped.clone(), explained(known.dropped)),
            ("a request that contradicts the schema", self.requests.clone(), explained(known.requests)),
        ];
        let mut told = String::new();
        for (title, found, known) in lists {
            for (action, what) in found.symmetric_difference(&known) {
                let which = if known.contains(&(action.clone(), what.clone())) { "no longer" } else { "new" };
                told += &format!("{which}: {title}: {action}: {what}\n");
            }
        }
        told
    }
}

/// Returns the JSON pointer of each field of each object in a value, those of an object after its own.
fn paths(value: &Value) -> Vec<String> {
    let within = |key: &str, value: &Value| paths(value).into_iter().map(move |path| format!("/{key}{path}")).collect();
    match value {
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                let inner: Vec<String> = within(key, value);
                [format!("/{key}")].into_iter().chain(inner)
            };
            fields.iter().flat_map(field).collect()
        }
        Value::Array(items) => items.first().map(|item| within("0", item)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Returns `true` for an object without fields, and for a list of such objects.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        _ => false,
    }
}

/// Removes the field at a JSON pointer.
fn remove(value: &mut Value, path: &str) {
    let (object, key) = path.rsplit_once('/').unwrap();
    value.pointer_mut(object).and_then(Value::as_object_mut).unwrap().remove(key);
}

/// Returns the parameters of a call: all of them or the required ones, each time with one parameter of each group of which one is
/// given at most. There are so many calls that each parameter of a group is in one of them.
fn params(document: &Document, described: &Described<'_>, action: &ActionInfo, complete: bool) -> Vec<Value> {
    let example: Map<String, Value> = serde_json::from_str(action.example_params).unwrap();
    let calls = action.choices.iter().map(|choice| choice.params.len()).max().unwrap_or(1);
    let call = |index: usize| {
        let chosen = |name: &str| {
            action.choices.iter().find_map(|choice| {
                let position = choice.params.iter().position(|(param, _)| *param == name)?;
                Some((complete || choice.required) && position == index % choice.params.len())
            })
        };
        let given = |param: &&ParamInfo| match chosen(param.name) {
            Some(chosen) => chosen,
            // The parts of a `Target` exclude each other, so the example has what is needed of them.
            None if is_target(action) && TARGET.contains(&param.name) => example.contains_key(param.name),
            None => complete || param.required,
        };
        let given = action.params.iter().filter(given);
        let value = |param: &ParamInfo| example.get(param.name).cloned().or_else(|| made(document, described, param));
        Value::Object(given.filter_map(|param| Some((param.name.to_owned(), value(param)?))).collect())
    };
    (0..calls).map(call).collect()
}

const TARGET: [&str; 3] = ["message_type", "user_id", "group_id"];

/// Returns `true` if the action has a parameter of the type `Target`: its parts are the first parameters.
fn is_target(action: &ActionInfo) -> bool {
    action.choices.is_empty() && action.params.iter().take(3).map(|param| param.name).eq(TARGET)
}

/// Returns a value for a parameter that the example leaves out: one of the values that the server lists, or one of the type here.
/// It is `None` for JSON that the server does not read.
fn made(document: &Document, described: &Described<'_>, param: &ParamInfo) -> Option<Value> {
    let schema = document.parameter(described.request, param.name);
    if let Some(values) = schema.and_then(|schema| schema["enum"].as_array()) {
        return values.first().cloned();
    }
    let value = match param.kind {
        ParamKind::Bool => json!(true),
        ParamKind::String => json!("1"),
        ParamKind::Message => json!([{ "type": "text", "data": { "text": "hello" } }]),
        ParamKind::Json => return schema.and_then(|schema| document.value_of(schema, true)),
        ParamKind::F64 => json!(1.5),
        _ => json!(1),
    };
    Some(if param.list { json!([value]) } else { value })
}

/// A document with a finding of each kind: whatever is not known is found, and so is an entry too many.
#[test]
fn a_small_document_has_every_kind_of_finding() {
    let document = Document::read(concat!(env!("CARGO_MANIFEST_DIR"), "/bindings/published/small.json"));
    let found = Findings::of(&document);
    let known = Known {
        untyped: &["grow_a_tree"],
        shared: &["set_group_name"],
        misfits: &[("get_group_list", "data.0.group_id: not of type number; data.0: no `group_name`")],
        unread: &[
            ("get_login_info", "all fields: a list where an object is expected", "The answer is an object."),
            ("get_login_info", "the example: a list where an object is expected", "The answer is an object."),
            (
                "get_login_info",
                "the required fields: nothing where the action answers something",
                "The answer is an object.",
            ),
        ],
        dropped: &[],
        requests: &[
            ("set_group_add_request", "all parameters: sub_type: none of the values", "The server has `join` alone."),
            (
                "set_group_add_request",
                "the required parameters: sub_type: none of the values",
                "The server has `join` alone.",
            ),
            ("set_group_name", "all parameters: no `reason`", "No other server has a reason."),
            ("set_group_name", "the required parameters: no `reason`", "No other server has a reason."),
        ],
    };
    assert_eq!(found.differences(&known), "");
    assert_eq!((found.read, found.taken), (13, 8));

    let none = Known { untyped: &[], shared: &[], misfits: &[], unread: &[], dropped: &[], requests: &[] };
    assert_eq!(found.differences(&none).lines().filter(|line| line.starts_with("new: ")).count(), 10);
    let too_many = Known { misfits: &[known.misfits[0], ("get_group_info", "data: not of type object")], ..known };
    let told = "no longer: an example that contradicts its own schema: get_group_info: data: not of type object\n";
    assert_eq!(found.differences(&too_many), told);
}

/// NapCat's own document: every example that fits its own schema, and every answer that the schema allows, is read; every request
/// is one that NapCat takes.
#[test]
fn answers_of_the_real_document_are_read_and_requests_fit_it() {
    let Some(reference) = std::env::var_os("CQHTTP_REFERENCE") else {
        eprintln!("skipped: set CQHTTP_REFERENCE to a folder with what servers publish");
        return;
    };
    let document = Document::read(std::path::absolute(reference).unwrap().join("napcat/openapi-4.18.13.json"));
    let found = Findings::of(&document);
    let differences = found.differences(&napcat::KNOWN);
    assert!(differences.is_empty(), "\n{differences}");
    assert_eq!((found.read, found.taken), (344, 336));
}
