//! The modules of a crate: its files, and every path that each names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, UseTree};

/// A path to a module or an item, from the root of the crate: `["transport", "ws", "Frame"]`.
pub(crate) type Segments = Vec<String>;

/// One module: of a file, or written inside one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The file that the module stands in, relative to the crate's folder.
    pub(crate) file: String,
    /// Names that `use` brings in, with the path as it stands there.
    pub(crate) imported: BTreeMap<String, Segments>,
    /// Paths that end in `*`.
    pub(crate) globs: Vec<Segments>,
    /// Every other path of two segments or more.
    pub(crate) paths: BTreeSet<Segments>,
}

/// A crate.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<Segments, Module>,
    /// Macros with `#[macro_export]`, which stand at the crate's root wherever they are defined, with their file.
    pub(crate) macros: BTreeMap<String, String>,
}

impl Crate {
    /// Reads a crate by following `mod` from `start`; `read` gives the text of a file of the crate's folder, if it exists.
    pub(crate) fn read(start: &str, read: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut this = Self::default();
        this.file(Vec::new(), start, read);
        this
    }

    /// Reads a crate from its folder.
    pub(crate) fn of(folder: &Path, start: &str) -> Self {
        Self::read(start, &|file| std::fs::read_to_string(folder.join(file)).ok())
    }

    fn file(&mut self, module: Segments, file: &str, read: &dyn Fn(&str) -> Option<String>) {
        let text = read(file).unwrap_or_else(|| panic!("there is no {file}"));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.items(module, file, &parsed.items, read);
    }

    fn items(&mut self, module: Segments, file: &str, items: &[Item], read: &dyn Fn(&str) -> Option<String>) {
        let mut here = Module { file: file.to_owned(), ..Module::default() };
        for item in items {
            match item {
                Item::Mod(inner) => {
                    let path = [module.clone(), vec![inner.ident.to_string()]].concat();
                    match &inner.content {
                        Some((_, items)) => self.items(path, file, items, read),
                        None => {
                            let found = candidates(file, &path, module.is_empty());
                            let found = found.iter().find(|file| read(file).is_some());
                            self.file(
                                path,
                                found.unwrap_or_else(|| panic!("{file}: no file of `mod {}`", inner.ident)),
                                read,
                            );
                        }
                    }
                }
                Item::Macro(definition) if definition.ident.is_some() => {
                    // A path with `$crate` is one of the place where the macro is invoked.
                    Reader { module: &mut here }.tokens(definition.mac.tokens.clone(), &[]);
                    if definition.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")) {
                        self.macros.insert(definition.ident.as_ref().unwrap().to_string(), file.to_owned());
                    }
                }
                other => Reader { module: &mut here }.visit_item(other),
            }
        }
        assert!(self.modules.insert(module, here).is_none(), "{file}: a module that stands twice");
    }

    /// Returns the deepest module that an absolute path leads to, and the name that follows, if one does.
    pub(crate) fn deepest<'p>(&self, path: &'p [String]) -> (Segments, Option<&'p str>) {
        let mut length = 0;
        while length < path.len() && self.modules.contains_key(&path[..=length]) {
            length += 1;
        }
        (path[..length].to_vec(), path.get(length).map(String::as_str))
    }
}

/// Returns the files that `mod` in `file` may mean.
fn candidates(file: &str, module: &[String], in_root: bool) -> [String; 2] {
    let name = module.last().unwrap();
    let folder = match file.rsplit_once('/') {
        _ if in_root || file.ends_with("/mod.rs") => {
            file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"))
        }
        _ => format!("{}/", file.trim_end_matches(".rs")),
    };
    [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")]
}

/// Collects what one module defines and names.
struct Reader<'m> {
    module: &'m mut Module,
}

impl Reader<'_> {
    fn tree(&mut self, tree: &UseTree, before: &mut Segments) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
            UseTree::Glob(_) => self.module.globs.push(before.clone()),
            UseTree::Name(name) => self.import(&name.ident.to_string(), &name.ident.to_string(), before),
            UseTree::Rename(rename) => {
                self.import(&rename.ident.to_string(), &rename.rename.to_string(), before);
            }
        }
    }

    fn import(&mut self, name: &str, alias: &str, before: &[String]) {
        let mut path = before.to_vec();
        if name != "self" {
            path.push(name.to_owned());
        }
        let alias = if alias == "self" { path.last().cloned().unwrap_or_default() } else { alias.to_owned() };
        // `use … as _` brings in no name, but still needs the file; and a name may come from two places (a
        // function and a type), of which each counts.
        self.module.paths.insert(path.clone());
        self.module.imported.insert(alias, path);
    }

    /// Reads the paths in tokens that stand behind `prefix`, as those of `use prefix::{…}` do.
    fn tokens(&mut self, tokens: TokenStream, prefix: &[String]) {
        let mut path: Segments = prefix.to_vec();
        let (mut colons, mut dollar) = (2, false);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.flush(&mut path, prefix);
                    }
                    if path.is_empty() && dollar {
                        path.push("$".to_owned());
                    }
                    (colons, dollar) = (0, false);
                    path.push(ident.to_string());
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) if colons == 2 && path.len() > prefix.len() => {
                    self.tokens(group.stream(), &path);
                    (path, colons, dollar) = (prefix.to_vec(), 0, false);
                }
                TokenTree::Group(group) => {
                    self.flush(&mut path, prefix);
                    (colons, dollar) = (0, false);
                    self.tokens(group.stream(), &[]);
                }
                TokenTree::Punct(punct) => {
                    self.flush(&mut path, prefix);
                    (colons, dollar) = (if punct.as_char() == ',' { 2 } else { 0 }, punct.as_char() == '$');
                }
                TokenTree::Literal(_) => {
                    self.flush(&mut path, prefix);
                    (colons, dollar) = (0, false);
                }
            }
        }
        self.flush(&mut path, prefix);
    }

    fn flush(&mut self, path: &mut Segments, prefix: &[String]) {
        if path.len() > prefix.len().max(1) && path[0] != "$" {
            self.module.paths.insert(path.clone());
        }
        *path = prefix.to_vec();
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut before = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        self.tree(&item.tree, &mut before);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments: Segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path.leading_colon.is_some() {
            segments.insert(0, String::new());
        }
        if segments.len() > 1 {
            self.module.paths.insert(segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.tokens(invocation.tokens.clone(), &[]);
        visit::visit_macro(self, invocation);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        // `#[serde(with = "crate::time")]` names a path in a string; docs name no dependency.
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone(), &[]);
            for token in list.tokens.clone() {
                let text = token.to_string();
                let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                if let Some(tokens) = quoted.and_then(|path| path.parse::<TokenStream>().ok()) {
                    self.tokens(tokens, &[]);
                }
            }
        }
    }
}
