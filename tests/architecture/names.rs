//! No name of a public type has two meanings.

use std::collections::BTreeMap;

use syn::{Item, Visibility};

use crate::{files, root, shown};

#[test]
fn no_public_type_has_two_meanings() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files(&root().join("src"), "rs") {
        let parsed = syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap();
        collect(&parsed.items, &shown(&file), &mut found);
    }
    let generated = cqhttp_codegen::generate(root().join("schema")).unwrap_or_else(|faults| panic!("{faults}"));
    for file in generated.files.iter().filter(|file| file.path.ends_with(".rs") && file.source.is_some()) {
        let parsed = syn::parse_file(&file.text).unwrap();
        collect(&parsed.items, &file.path, &mut found);
    }
    let twice: Vec<_> = found.iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

fn collect(items: &[Item], file: &str, found: &mut BTreeMap<String, Vec<String>>) {
    for item in items {
        let (visibility, name) = match item {
            Item::Enum(item) => (&item.vis, &item.ident),
            Item::Struct(item) => (&item.vis, &item.ident),
            Item::Trait(item) => (&item.vis, &item.ident),
            Item::Type(item) => (&item.vis, &item.ident),
            Item::Mod(module) => {
                collect(module.content.as_ref().map_or(&[], |(_, items)| items), file, found);
                continue;
            }
            _ => continue,
        };
        if matches!(visibility, Visibility::Public(_)) {
            found.entry(name.to_string()).or_default().push(file.to_owned());
        }
    }
}
