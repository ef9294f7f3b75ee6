//! The lengths of hand-written files and functions.

use std::path::PathBuf;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::{files, root, shown};

const MAX_FILE: usize = 500;
const MAX_FUNCTION: usize = 50;

/// Returns the Rust files that are neither tests nor benches nor data.
fn sources() -> Vec<PathBuf> {
    let parts = ["src", "codegen/src", "codegen/cli/src", "cqhttp-mock/src", "examples"];
    let all = parts.iter().flat_map(|part| files(&root().join(part), "rs"));
    all.filter(|file| !file.components().any(|part| part.as_os_str() == "tests")).collect()
}

#[test]
fn no_file_and_no_function_is_too_long() {
    let mut faults = String::new();
    for file in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        if text.lines().count() > MAX_FILE {
            faults += &format!("{}: {} lines, more than {MAX_FILE}\n", shown(&file), text.lines().count());
        }
        let mut functions = Functions(Vec::new());
        functions.visit_file(&syn::parse_file(&text).unwrap());
        for (name, line, length) in functions.0.into_iter().filter(|(.., length)| *length > MAX_FUNCTION) {
            faults += &format!("{}:{line}: `{name}` has {length} lines, more than {MAX_FUNCTION}\n", shown(&file));
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

/// Each function's name, first line, and number of lines, without its docs.
struct Functions(Vec<(String, usize, usize)>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (signature.span().start().line, block.span().end().line);
        self.0.push((signature.ident.to_string(), first, last - first + 1));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.add(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    // Tests may tell a long story.
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }
}
