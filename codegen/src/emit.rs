//! Model → Rust. Cannot fail: whatever could be wrong, `resolve` has refused.

mod action;
mod api;
mod event;
mod index;
mod mock;
mod root;
mod segment;
mod types;
mod value;

use std::fmt;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use index::Reader;
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

pub use self::{
    action::default_text,
    api::{line, type_text},
    event::servers,
    segment::direction,
};
use crate::model::{ALL, Api, File};
use crate::name::ident;
use crate::ty::{EnumBase, IdBase, NamedKind, Scalar, Ty};

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedFile {
    /// Its path below the output folder, with `/`.
    pub path: String,
    /// The schema file it comes from, relative to the schema's folder; `None` for the file that joins the others.
    pub source: Option<String>,
    /// Its text.
    pub text: String,
}

/// What a schema becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// The files, in the order of the schema's files; at the end `index.md`, the index of actions for rustdoc (not of an
    /// extension), and `generated.rs`, which joins the others.
    pub files: Vec<GeneratedFile>,
    /// One line for each action: `set_group_ban(GroupId, UserId) .duration(u32 = 1800) -> ()`.
    pub api: String,
    indexes: Vec<PageIndex>,
}

/// A table for pages, and the lines between which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PageIndex {
    begin: &'static str,
    end: &'static str,
    table: String,
}

/// Why the indexes of a page cannot be made anew.
///
/// Displays as `line 3: message; hint`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexFault {
    /// The line of the page, from 1; the first where the page has no place for an index.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl fmt::Display for IndexFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; {}", self.line, self.message, self.hint)
    }
}

impl std::error::Error for IndexFault {}

impl Generated {
    /// A page with its indexes made anew. A place for one is between two lines: `<!-- actions -->` (or
    /// `<!-- actions zh -->`, in Chinese) and `<!-- end of actions -->`, `<!-- events -->` and `<!-- end of events -->`,
    /// `<!-- segments -->` and `<!-- end of segments -->`. A page may have several of a kind. Its line ends stay as they
    /// are.
    ///
    /// # Errors
    ///
    /// That the page has no place for an index, or a line of such a pair without the other: what stands there is not to
    /// be taken for an index.
    pub fn with_index(&self, page: &str) -> Result<String, IndexFault> {
        let fault = |line, message: String, hint: String| Err(IndexFault { line, message, hint });
        let mut filled = String::new();
        let mut found = false;
        let mut open: Option<(usize, &PageIndex)> = None;
        for (line, text) in (1..).zip(page.split_inclusive('\n')) {
            let mark = text.trim_end();
            let begun = self.indexes.iter().find(|index| index.begin == mark);
            let ends = self.indexes.iter().any(|index| index.end == mark);
            match (open, begun) {
                (Some((_, index)), None) if index.end == mark => open = None,
                (Some((begin, index)), _) if begun.is_some() || ends => {
                    let message = format!("expected `{}` for line {begin}, found `{mark}`", index.end);
                    return fault(line, message, "write it where that index ends".into());
                }
                (Some(_), _) => continue,
                (None, Some(index)) => {
                    (open, found) = (Some((line, index)), true);
                    let line_end = if text.ends_with("\r\n") { "\r\n" } else { "\n" };
                    filled.extend([text, line_end, &index.table.replace('\n', line_end), line_end]);
                    continue;
                }
                (None, None) if ends => {
                    let message = format!("expected a line above that begins this index, found `{mark}` alone");
                    return fault(line, message, "write that line, or remove this one".into());
                }
                (None, None) => {}
            }
            filled.push_str(text);
        }
        match open {
            Some((line, index)) => {
                let message = format!("expected `{}` below, found none", index.end);
                fault(line, message, "write it where the index ends".into())
            }
            None if found => Ok(filled),
            None => {
                let hint = "write `<!-- actions -->` and `<!-- end of actions -->` into it, each on a line";
                fault(1, "expected a place for an index, found none".into(), hint.into())
            }
        }
    }
}

/// What each schema file becomes, in their order. None depends on another: as many threads as there are processors share
/// them, since printing is most of the work.
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
        ("types", types::items(api, file)),
        ("action", file.actions.iter().flat_map(|action| action::items(api, action)).collect()),
        ("event", event::items(api, file)),
        ("segment", segment::items(file)),
        ("mock", [mock::items(api, file), event::mock(file), segment::mock(file)].concat()),
    ];
    let written = parts.into_iter().filter(|(_, items)| !items.is_empty()).map(|(module, items)| {
        let source = format!("{}.yaml", file.stem);
        let text = format!("// Generated from {source}: change that file, not this one.\n\n{}", print(items));
        GeneratedFile { path: format!("{}.{module}.rs", file.stem), source: Some(source), text }
    });
    written.collect()
}

