//! Source → model: every rule, and every fault of a run.

mod action;
mod bare;
mod choice;
mod circle;
mod decides;
mod deviation;
mod event;
mod example;
mod names;
mod pages;
mod params;
mod refusal;
mod resolver;
mod segment;
mod server;
mod stream;
mod types;
mod untyped;
mod without_vendor;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use names::REFUSALS;
pub use names::RESERVED_TYPES;
use resolver::Resolver;
pub use resolver::UNKNOWN;
pub(crate) use without_vendor::check_uses;

use crate::diagnostic::Faults;
use crate::model::{self, Api, File};
use crate::source::SourceFile;

/// Resolves the stanzas of all files to the API. If faults were found, the result must not be used.
pub(crate) fn resolve(files: &[SourceFile], faults: &mut Faults) -> Api {
    let refused = files.iter().flat_map(|file| file.refused.names.iter().cloned()).collect();
    let any_refused = files.iter().any(|file| file.refused.any);
    let mut resolver = Resolver {
        faults,
        types: BTreeMap::new(),
        refused,
        any_refused,
        refusals: names::refusals(files),
        operations: Vec::new(),
        extension: false,
    };
    resolver.declare_types(files);
    let extension = files.iter().any(|file| file.extension);
    let mut api = Api {
        files: Vec::new(),
        base: Vec::new(),
        extension,
        servers: resolver.servers_of(files),
        untyped: resolver.untyped(files),
        refusals: Vec::new(),
        objects: BTreeMap::new(),
        empty_objects: BTreeSet::new(),
        enums: BTreeMap::new(),
    };
    for file in files {
        let file = resolver.types_of(file, &mut api);
        api.files.push(file);
    }
    api.empty_objects = model::empty_objects(&api.objects);
    resolver.unlisted_values(files, &api);
    resolver.amounts(files, &api);
    resolver.events(files, &mut api);
    for (file, resolved) in files.iter().zip(&mut api.files) {
        resolver.extension = file.extension;
        resolved.segments = file.segments.iter().filter_map(|segment| resolver.segment(segment)).collect();
        resolved.actions = file.actions.iter().filter_map(|action| resolver.action(action)).collect();
    }
    api.refusals = resolver.refusal_kinds(files);
    conclusions(files, &mut api);
    resolver.collisions(files);
    resolver.circles(files, &api);
    example::check(&api, all_events_known(files, &api), resolver.faults);
    if extension {
        // The code of the base is there already.
        api.base = api.files.drain(..files.iter().filter(|file| !file.extension).count()).collect();
    }
    api
}

/// Adds to each action what follows from the refusals and the servers.
fn conclusions(files: &[SourceFile], api: &mut Api) {
    for (file, resolved) in files.iter().zip(&mut api.files) {
        for action in &mut resolved.actions {
            server::availability(&api.servers, action, file.extension);
            action.uncertain = refusal::uncertain_codes(&api.refusals, action);
        }
    }
}

/// Returns `true` if no event was refused: an example may mean one that was.
fn all_events_known(files: &[SourceFile], api: &Api) -> bool {
    let refused = files.iter().any(|file| file.refused.any || file.events.iter().any(|event| event.broken));
    let resolved = |(source, file): (&SourceFile, &File)| source.events.len() == file.events.len();
    !refused && files.iter().zip(&api.files).all(resolved)
}
