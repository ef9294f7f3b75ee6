//! No two files need each other, and no file imports `lib.rs`.
//!
//! The paths of a file are read wherever they stand. A method that another file adds to a type is not seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::root;
use crate::tree::{Crate, Module, Segments};

/// Generated code is one node of the graph, under the name of the file that includes it.
const GENERATED: &str = "generated.rs";

/// The files that generated code is written with: the decoding core, and macros.
///
/// Three more kinds of names in generated code are not edges. Methods are added to `Client` and `Call`, which do not need
/// them. `::cqhttp::…` and `__private` are how generated code names the crate, here as in other crates. And the fields of
/// generated types hold values such as `Message`, which are made of generated ids themselves: the schema's types and the
/// values written by hand are one vocabulary.
const GENERATED_NEEDS: [&str; 4] = ["decode.rs", "id.rs", "macros.rs", "time.rs"];

/// The files of one crate, and the faults of their imports.
#[derive(Debug, Default, PartialEq)]
struct Graph {
    edges: BTreeMap<String, BTreeSet<String>>,
    /// Imports of the crate's root, with the file that has them.
    roots: BTreeSet<String>,
}

impl Graph {
    fn of(krate: &Crate, name: &str) -> Self {
        let mut graph = Self::default();
        for (path, module) in &krate.modules {
            graph.edges.entry(module.file.clone()).or_default();
            for named in module.paths.iter().chain(&module.globs) {
                if let Some(target) = absolute(krate, name, path, module, named, 0) {
                    graph.edge(krate, module, named, &target);
                }
            }
        }
        graph
    }

    fn edge(&mut self, krate: &Crate, module: &Module, named: &[String], target: &[String]) {
        let (found, item) = krate.deepest(target);
        let mut file = krate.modules[&found].file.clone();
        if found.is_empty()
            && let Some(defined) = item.and_then(|item| krate.macros.get(item))
        {
            file.clone_from(defined);
        }
        if file == module.file {
            return;
        }
        if found.is_empty() && !krate.macros.contains_key(item.unwrap_or_default()) && module.file != GENERATED {
            self.roots.insert(format!("{}: `{}`", module.file, named.join("::")));
        }
        self.edges.entry(module.file.clone()).or_default().insert(file);
    }

    /// Declares what generated code needs.
    fn declare(&mut self, file: &str, needs: &[&str]) {
        for need in needs {
            assert!(self.edges.contains_key(*need), "{file} is said to need {need}, which does not exist");
        }
        self.edges.insert(file.to_owned(), needs.iter().map(|need| (*need).to_owned()).collect());
    }

