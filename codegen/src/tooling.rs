//! The parts of the generator that the command `cqhttp-codegen` consists of. They are not for users: any version may
//! change them.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Diagnostics, Faults};
use crate::source::{self, SourceFile};
use crate::source_map::{SourceMap, Spot};
use crate::yaml::{self, Locator};
use crate::{extension, resolve};

pub use crate::diagnostic::{list, nearest, one_line, suggest};
pub use crate::doc::{alias_fault, code_span, fault as doc_fault, summary};
pub use crate::emit::{
    default_text, direction as direction_text, emit, is_head as is_generated_head, line as signature,
    servers as servers_text, type_text,
};
pub use crate::facts::{ActionFacts, KnownServer, LineFault, ParamFacts, SERVERS, ServerFacts, known_server};
pub use crate::model::{
    Action, Api, Availability, Choice, Direction, Effect, Event, Field, File, NextPage, Operation, Origin, Pages,
    Param, PostType, Presence, Refusal, RefusalRule, Returns, Segment, Server, Stream, TARGET_KEYS, TypeDef, TypeKind,
    Untyped, Variant, VariantValue,
};
pub use crate::name::{Name, is_action, is_keyword, is_pascal, is_snake, is_wire_action};
pub use crate::resolve::{RESERVED_TYPES, UNKNOWN};
pub use crate::ty::{BUILT_IN, EnumBase, IdBase, NamedKind, Scalar, Ty};
pub use crate::yaml::{Node, Value, json as json_node};

/// Reads a file of YAML that is not a schema.
///
/// # Errors
///
/// Each place that is not YAML, or that uses a part of YAML that schemas do not use.
pub fn yaml_node(path: &Path, bytes: &[u8]) -> Result<Node, Diagnostics> {
    let diagnostic = |fault: yaml::SyntaxFault| {
        let yaml::SyntaxFault { line, column, message, hint } = fault;
        Diagnostic { file: path.to_owned(), line, column, message, hint }
    };
    yaml::read(bytes).map_err(|faults| Diagnostics::several(faults.into_iter().map(diagnostic).collect()))
}

/// A schema without faults: its model, and its files for the places in them.
#[derive(Debug)]
pub struct Schema {
    /// The model.
    pub api: Api,
    files: Vec<SourceFile>,
    map: SourceMap,
}

/// The reason why there is no [`Schema`].
#[derive(Debug)]
pub enum ReadError {
    /// The schema cannot be read or holds nothing, or its base is not a schema of this version.
    Unreadable(Diagnostics),
    /// The schema has faults.
    Faulty {
        /// The faults.
        diagnostics: Diagnostics,
        /// The schema may be that of `cqhttp` itself: one that adds to it has no type `RefusalCode`.
        is_cqhttp: bool,
    },
}

/// Reads a schema, and the `base` that it adds to. A file of the schema is read if `wanted` accepts its bytes.
///
/// # Errors
///
/// Every fault of the schema, or the reason why it cannot be read.
pub fn read(schema: &Path, base: Option<&Path>, wanted: fn(&[u8]) -> bool) -> Result<Schema, ReadError> {
    let mut faults = Faults::default();
    let sources = source::read(schema, base, wanted, &mut faults).map_err(ReadError::Unreadable)?;
    let api = resolve::resolve(&sources.files, &mut faults);
    match (faults.into_result(&sources.map), base) {
        (Ok(()), _) => Ok(Schema { api, files: sources.files, map: sources.map }),
        (Err(all), Some(base)) if extension::is_of_base(&all, base) => {
            Err(ReadError::Unreadable(extension::own_or_of_base(all, base)))
        }
        (Err(diagnostics), _) => {
            let mut types = sources.files.iter().flat_map(|file| &file.types);
            let is_cqhttp = types.any(|ty| ty.name.value == resolve::REFUSALS);
            Err(ReadError::Faulty { diagnostics, is_cqhttp })
        }
    }
}

