//! Model → Rust. Cannot fail, since `resolve` has refused every fault.

mod action;
mod action_docs;
mod docs;
mod event;
mod generated;
mod index;
mod listing;
mod method;
mod mock;
mod modules;
mod paging;
mod print;
mod refusal;
mod request;
mod rust_type;
mod segment;
mod server;
mod types;
mod value;

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use generated::PageIndex;
pub use generated::{Generated, GeneratedFile, IndexFault};
use index::Reader;
use print::print;

pub use self::{event::servers, listing::line, rust_type::type_text, segment::direction, value::default_text};
use crate::model::{ALL, Api, File};
use crate::vendor;

/// The file with the index of actions for rustdoc.
const INDEX: &str = "index.md";

/// Writes the Rust of each schema file, in their order. They do not depend on each other: one thread per processor shares
/// the work, most of which is printing.
fn of_files(api: &Api) -> Vec<GeneratedFile> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = api.files.get(index) else { return done };
            done.push((index, of_file(api, file)));
        }
    };
    let helpers = thread::available_parallelism().map_or(1, NonZero::get).min(api.files.len()).saturating_sub(1);
    let mut done = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let helpers: Vec<_> = (0..helpers).map_while(spawn).collect();
        let mut done = work();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, files)| files).collect()
}

/// `actions/group_admin.action.rs` and so on, of `actions/group_admin.yaml`.
fn of_file(api: &Api, file: &File) -> Vec<GeneratedFile> {
    let parts = [
        ("types", types::type_items(api, file)),
        ("action", file.actions.iter().flat_map(|action| action::action_items(api, action)).collect()),
        ("client", if api.extension { Vec::new() } else { method::client_methods(file) }),
        ("event", event::event_items(file)),
        ("segment", segment::segment_items(file)),
        ("mock", [mock::items(api, file), event::mock_items(file), segment::mock_items(file)].concat()),
    ];
    let written = parts.into_iter().filter(|(_, items)| !items.is_empty()).map(|(module, items)| {
        let source = format!("{}.yaml", file.stem);
        let text = format!("// Generated from {source}: change that file, not this one.\n\n{}", print(items));
        GeneratedFile { path: format!("{}.{module}.rs", file.stem), source: Some(source), text }
    });
    written.collect()
}

/// Returns `true` if this is the first line of a file that this module wrote: files of other tools, too, begin with
/// `// Generated`.
pub fn is_head(line: &str) -> bool {
    let rest = line.strip_prefix("// Generated").unwrap_or_default();
    rest == ": joins what the schema's files become."
        || rest.starts_with(" from all ") && rest.ends_with(" of the schema: change those files, not this one.")
        || rest.starts_with(" from ") && rest.ends_with(".yaml: change that file, not this one.")
}

/// Writes the Rust of a whole schema.
pub fn emit(api: &Api) -> Generated {
    let mut files = of_files(api);
    for (path, what, items) in [
        (modules::CLIENT.to_owned(), "actions", method::client_trait_items(api)),
        (modules::ANSWERS.to_owned(), "answers", types::answers(api)),
        (modules::AWAITED.to_owned(), "actions", action::awaited(api)),
        (format!("{ALL}.event.rs"), "events", event::event_enums(api)),
        (format!("{ALL}.segment.rs"), "segments", segment::segment_enums(api)),
        (format!("{ALL}.refusal.rs"), "refusals", refusal::items(api)),
        (format!("{ALL}.server.rs"), "servers", server::items(api)),
    ] {
        if !items.is_empty() {
            let head = format!("// Generated from all {what} of the schema: change those files, not this one.");
            let text = format!("{head}\n\n{}", print(items));
            files.push(GeneratedFile { path, source: None, text });
        }
    }
    if !api.extension {
        let text = index::markdown(api, Reader::Rustdoc);
        files.push(GeneratedFile { path: INDEX.into(), source: None, text });
    }
    files.push(GeneratedFile { path: "generated.rs".into(), source: None, text: modules::joining_file(api, &files) });
    Generated { files, api: listing::listing(api), indexes: indexes(api) }
}

/// Writes the Rust of a schema without the actions of vendors. The index of actions names them without links.
pub(crate) fn emit_without_vendor(mut api: Api) -> Generated {
    let index = index::markdown(&api, Reader::RustdocWithoutVendor);
    vendor::remove(&mut api);
    let mut generated = emit(&api);
    for file in generated.files.iter_mut().filter(|file| file.path == INDEX) {
        file.text.clone_from(&index);
    }
    generated
}