    /// Returns the groups of files in which each needs each other one, by way of others or directly.
    fn circles(&self) -> Vec<Vec<String>> {
        let reach: BTreeMap<&String, BTreeSet<&String>> =
            self.edges.keys().map(|file| (file, self.reach(file))).collect();
        let mut circles = BTreeSet::new();
        for (file, reached) in &reach {
            let circle: Vec<String> =
                reached.iter().filter(|other| reach[**other].contains(*file)).map(|other| (*other).clone()).collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    fn reach<'g>(&'g self, from: &'g String) -> BTreeSet<&'g String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            for next in self.edges.get(file).into_iter().flatten() {
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        reached
    }

    /// Returns the edges within a circle, for the message.
    fn within(&self, circle: &[String]) -> String {
        let mut text = String::new();
        for file in circle {
            let needs: Vec<&str> =
                self.edges[file].iter().filter(|need| circle.contains(need)).map(String::as_str).collect();
            text += &format!("    {file} needs {}\n", needs.join(", "));
        }
        text
    }
}

/// Returns a path from the root of the crate; `None` if it leads into another crate.
fn absolute(
    krate: &Crate,
    name: &str,
    module: &[String],
    here: &Module,
    path: &[String],
    depth: usize,
) -> Option<Segments> {
    let (first, rest) = path.split_first()?;
    let joined = |start: &[String]| Some([start, rest].concat());
    match first.as_str() {
        "crate" => joined(&[]),
        "self" => joined(module),
        "super" => {
            let (mut up, mut rest) = (module.len().checked_sub(1)?, rest);
            while let Some((next, after)) = rest.split_first()
                && next == "super"
            {
                (up, rest) = (up.checked_sub(1)?, after);
            }
            Some([&module[..up], rest].concat())
        }
        "" => match rest.split_first() {
            Some((first, rest)) if first == name => Some(rest.to_vec()),
            _ => None,
        },
        // Generated code and macros name the crate so; by hand it is a way around `crate`.
        first_name if first_name == name => joined(&[]),
        first_name => {
            let child = [module, std::slice::from_ref(first)].concat();
            if krate.modules.contains_key(&child) {
                return joined(&child);
            }
            // `use super::*` brings in the modules that the parent declares.
            let globs = here.globs.iter().filter(|glob| depth < 8 && glob[0] != *first);
            let brought = globs.filter_map(|glob| absolute(krate, name, module, here, glob, depth + 1));
            let brought = brought.map(|glob| [glob, vec![first.clone()]].concat());
            if let Some(sibling) = brought.into_iter().find(|sibling| krate.modules.contains_key(sibling)) {
                return joined(&sibling);
            }
            let imported = here.imported.get(first_name).filter(|imported| *imported != path && depth < 8)?;
            // Only a module leads on; an item of one file is not another file.
            let target = absolute(krate, name, module, here, imported, depth + 1)?;
            krate.modules.contains_key(&target).then(|| [target.as_slice(), rest].concat())
        }
    }
}

fn check(folder: &str, name: &str, starts: &[&str], generated: Option<&[&str]>) {
    let folder = root().join(folder);
    let mut faults = String::new();
    for start in starts {
        let krate = Crate::of(&folder, start);
        let mut graph = Graph::of(&krate, name);
        if let Some(needs) = generated {
            graph.declare(GENERATED, needs);
        }
        for circle in graph.circles() {
            faults += &format!("  a circle of {} files:\n{}", circle.len(), graph.within(&circle));
        }
        for import in &graph.roots {
            faults += &format!("  imports {start}: {import}\n");
        }
    }
    assert!(faults.is_empty(), "{}:\n{faults}", folder.display());
}

#[test]
fn no_two_files_of_the_library_need_each_other() {
    check("src", "cqhttp", &["lib.rs"], Some(&GENERATED_NEEDS));
}

#[test]
fn no_two_files_of_the_generator_need_each_other() {
    check("codegen/src", "cqhttp_codegen", &["lib.rs"], None);
}

#[test]
fn no_two_files_of_the_command_need_each_other() {
    check("codegen/cli/src", "cqhttp_codegen_cli", &["main.rs"], None);
}

#[test]
fn no_two_files_of_the_stand_in_program_need_each_other() {
    check("cqhttp-mock/src", "cqhttp_mock", &["main.rs"], None);
}

/// A crate of these files, whose first is its root.
fn graph(files: &[(&str, &str)]) -> Graph {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let krate = Crate::read("lib.rs", &|file| files.get(file).map(|text| (*text).to_owned()));
    Graph::of(&krate, "cqhttp")
}

#[test]
fn a_circle_is_found_whatever_form_its_paths_have() {
    let root = ("lib.rs", "mod a; mod b;");
    for (a, b) in [
        ("use crate::b::B; pub struct A;", "use crate::a::A; pub struct B;"),
        ("pub struct A; fn f() -> crate::b::B { todo!() }", "pub struct B; fn g() { let _ = crate::a::A; }"),
        ("pub struct A; fn f() { println!(\"{}\", crate::b::B); }", "use crate::{a::A as Other}; pub struct B;"),
        ("pub struct A; use super::b::*;", "pub struct B; mod inner { use crate::a; fn f(_: a::A) {} }"),
        ("pub struct A; use super::b as other; fn f(_: other::B) {}", "pub struct B; fn f(_: ::cqhttp::a::A) {}"),
        ("pub struct A; use super::*; fn f(_: b::B) {}", "pub struct B; macro_rules! m { () => { crate::a::A } }"),
        ("pub struct A; #[serde(with = \"crate::b\")] struct C;", "pub struct B; #[derive(crate::a::A)] struct D;"),
        ("pub struct A; m! { use crate::{b::B, c}; }", "pub struct B; m!(crate::a::A => 1);"),
    ] {
        let circles = graph(&[root, ("a.rs", a), ("b.rs", b)]).circles();
        assert_eq!(circles, [["a.rs".to_owned(), "b.rs".to_owned()]], "{a}\n{b}");
    }
}

#[test]
fn a_child_that_uses_its_parent_makes_a_circle_with_it() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod child; use child::C; pub struct A;"),
        ("a/child.rs", "pub struct C(super::A);"),
    ];
    assert_eq!(graph(&files).circles(), [["a.rs".to_owned(), "a/child.rs".to_owned()]]);
    let files = [("lib.rs", "mod a;"), ("a.rs", "mod child; pub struct A;"), ("a/child.rs", "pub struct C(super::A);")];
    assert_eq!(
        graph(&files).circles(),
        Vec::<Vec<String>>::new(),
        "a module that only declares a child does not need it"
    );
}

#[test]
fn a_long_circle_is_told_with_all_its_files() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "use crate::a::A; pub struct C;"),
        ("d.rs", "use crate::a::A;"),
    ];
    let graph = graph(&files);
    let circles = graph.circles();
    assert_eq!(circles, [["a.rs".to_owned(), "b.rs".to_owned(), "c.rs".to_owned()]]);
    assert_eq!(graph.within(&circles[0]), "    a.rs needs b.rs\n    b.rs needs c.rs\n    c.rs needs a.rs\n");
}

#[test]
fn an_import_of_the_root_is_told() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
        ("a.rs", "pub struct A; #[macro_export] macro_rules! m { () => {} }"),
        ("b.rs", "pub use crate::a::A; crate::m!();"),
        ("c.rs", "use crate::A;"),
    ];
    let graph = graph(&files);
    assert_eq!(graph.roots.iter().collect::<Vec<_>>(), ["c.rs: `crate::A`"]);
    assert!(graph.edges["b.rs"].contains("a.rs"), "a macro is where it is defined");
}
