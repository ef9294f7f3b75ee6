//! `generated.rs`, which joins the generated files.

use std::collections::BTreeSet;

use super::generated::GeneratedFile;
use super::refusal::has_rules;
use crate::model::{Action, Api, CLIENT_TRAIT, File};

/// The file with the trait of an extension's actions; no schema file becomes a file of this name.
pub(super) const CLIENT: &str = "client.rs";

/// The file that makes objects answers of actions; no schema file becomes a file of this name.
pub(super) const ANSWERS: &str = "answers.rs";

/// The file that makes calls of actions futures; no schema file becomes a file of this name.
pub(super) const AWAITED: &str = "awaited.rs";

/// The file that joins the others.
pub(super) fn joining_file(api: &Api, files: &[GeneratedFile]) -> String {
    let modules = if api.extension { extension(api, files) } else { base(api, files) };
    format!("// Generated: joins what the schema's files become.\n\n{}", modules.join("\n"))
}

/// `action`, `types`, `event`, `segment`, `mock`: for the crate `cqhttp`, which makes them public as it wants.
fn base(api: &Api, files: &[GeneratedFile]) -> Vec<String> {
    let has = |module: &str| files.iter().any(|file| file.path.ends_with(&format!(".{module}.rs")));
    let types = &["super::types::*"];
    let mut modules = vec![
        module("action", REQUESTS, files, ACTION_LINTS, types),
        module("types", TYPES, files, "unreachable_pub, unused_imports", &[]),
    ];
    if has("event") {
        modules.push(module("event", "Events and quick operations.", files, ACTION_LINTS, types));
    }
    if has("segment") {
        modules.push(module("segment", "Message segments.", files, ACTION_LINTS, types));
    }
    if has("refusal") {
        modules.push(module("refusal", REFUSALS, files, ACTION_LINTS, &[]));
    }
    if has("server") {
        modules.push(module("server", SERVERS, files, ACTION_LINTS, &[]));
    }
    modules.push(mock_module(api, files, has("event")));
    modules
}

/// `action`, `types`, `prelude`, `mock`: for another crate, in which they are public as they stand.
fn extension(api: &Api, files: &[GeneratedFile]) -> Vec<String> {
    let base = "::cqhttp::types::*";
    let refusals = has_rules(api).then(|| module("refusal", REFUSALS, files, EXTENSION_LINTS, &[]));
    let modules = [
        module("action", REQUESTS, files, EXTENSION_LINTS, &["super::types::*", base]),
        module("types", TYPES, files, EXTENSION_LINTS, &[base]),
    ];
    modules.into_iter().chain(refusals).chain([prelude(api), extension_mock(api, files)]).collect()
}

const REQUESTS: &str = "Requests, and the answers that belong to one action.";
const TYPES: &str = "Ids, enums and objects.";
const REFUSALS: &str = "The meanings of refusals.";
const SERVERS: &str = "The servers that the schema has facts about.";

const ACTION_LINTS: &str = "unreachable_pub, unused_imports, clippy::should_implement_trait, \
                            clippy::too_many_arguments, clippy::wrong_self_convention";

/// Lints that another crate may have switched on, and those about items that a binary does not use.
const EXTENSION_LINTS: &str = "dead_code, unreachable_pub, unused_imports, unused_qualifications, clippy::all, \
                               clippy::nursery, clippy::pedantic, clippy::restriction";

fn allow(lints: &str) -> String {
    format!("#[allow({lints}, reason = \"generated for any schema\")]\n")
}

/// `pub mod action { use …; include!("actions/account.action.rs"); … }`
fn module(name: &str, doc: &str, files: &[GeneratedFile], lints: &str, imports: &[&str]) -> String {
    let of_actions = |path: &str| path.ends_with(&format!(".{CLIENT}")) || [CLIENT, ANSWERS, AWAITED].contains(&path);
    let of_module = files
        .iter()
        .filter(|file| file.path.ends_with(&format!(".{name}.rs")) || name == "action" && of_actions(&file.path));
    let includes: String = of_module.map(|file| format!("    include!({:?});\n", file.path)).collect();
    let imports: String = imports.iter().map(|import| format!("    use {import};\n")).collect();
    let allow = allow(lints);
    format!(
        "/// {doc}\n{allow}pub mod {name} {{\n{imports}    use ::cqhttp::__private::{{self, Serialize, decode}};\n{includes}}}\n"
    )
}

