//! Reading a world from a file, and checking it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::model::{Group, World};
use crate::__private::path_of;
use crate::types::{GroupRequestKind, GroupRole};

/// The error of a world: all its faults, or the reason why its file cannot be read.
#[derive(Clone)]
pub struct WorldError {
    file: Option<PathBuf>,
    why: WorldErrorKind,
}

#[derive(Clone, Debug)]
enum WorldErrorKind {
    Unread(Arc<io::Error>),
    /// The path in the file, and the error.
    Json(String, Arc<serde_json::Error>),
    Faults(Vec<WorldFault>),
}

/// A fault of a world.
#[derive(Clone, Debug)]
struct WorldFault {
    path: Vec<PathStep>,
    /// Line and column.
    place: Option<(usize, usize)>,
    what: String,
}

#[derive(Clone, Copy, Debug)]
enum PathStep {
    Key(&'static str),
    Index(usize),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map_or("the world".into(), |file| file.to_string_lossy());
        match &self.why {
            WorldErrorKind::Unread(_) => write!(f, "{file} cannot be read"),
            WorldErrorKind::Json(path, error) => {
                write!(f, "{file}:{}:{}: ", error.line(), error.column())?;
                if path.is_empty() { f.write_str("it cannot be read") } else { write!(f, "`{path}` cannot be read") }
            }
            WorldErrorKind::Faults(faults) => {
                for (index, fault) in faults.iter().enumerate() {
                    f.write_str(if index > 0 { "\n" } else { "" })?;
                    write!(f, "{file}:")?;
                    if let Some((line, column)) = fault.place {
                        write!(f, "{line}:{column}:")?;
                    }
                    write!(f, " `{}`: {}", PathOf(&fault.path), fault.what)?;
                }
                Ok(())
            }
        }
    }
}

/// The same as `Display`, with the source: the message of a test that unwraps it.
impl fmt::Debug for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match std::error::Error::source(self) {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for WorldError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            WorldErrorKind::Unread(error) => Some(&**error),
            WorldErrorKind::Json(_, error) => Some(&**error),
            WorldErrorKind::Faults(_) => None,
        }
    }
}

struct PathOf<'a>(&'a [PathStep]);

