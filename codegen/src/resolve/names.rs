//! Names that are taken, on the wire and in Rust, and collisions between them.

use std::collections::HashMap;

use super::resolver::Resolver;
use crate::diagnostic::list;
use crate::model::CLIENT_TRAIT;
use crate::name;
use crate::source::{self, Returns, SourceFile};
use crate::source_map::Spot;

/// The enum whose values an action's `errors` are.
pub(crate) const REFUSALS: &str = "RefusalCode";

/// Methods of a type that are written by hand.
pub(super) struct Methods {
    public: &'static [&'static str],
    /// Methods that collide with the crate's own methods only, not with another crate's traits.
    private: &'static [&'static str],
}

/// The methods of `Call`, which every action's call has; `new` is also a method of the request.
pub(super) const CALL_METHODS: Methods = Methods {
    public: &["client", "clone", "into_future", "map_request", "new", "pages", "param", "stream", "with_raw", "within"],
    private: &[
        "answered",
        "begin",
        "counts_by_ids",
        "exchange",
        "outgoing",
        "read_answer",
        "request",
        "send",
        "time_limit",
    ],
};

/// The methods of `Client`.
const CLIENT_METHODS: Methods = Methods {
    public: &[
        "approve",
        "builder",
        "call",
        "clone",
        "detect_server",
        "from_env",
        "from_service",
        "reject",
        "reply",
        "save_file",
        "send",
        "send_forward",
        "server_kind",
    ],
    private: &["is_shared", "kind_cell", "new", "service", "shared_kind", "timeout", "token", "with_service"],
};

/// Methods of Rust's traits that `Client` and `Call` have. An inherent method takes precedence over them, a trait's does not.
const TRAIT_METHODS: &[&str] = &["borrow", "clone_into", "into", "to_owned", "try_into"];

/// Names that generated code takes from Rust's prelude and from the crate's root.
pub const RESERVED_TYPES: &[&str] = &[
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
    "RefusalKind",
    "Result",
    "Self",
    "Serialize",
    "ServerKind",
    "Some",
    "String",
    "Timestamp",
    "Unlisted",
    "UploadSource",
    "Vec",
];

/// Hints for a type of the same name in `cqhttp`, and for another item of that name.
pub(super) const OTHER_TYPE: [&str; 2] = ["use that one, or rename yours", "rename yours"];

/// Hints for an action of the same name, which the server has chosen.
const OTHER_ACTION: [&str; 2] = ["call that one, or yours by `Raw`", "call yours by `Raw`"];

/// Names that are in use, each with its user, and `true` if that is the extension's.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) wires: HashMap<String, (String, bool)>,
    pub(super) rust: HashMap<String, (String, bool)>,
}

impl Resolver<'_> {
    /// The methods that are taken: these, and those that a trait's methods would collide with.
    pub(super) fn methods(&self, of: &Methods) -> Vec<&'static str> {
        let further = if self.extension { TRAIT_METHODS } else { of.private };
        let mut methods = [of.public, further].concat();
        methods.sort_unstable();
        methods
    }

    /// Reports names that collide on the wire or in Rust.
    pub(super) fn collisions(&mut self, files: &[SourceFile]) {
        let mut taken = Taken::default();
        // The base comes first, so that its names are taken.
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
        self.untyped_names(files, &taken);
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
        let (name, spot) = (action.rust_name(), action.rust_name_spot());
        if self.methods(&CLIENT_METHODS).contains(&name.snake()) || name::is_keyword(name.snake()) {
            let message = format!("`{}` cannot be a method of `Client`", name.snake());
            let hint = format!("taken are Rust's keywords and {}", list(&self.methods(&CLIENT_METHODS)));
            self.faults.add(spot, message, hint);
        }
        if RESERVED_TYPES.contains(&name.pascal().as_str()) {
            let message = format!("the request would be called `{}`, which is taken", name.pascal());
            self.faults.add(spot, message, "choose another name");
        }
    }

    fn rust_names(&mut self, taken: &mut Taken, action: &source::Action) {
        let (name, spot) = (action.rust_name().pascal(), action.rust_name_spot());
        let what = format!("the action `{}`", action.name.value);
        let claimed = self.claim(taken, name.clone(), what.clone(), spot, OTHER_ACTION);
        if claimed && matches!(action.returns, Some(Returns::Fields(_))) {
            self.claim(taken, format!("{name}Response"), format!("the answer to {what}"), spot, OTHER_ACTION);
        }
        if claimed && self.extension {
            self.claim(taken, format!("{name}Call"), format!("the trait of {what}"), spot, OTHER_ACTION);
        }
    }

    /// Claims a name, and returns `true` if it was free. `instead` are hints for a name that `cqhttp` has: for the same item,
    /// and for another.
    pub(super) fn claim(
        &mut self,
        taken: &mut Taken,
        name: String,
        what: String,
        spot: &Spot,
        instead: [&str; 2],
    ) -> bool {
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
}

/// The documented refusals; `None` if there is no such enum. An extension may have an enum of further ones.
pub(super) fn refusals(files: &[SourceFile]) -> Option<Vec<String>> {
    let types = files.iter().flat_map(|file| file.types.iter().map(|ty| (ty.name.value.as_str(), ty, file.extension)));
    let of_refusals = types.filter(|(name, _, extension)| *name == REFUSALS || *extension && name.ends_with(REFUSALS));
    let mut enums = of_refusals.filter_map(|(_, ty, _)| match &ty.kind {
        source::Kind::Enum { values, .. } => Some(values),
        _ => None,
    });
    let first = enums.next()?;
    let values = first.iter().chain(enums.flatten());
    Some(values.map(|value| value.value.as_str().unwrap_or_default().to_owned()).collect())
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

    /// Reads every file of a folder and the folders in it.
    fn read(folder: &Path, files: &mut Vec<syn::File>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                read(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push(syn::parse_file(&text).unwrap_or_else(|error| unreachable!("{}: {error}", path.display())));
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
        let mut files = Vec::new();
        read(&library, &mut files);
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