/// `pub mod prelude { pub use super::action::ClientActions as _; … }`: nameless, so that two preludes do not meet.
fn prelude(api: &Api) -> String {
    let actions: Vec<&Action> = api.files.iter().flat_map(|file| &file.actions).collect();
    let setters = actions.iter().filter(|action| action.settable().next().is_some());
    let traits = (!actions.is_empty()).then(|| CLIENT_TRAIT.to_owned());
    let traits = traits.into_iter().chain(setters.map(|action| action.call_trait()));
    let uses: String = traits.map(|name| format!("    pub use super::action::{name} as _;\n")).collect();
    format!(
        "/// The traits by which actions are methods of `Client`, and parameters of their calls: import all of it.\n{}\
         pub mod prelude {{\n{uses}}}\n",
        allow(EXTENSION_LINTS)
    )
}

/// The tables of the simulated server, each file's part in a module of its own.
fn mock_module(api: &Api, files: &[GeneratedFile], has_events: bool) -> String {
    let event = if has_events { "event, " } else { "" };
    let (modules, tables) = mock_parts(api, files, &[&format!("super::super::{{action::*, {event}types::*}}")]);
    let [actions, events, segments] = tables;
    let table = |name: &str, ty: &str, entries: &str, always: bool| match (always, entries) {
        (false, "") => String::new(),
        _ => format!("    pub(crate) static {name}: &[&[::cqhttp::mock::{ty}]] = &[\n{entries}    ];\n"),
    };
    format!(
        "/// The simulated server's tables, and an example of everything.\n{}#[cfg(feature = \"mock\")]\n\
         pub(crate) mod mock {{\n{modules}{}{}{}}}\n",
        allow("unused_imports"),
        table("ACTIONS", "ActionInfo", &actions, true),
        table("EVENTS", "EventInfo", &events, false),
        table("SEGMENTS", "SegmentInfo", &segments, false),
    )
}

/// The tables of an extension. They are there if `cqhttp` has the feature `mock`; the crate itself needs no feature.
fn extension_mock(api: &Api, files: &[GeneratedFile]) -> String {
    let imports = ["super::super::{action::*, types::*}", "::cqhttp::types::*"];
    let (modules, [actions, ..]) = mock_parts(api, files, &imports);
    format!(
        "::cqhttp::if_mock! {{\n/// The tables of the simulated server. They are there if `cqhttp` has the feature `mock`.\n{}\
         pub mod mock {{\n{modules}    /// The actions, for `cqhttp::mock::MockServer::builder().actions(ACTIONS)`.\n    \
         pub static ACTIONS: &[&[::cqhttp::mock::ActionInfo]] = &[\n{actions}    ];\n}}\n}}\n",
        allow(EXTENSION_LINTS)
    )
}

/// A module for each file, and the entries of the tables of actions, events and segments.
fn mock_parts(api: &Api, files: &[GeneratedFile], imports: &[&str]) -> (String, [String; 3]) {
    let mut modules = String::new();
    let mut tables = [String::new(), String::new(), String::new()];
    let mut taken = BTreeSet::new();
    let imports: String = imports.iter().map(|import| format!("        use {import};\n")).collect();
    for file in &api.files {
        let mut module = module_name(file);
        while !taken.insert(module.clone()) {
            module.push('_');
        }
        let path = format!("{}.mock.rs", file.stem);
        if !files.iter().any(|written| written.path == path) {
            continue;
        }
        let imports = format!("{imports}        use ::cqhttp::__private;\n");
        modules += &format!("    mod {module} {{\n{imports}        include!({path:?});\n    }}\n");
        let present = [!file.actions.is_empty(), !file.events.is_empty(), !file.segments.is_empty()];
        for ((table, name), _) in
            tables.iter_mut().zip(["ACTIONS", "EVENTS", "SEGMENTS"]).zip(present).filter(|(_, has)| *has)
        {
            *table += &format!("        {module}::{name},\n");
        }
    }
    (modules, tables)
}

/// `actions/group_admin` → `in_actions_group_admin`: a name for any name of the file.
fn module_name(file: &File) -> String {
    let name = file.stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    format!("in_{}", name.collect::<String>())
}