/// Whether the first line of a file is one that is written here: other tools' files begin with `// Generated`, too.
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
        (root::CLIENT.to_owned(), "actions", action::joined(api)),
        (format!("{ALL}.event.rs"), "events", event::joined(api)),
        (format!("{ALL}.segment.rs"), "segments", segment::joined(api)),
    ] {
        if !items.is_empty() {
            let head = format!("// Generated from all {what} of the schema: change those files, not this one.");
            let text = format!("{head}\n\n{}", print(items));
            files.push(GeneratedFile { path, source: None, text });
        }
    }
    if !api.extension {
        let text = index::markdown(api, Reader::Rustdoc);
        files.push(GeneratedFile { path: "index.md".into(), source: None, text });
    }
    files.push(GeneratedFile { path: "generated.rs".into(), source: None, text: root::root(api, &files) });
    Generated { files, api: api::listing(api), indexes: indexes(api) }
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

/// Prints each item for itself, an empty line between, and one between methods: prettyplease puts none.
fn print(items: Vec<TokenStream>) -> String {
    let printed = items.into_iter().map(|item| {
        let file = syn::parse2(item.clone()).unwrap_or_else(|error| unreachable!("{error} in generated code: {item}"));
        let mut printed = String::new();
        for line in prettyplease::unparse(&file).lines() {
            if (printed.ends_with("\n    }\n") || printed.ends_with(" -> Self;\n")) && line != "}" {
                printed.push('\n');
            }
            printed.push_str(line);
            printed.push('\n');
        }
        printed
    });
    printed.collect::<Vec<_>>().join("\n")
}