impl fmt::Display for PathOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Key(key) => write!(f, "{}{key}", if index > 0 { "." } else { "" })?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl World {
    /// Reads a world from a JSON file: see [the module](super).
    ///
    /// # Errors
    ///
    /// The file cannot be read, or does not contain a valid world. The error lists every fault with its place.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let file = Some(path.as_ref().to_owned());
        match std::fs::read_to_string(&path) {
            Ok(json) => json.parse().map_err(|error| WorldError { file, ..error }),
            Err(error) => Err(WorldError { file, why: WorldErrorKind::Unread(Arc::new(error)) }),
        }
    }

    /// Returns all faults as an error.
    pub(crate) fn check(&self) -> Result<(), WorldError> {
        let faults = self.faults();
        if faults.is_empty() { Ok(()) } else { Err(WorldError { file: None, why: WorldErrorKind::Faults(faults) }) }
    }

    fn faults(&self) -> Vec<WorldFault> {
        let mut faults = FaultList(Vec::new());
        faults.twice("friends", "user_id", self.friends.iter().map(|friend| friend.user_id.get()));
        faults.twice("strangers", "user_id", self.strangers.iter().map(|stranger| stranger.user_id.get()));
        faults.twice("groups", "group_id", self.groups.iter().map(|group| group.group_id.get()));
        faults.twice("messages", "message_id", self.messages.iter().map(|said| said.message_id.get()));
        for (index, friend) in self.friends.iter().enumerate().filter(|(_, f)| f.user_id == self.account.user_id) {
            let path = [PathStep::Key("friends"), PathStep::Index(index), PathStep::Key("user_id")];
            faults.add(path, format!("{} is the account itself", friend.user_id));
        }
        for (index, group) in self.groups.iter().enumerate() {
            self.faults_of_group(index, group, &mut faults);
        }
        for (index, said) in self.messages.iter().enumerate() {
            let Some(group) = said.group_id else { continue };
            if self.find_group(group).is_none() {
                let path = [PathStep::Key("messages"), PathStep::Index(index), PathStep::Key("group_id")];
                faults.add(path, format!("there is no group {group}"));
            }
        }
        for (index, asked) in self.group_requests.iter().enumerate() {
            let within = |key| [PathStep::Key("group_requests"), PathStep::Index(index), PathStep::Key(key)];
            if let GroupRequestKind::Other(other) = &asked.sub_type {
                faults.add(within("sub_type"), format!("`{}` is neither add nor invite", other.get()));
            }
            if self.find_group(asked.group_id).is_none() {
                faults.add(within("group_id"), format!("there is no group {}", asked.group_id));
            }
        }
        faults.0
    }

    fn faults_of_group(&self, index: usize, group: &Group, faults: &mut FaultList) {
        let within = |rest: &[PathStep]| [&[PathStep::Key("groups"), PathStep::Index(index)], rest].concat();
        let mut seen = BTreeSet::new();
        let mut owner = None;
        for (index, member) in group.members.iter().enumerate() {
            let user = member.user_id;
            let at = |key| within(&[PathStep::Key("members"), PathStep::Index(index), PathStep::Key(key)]);
            if !seen.insert(user) {
                faults.add(at("user_id"), format!("{user} is in the group already"));
            }
            match (&member.role, owner) {
                (GroupRole::Other(role), _) => {
                    faults.add(at("role"), format!("`{}` is not one of owner, admin and member", role.get()));
                }
                (GroupRole::Owner, Some(first)) => {
                    faults.add(at("role"), format!("the group has an owner already, {first}"));
                }
                (GroupRole::Owner, None) => owner = Some(user),
                _ => {}
            }
        }
        if let Some((key, what)) = self.fault_of_joining(group) {
            faults.add(within(&[PathStep::Key(key)]), what);
        }
        for (index, file) in group.files.iter().enumerate() {
            let Some(folder) = &file.folder_id else { continue };
            if !group.folders.iter().any(|other| other.folder_id == *folder) {
                let path = within(&[PathStep::Key("files"), PathStep::Index(index), PathStep::Key("folder_id")]);
                faults.add(path, format!("there is no folder {folder} in the group"));
            }
        }
    }

    fn fault_of_joining(&self, group: &Group) -> Option<(&'static str, String)> {
        let (account, id) = (self.account.user_id, group.group_id);
        match (group.joined, group.find_member(account).is_some()) {
            (true, false) => {
                let remedy = "add it, or declare the group not joined: `\"joined\": false`, `Group::not_joined`";
                Some(("members", format!("the account {account} is not in group {id}; {remedy}")))
            }
            (false, true) => Some(("joined", format!("the account {account} is among the members of group {id}"))),
            _ => None,
        }
    }
}

/// Parses the JSON of a file.
impl FromStr for World {
    type Err = WorldError;

    fn from_str(json: &str) -> Result<Self, WorldError> {
        let world: Self = serde_json::from_str(json).map_err(|error| {
            let path = path_of(json.as_bytes(), &error);
            WorldError { file: None, why: WorldErrorKind::Json(path, Arc::new(error)) }
        })?;
        let mut faults = world.faults();
        for fault in &mut faults {
            fault.place = place(json, &fault.path);
        }
        faults.sort_by_key(|fault| fault.place);
        if faults.is_empty() { Ok(world) } else { Err(WorldError { file: None, why: WorldErrorKind::Faults(faults) }) }
    }
}

struct FaultList(Vec<WorldFault>);

impl FaultList {
    fn add(&mut self, path: impl Into<Vec<PathStep>>, what: String) {
        self.0.push(WorldFault { path: path.into(), place: None, what });
    }

    /// Adds a fault for each id that a list repeats; 0 is not an id.
    fn twice(&mut self, list: &'static str, key: &'static str, ids: impl Iterator<Item = i64>) {
        let mut seen = BTreeSet::new();
        for (index, id) in ids.enumerate() {
            if id != 0 && !seen.insert(id) {
                self.add(
                    [PathStep::Key(list), PathStep::Index(index), PathStep::Key(key)],
                    format!("{id} occurs twice"),
                );
            }
        }
    }
}

/// Returns line and column of the value at the end of a path, or of the last value on the path that exists.
fn place(json: &str, path: &[PathStep]) -> Option<(usize, usize)> {
    let mut value = json.trim_start();
    for step in path {
        let next = match step {
            PathStep::Key(key) => serde_json::from_str::<BTreeMap<String, &RawValue>>(value).ok()?.remove(*key),
            PathStep::Index(index) => serde_json::from_str::<Vec<&RawValue>>(value).ok()?.get(*index).copied(),
        };
        let Some(next) = next else { break };
        value = next.get();
    }
    let before = json.get(..value.as_ptr() as usize - json.as_ptr() as usize)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
}