/// A place in a file of the schema; [`Locations`] gives its line and column.
#[derive(Clone, Debug)]
pub struct Position(Spot);

/// A deviation of go-cqhttp's code that a stanza explains.
#[derive(Clone, Debug)]
pub struct Deviation {
    /// The key of `deviates:`, such as `default`.
    pub key: String,
    /// The explanation.
    pub reason: String,
    /// The place of the key.
    pub position: Position,
}

/// An action's stanza: the parts that are not in the model.
#[derive(Clone, Debug)]
pub struct Stanza {
    /// The place of the name.
    pub position: Position,
    /// The explained deviations.
    pub deviates: Vec<Deviation>,
    /// The parameters, in the order of [`Action::params`].
    pub params: Vec<StanzaParam>,
}

/// A parameter in an action's stanza.
#[derive(Clone, Debug)]
pub struct StanzaParam {
    /// The parameter's name.
    pub name: String,
    /// The type, as the schema writes it.
    pub ty: String,
    /// The place of the name.
    pub position: Position,
    /// The explained deviations.
    pub deviates: Vec<Deviation>,
}

impl Schema {
    /// Makes the files of the base, as they were read, the schema's own.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { api: self.api.whole(), ..self }
    }

    /// Returns every action of a [`whole`](Self::whole) schema with its stanza, in the order of the files.
    pub fn stanzas(&self) -> impl Iterator<Item = (&Action, Stanza)> {
        // A schema without faults became the model stanza by stanza.
        let files = self.files.iter().zip(&self.api.files);
        files.flat_map(|(file, resolved)| resolved.actions.iter().zip(file.actions.iter().map(Stanza::of)))
    }

    /// Returns the actions that have no types, each with the place of its name.
    pub fn untyped(&self) -> impl Iterator<Item = (&str, Position)> {
        let untyped = self.files.iter().flat_map(|file| &file.untyped);
        untyped.map(|action| (action.name.value.as_str(), Position(action.name.spot.clone())))
    }

    /// Returns the place of an action in the facts about a server.
    #[must_use]
    pub fn server_action(&self, server: &str, action: &str) -> Option<Position> {
        let servers = self.files.iter().flat_map(|file| &file.servers);
        let actions = servers.filter(|known| known.name.value == server).flat_map(|server| &server.actions);
        let mut named = actions.filter(|known| known.value.names.iter().any(|name| name == action));
        named.next().map(|action| Position(action.spot.clone()))
    }

    /// Returns the lines of the schema's files.
    #[must_use]
    pub fn locations(&self) -> Locations<'_> {
        Locations(self.map.files().iter().map(|file| (file.path.as_path(), Locator::new(&file.text))).collect())
    }
}

impl Stanza {
    fn of(action: &source::Action) -> Self {
        let param = |param: &source::Field| StanzaParam {
            name: param.name.value.clone(),
            ty: param.ty.value.clone(),
            position: Position(param.name.spot.clone()),
            deviates: deviations(&param.deviates),
        };
        Self {
            position: Position(action.name.spot.clone()),
            deviates: deviations(&action.deviates),
            params: action.params.iter().map(param).collect(),
        }
    }
}

fn deviations(deviates: &[source::Deviation]) -> Vec<Deviation> {
    let deviation = |deviation: &source::Deviation| Deviation {
        key: deviation.what.value.clone(),
        reason: deviation.reason.clone(),
        position: Position(deviation.what.spot.clone()),
    };
    deviates.iter().map(deviation).collect()
}

/// The lines of a schema's files.
pub struct Locations<'a>(Vec<(&'a Path, Locator<'a>)>);

impl Locations<'_> {
    /// Returns the file, the line and the column of a place, both from 1.
    #[must_use]
    pub fn locate(&self, position: &Position) -> (&Path, usize, usize) {
        let (path, locator) = &self.0[position.0.file];
        let (line, column) = locator.locate(&position.0.place);
        (path, line, column)
    }
}