fn indexes(api: &Api) -> Vec<PageIndex> {
    const ACTIONS: &str = "<!-- end of actions -->";
    let places = [
        ("<!-- actions -->", ACTIONS, index::markdown(api, Reader::English)),
        ("<!-- actions zh -->", ACTIONS, index::markdown(api, Reader::Chinese)),
        ("<!-- events -->", "<!-- end of events -->", index::events(api)),
        ("<!-- segments -->", "<!-- end of segments -->", index::segments(api)),
    ];
    places.map(|(begin, end, table)| PageIndex { begin, end, table }).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use proc_macro2::{Delimiter, TokenStream, TokenTree};

    use super::{Generated, emit};
    use crate::diagnostic::Faults;
    use crate::resolve::{RESERVED_TYPES, resolve};
    use crate::source;

    /// The Rust of a schema; `None` if the schema has faults.
    fn generate(schema: &Path, base: Option<&Path>) -> Option<Generated> {
        let mut faults = Faults::default();
        let sources = source::read(schema, base, source::any, &mut faults).ok()?;
        let api = resolve(&sources.files, &mut faults);
        faults.into_result(&sources.map).ok()?;
        Some(emit(&api))
    }

    /// Names with a capital: those that code declares, and those that it uses without a path before them.
    #[derive(Default)]
    struct Names {
        declared: BTreeSet<String>,
        used: BTreeSet<String>,
    }

    impl Names {
        fn of(generated: &Generated) -> Self {
            let mut names = Self::default();
            for file in generated.files.iter().filter(|file| file.path.ends_with(".rs")) {
                names.read(file.text.parse().unwrap(), false);
            }
            names
        }

        /// Reads the names of these tokens; those of `variants` are declarations.
        fn read(&mut self, tokens: TokenStream, variants: bool) {
            let tokens: Vec<TokenTree> = tokens.into_iter().collect();
            let before = |at: usize, back: usize| at.checked_sub(back).map(|at| tokens[at].to_string());
            for (at, token) in tokens.iter().enumerate() {
                let (last, last_but_one) = (before(at, 1).unwrap_or_default(), before(at, 2).unwrap_or_default());
                match token {
                    // The names of derives are macros.
                    TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && last == "#" => {}
                    TokenTree::Group(group) => self.read(group.stream(), last_but_one == "enum"),
                    TokenTree::Ident(name) if name.to_string().starts_with(|c: char| c.is_ascii_uppercase()) => {
                        let declares = ["struct", "enum", "trait", "type", "const", "static"].contains(&last.as_str());
                        if declares || variants {
                            self.declared.insert(name.to_string());
                        } else if (last_but_one.as_str(), last.as_str()) != (":", ":") && last != "$" {
                            self.used.insert(name.to_string());
                        }
                    }
                    _ => {}
                }
            }
        }

        /// Names that a type of the schema could have, so that this code would then mean that type.
        fn free<'a>(&'a self, others: &'a Self) -> Vec<&'a str> {
            let taken = |name: &str| {
                RESERVED_TYPES.contains(&name) || self.declared.contains(name) || others.declared.contains(name)
            };
            // A function that is generic over it names no type of the schema.
            self.used.iter().map(String::as_str).filter(|name| !taken(name) && *name != "S").collect()
        }
    }

    fn yaml_files(folder: &Path) -> Vec<PathBuf> {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
    }

    #[test]
    fn no_type_of_a_schema_can_stand_for_what_generated_code_means() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        if !tests.exists() {
            return; // The package comes without them.
        }
        let base = tests.join("extension/base");
        let of_base = Names::of(&generate(&base, None).unwrap());
        let none = Names::default();
        let mut schemas = yaml_files(&tests.join("schema"));
        schemas.push(tests.join("joined"));
        for path in &schemas {
            assert_eq!(Names::of(&generate(path, None).unwrap()).free(&none), [""; 0], "{}", path.display());
        }
        schemas.push(tests.join("extension/own"));
        for path in schemas {
            if let Some(generated) = generate(&path, Some(&base)) {
                assert_eq!(Names::of(&generated).free(&of_base), [""; 0], "{}", path.display());
            }
        }
    }

    /// The macros of ids and enums are expanded among the types of a schema.
    #[test]
    fn nor_for_what_the_macros_of_the_library_mean() {
        let mut names = Names::default();
        for file in ["id.rs", "macros.rs"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src").join(file);
            let Ok(text) = fs::read_to_string(path) else { return };
            names.read(text.parse().unwrap(), false);
        }
        // Serde's functions are generic over it, and name nothing else.
        names.used.remove("D");
        assert_eq!(names.free(&Names::default()), [""; 0]);
    }
}