/// `#[doc]` attributes of a text, one a line, long lines of prose wrapped: `/// Mutes one member …`.
fn docs(text: &str) -> TokenStream {
    let mut code = false;
    let lines = text.lines().flat_map(|line| {
        let fence = line.starts_with("```");
        code ^= fence;
        if code || fence { vec![line.to_owned()] } else { wrap(line) }
    });
    let lines = lines.map(|line| if line.is_empty() { line } else { format!(" {line}") });
    lines.map(|line| quote!(#[doc = #line])).collect()
}

/// How long the line of a comment may be.
const COLUMNS: usize = 100;

/// Breaks a line of prose at blanks, so that a comment stays within some hundred columns.
fn wrap(line: &str) -> Vec<String> {
    if line.starts_with("# ") || line.len() <= COLUMNS {
        return vec![line.to_owned()];
    }
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        // A line that begins so would be a list, a heading or a quote.
        let marks = word.starts_with(['-', '+', '*', '#', '>', '|', '='])
            || word.ends_with(['.', ')']) && word.starts_with(|c: char| c.is_ascii_digit());
        let count = lines.len();
        let last = &mut lines[count - 1];
        // Where there are several blanks, a line that holds nothing would end the paragraph.
        let fits = last.chars().count() + 1 + word.chars().count() <= COLUMNS;
        if !fits && !marks && !last.is_empty() && !word.is_empty() {
            lines.push(format!("{indent}{word}"));
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// `#[doc(alias = "群单人禁言")]` for each.
fn aliases<'a>(names: impl IntoIterator<Item = &'a String>) -> TokenStream {
    names.into_iter().map(|name| quote!(#[doc(alias = #name)])).collect()
}

/// The Rust of a type without `[]` and `?`: `GroupId`.
fn scalar(scalar: &Scalar) -> TokenStream {
    match scalar {
        Scalar::Bool => quote!(bool),
        Scalar::I32 => quote!(i32),
        Scalar::I64 => quote!(i64),
        Scalar::U32 => quote!(u32),
        Scalar::U64 => quote!(u64),
        Scalar::F64 => quote!(f64),
        Scalar::String => quote!(String),
        Scalar::Json => quote!(::cqhttp::serde_json::Value),
        Scalar::Message => quote!(::cqhttp::Message),
        Scalar::ForwardNode => quote!(::cqhttp::ForwardNode),
        Scalar::ForwardedMessage => quote!(::cqhttp::ForwardedMessage),
        Scalar::Timestamp => quote!(::cqhttp::Timestamp),
        Scalar::FileSource => quote!(::cqhttp::FileSource),
        Scalar::Mention => quote!(::cqhttp::Mention),
        Scalar::FeedSegment => quote!(::cqhttp::segment::FeedSegment),
        Scalar::Event => quote!(::cqhttp::Event),
        Scalar::UploadSource => quote!(::cqhttp::UploadSource),
        Scalar::Target => quote!(::cqhttp::Target),
        Scalar::Named(name, _) => ident(name).into_token_stream(),
    }
}

/// The Rust of a field: `Vec<GroupInfo>`, `Option<String>`.
fn rust_type(ty: &Ty) -> TokenStream {
    let mut tokens = scalar(&ty.scalar);
    if ty.list {
        tokens = quote!(Vec<#tokens>);
    }
    if ty.optional {
        tokens = quote!(Option<#tokens>);
    }
    tokens
}

/// The function of `cqhttp::lenient` that reads such a field leniently; `None` where the type itself does.
fn reader(ty: &Ty) -> Option<&'static str> {
    use Scalar::{Bool, F64, I32, I64, Named, String, Timestamp, U32, U64};
    let names = match (&ty.scalar, ty.list, ty.optional) {
        (Bool, ..) => ["lenient::bool", "lenient::opt_bool", "lenient::bool_list", "lenient::opt_bool_list"],
        (I32 | I64 | U32 | U64, ..) => {
            ["lenient::int", "lenient::opt_int", "lenient::int_list", "lenient::opt_int_list"]
        }
        (F64, ..) => ["lenient::float", "lenient::opt_float", "lenient::float_list", "lenient::opt_float_list"],
        (String, ..) => ["lenient::string", "lenient::opt_string", "lenient::string_list", "lenient::opt_string_list"],
        (Named(_, NamedKind::Object), ..) => {
            ["lenient::object", "lenient::opt_object", "lenient::object_list", "lenient::opt_object_list"]
        }
        (_, true, true) => return None,
        (_, true, false) => return Some("lenient::list"),
        (
            Timestamp | Named(_, NamedKind::Id(IdBase::I64 | IdBase::U64) | NamedKind::Enum(EnumBase::I64)),
            false,
            true,
        ) => {
            return Some("lenient::opt_int");
        }
        _ => return None,
    };
    Some(names[2 * usize::from(ty.list) + usize::from(ty.optional)])
}

/// `#[serde(rename = "type", default, deserialize_with = "lenient::opt_int")]`, or nothing where serde needs no telling.
fn serde_attribute(parts: &[TokenStream]) -> TokenStream {
    if parts.is_empty() { TokenStream::new() } else { quote!(#[serde(#(#parts),*)]) }
}

/// Tells serde's derive where serde is, in a crate that need not depend on it.
fn serde_path(api: &Api) -> TokenStream {
    if api.extension { quote!(#[serde(crate = "::cqhttp::serde")]) } else { TokenStream::new() }
}

/// A raw string literal, readable in a snapshot: `r#"{"group_id":42}"#`.
fn raw_string(text: &str) -> TokenStream {
    let hashes = "#".repeat((0..).find(|n| !text.contains(&format!("\"{}", "#".repeat(*n)))).unwrap_or(0).max(1));
    let raw = format!("r{hashes}\"{text}\"{hashes}");
    raw.parse().unwrap_or_else(|_| Literal::string(text).into_token_stream())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use proc_macro2::{Delimiter, TokenStream, TokenTree};

    use super::Generated;
    use crate::resolve::RESERVED_TYPES;
    use crate::{generate, generate_extension};

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

        /// `variants` are declared where they stand.
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

        /// What a type of the schema could be called, which this code would then mean.
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
        let of_base = Names::of(&generate(&base).unwrap());
        let none = Names::default();
        let mut schemas = yaml_files(&tests.join("schema"));
        schemas.push(tests.join("joined"));
        for path in &schemas {
            assert_eq!(Names::of(&generate(path).unwrap()).free(&none), [""; 0], "{}", path.display());
        }
        schemas.push(tests.join("extension/own"));
        for path in schemas {
            if let Ok(generated) = generate_extension(&path, &base) {
                assert_eq!(Names::of(&generated).free(&of_base), [""; 0], "{}", path.display());
            }
        }
    }

    /// The macros of ids and enums are expanded among the types of a schema.
    #[test]
    fn nor_for_what_the_macros_of_the_library_mean() {
        let Ok(text) = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/id.rs")) else { return };
        let mut names = Names::default();
        names.read(text.parse().unwrap(), false);
        // Serde's functions are generic over it, and name nothing else.
        names.used.remove("D");
        assert_eq!(names.free(&Names::default()), [""; 0]);
    }
}
