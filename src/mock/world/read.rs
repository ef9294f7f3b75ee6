//! Worlds from files, and what is wrong with a world.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::{Group, StoredMessage, World};
use crate::Timestamp;
use crate::types::{GroupFileId, GroupFolderId, GroupRequestKind, GroupRole};

/// Why a world cannot be: all that is wrong with it, or why its file cannot be read.
#[derive(Clone)]
pub struct WorldError {
    file: Option<PathBuf>,
    why: Why,
}

#[derive(Clone, Debug)]
enum Why {
    Unread(Arc<io::Error>),
    /// Where in the file, and what.
    Json(String, Arc<serde_json::Error>),
    Faults(Vec<Fault>),
}

/// What is wrong with a world.
#[derive(Clone, Debug)]
struct Fault {
    path: Vec<Step>,
    /// Line and column.
    place: Option<(usize, usize)>,
    what: String,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Key(&'static str),
    Index(usize),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map_or("the world".into(), |file| file.to_string_lossy());
        match &self.why {
            Why::Unread(_) => write!(f, "{file} cannot be read"),
            Why::Json(path, error) => {
                write!(f, "{file}:{}:{}: ", error.line(), error.column())?;
                if path.is_empty() { f.write_str("it cannot be read") } else { write!(f, "`{path}` cannot be read") }
            }
            Why::Faults(faults) => {
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

/// As it displays, with its source: what a test prints that fails by it.
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
            Why::Unread(error) => Some(&**error),
            Why::Json(_, error) => Some(&**error),
            Why::Faults(_) => None,
        }
    }
}

struct PathOf<'a>(&'a [Step]);

impl fmt::Display for PathOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) => write!(f, "{}{key}", if index > 0 { "." } else { "" })?,
                Step::Index(index) => write!(f, "[{index}]")?,
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
    /// The file cannot be read, or holds no world. It says where and what, every fault of a world at once.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let file = Some(path.as_ref().to_owned());
        match std::fs::read_to_string(&path) {
            Ok(json) => json.parse().map_err(|error| WorldError { file, ..error }),
            Err(error) => Err(WorldError { file, why: Why::Unread(Arc::new(error)) }),
        }
    }

    /// All that is wrong with it.
    pub(crate) fn check(&self) -> Result<(), WorldError> {
        let faults = self.faults();
        if faults.is_empty() { Ok(()) } else { Err(WorldError { file: None, why: Why::Faults(faults) }) }
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        faults.twice("friends", "user_id", self.friends.iter().map(|friend| friend.user_id.get()));
        faults.twice("strangers", "user_id", self.strangers.iter().map(|stranger| stranger.user_id.get()));
        faults.twice("groups", "group_id", self.groups.iter().map(|group| group.group_id.get()));
        faults.twice("messages", "message_id", self.messages.iter().map(|said| said.message_id.get()));
        for (index, friend) in self.friends.iter().enumerate().filter(|(_, f)| f.user_id == self.account.user_id) {
            let path = [Step::Key("friends"), Step::Index(index), Step::Key("user_id")];
            faults.add(path, format!("{} is the account itself", friend.user_id));
        }
        for (index, group) in self.groups.iter().enumerate() {
            self.faults_of_group(index, group, &mut faults);
        }
        for (index, said) in self.messages.iter().enumerate() {
            let Some(group) = said.group_id else { continue };
            if self.find_group(group).is_none() {
                let path = [Step::Key("messages"), Step::Index(index), Step::Key("group_id")];
                faults.add(path, format!("there is no group {group}"));
            }
        }
        for (index, asked) in self.group_requests.iter().enumerate() {
            let within = |key| [Step::Key("group_requests"), Step::Index(index), Step::Key(key)];
            if let GroupRequestKind::Other(other) = &asked.sub_type {
                faults.add(within("sub_type"), format!("`{}` is neither add nor invite", other.get()));
            }
            if self.find_group(asked.group_id).is_none() {
                faults.add(within("group_id"), format!("there is no group {}", asked.group_id));
            }
        }
        faults.0
    }

    fn faults_of_group(&self, index: usize, group: &Group, faults: &mut Faults) {
        let within = |rest: &[Step]| [&[Step::Key("groups"), Step::Index(index)], rest].concat();
        let mut seen = BTreeSet::new();
        let mut owner = None;
        for (index, member) in group.members.iter().enumerate() {
            let user = member.user_id;
            let at = |key| within(&[Step::Key("members"), Step::Index(index), Step::Key(key)]);
            if !seen.insert(user) {
                faults.add(at("user_id"), format!("{user} is in the group already"));
            }
            match (&member.role, owner) {
                (GroupRole::Other(role), _) => {
                    faults.add(at("role"), format!("`{}` is none of owner, admin and member", role.get()));
                }
                (GroupRole::Owner, Some(first)) => {
                    faults.add(at("role"), format!("the group has an owner already, {first}"));
                }
                (GroupRole::Owner, None) => owner = Some(user),
                _ => {}
            }
        }
        if let Some((key, what)) = self.fault_of_joining(group) {
            faults.add(within(&[Step::Key(key)]), what);
        }
        for (index, file) in group.files.iter().enumerate() {
            let Some(folder) = &file.folder_id else { continue };
            if !group.folders.iter().any(|other| other.folder_id == *folder) {
                let path = within(&[Step::Key("files"), Step::Index(index), Step::Key("folder_id")]);
                faults.add(path, format!("there is no folder {folder} in the group"));
            }
        }
    }

    fn fault_of_joining(&self, group: &Group) -> Option<(&'static str, String)> {
        let (account, id) = (self.account.user_id, group.group_id);
        match (group.joined, group.find_member(account).is_some()) {
            (true, false) => {
                let what_to_do = "add it, or say that it has not joined: `\"joined\": false`, `Group::not_joined`";
                Some(("members", format!("the account {account} is not in group {id}; {what_to_do}")))
            }
            (false, true) => Some(("joined", format!("the account {account} is among the members of group {id}"))),
            _ => None,
        }
    }

    /// Makes a world whole that a server starts with.
    pub(crate) fn begin(&mut self) {
        self.complete();
        // Nobody was there to be told.
        self.events.clear();
    }

    /// Gives everything that is left out: ids, numbers, times, names.
    pub(super) fn complete(&mut self) {
        let now = self.now();
        for mut group in std::mem::take(&mut self.groups) {
            self.complete_group(&mut group, now);
            self.groups.push(group);
        }
        for index in 0..self.messages.len() {
            if self.messages[index].is_whole() {
                continue;
            }
            let mut said = self.messages[index].clone();
            or_now(&mut said.time, now);
            if said.group_id.is_none() {
                said.target_id.get_or_insert(self.account.user_id);
            }
            if said.message_id.get() == 0 {
                said.message_id = self.free_message_id();
            }
            if said.message_seq.get() == 0 {
                said.message_seq = self.next_seq(&said, &self.messages[..index]);
            }
            if said.sender_name.is_empty() {
                said.sender_name =
                    said.anonymous.clone().unwrap_or_else(|| self.display_name(said.user_id, said.group_id));
            }
            self.messages[index] = said;
        }
        for index in 0..self.friend_requests.len() {
            if self.friend_requests[index].flag.is_empty() {
                self.friend_requests[index].flag = self.flag().to_string();
            }
        }
        for index in 0..self.group_requests.len() {
            if self.group_requests[index].flag == 0 {
                self.group_requests[index].flag = self.flag();
            }
        }
    }

    fn complete_group(&mut self, group: &mut Group, now: Timestamp) {
        group.members.iter_mut().for_each(|member| or_now(&mut member.join_time, now));
        for notice in &mut group.notices {
            or_now(&mut notice.publish_time, now);
            if notice.notice_id.as_str().is_empty() {
                notice.notice_id = self.notice_id();
            }
        }
        for folder in &mut group.folders {
            or_now(&mut folder.create_time, now);
            if folder.folder_id.as_str().is_empty() {
                folder.folder_id = GroupFolderId::new(self.path());
            }
        }
        for file in &mut group.files {
            or_now(&mut file.upload_time, now);
            if file.file_id.as_str().is_empty() {
                file.file_id = GroupFileId::new(self.path());
            }
        }
    }
}

impl StoredMessage {
    /// Whether nothing of it is left out.
    fn is_whole(&self) -> bool {
        let has_place = self.group_id.is_some() || self.target_id.is_some();
        let is_numbered = self.message_id.get() != 0 && self.message_seq.get() != 0 && self.time.seconds() != 0;
        has_place && is_numbered && !self.sender_name.is_empty()
    }
}

fn or_now(time: &mut Timestamp, now: Timestamp) {
    if time.seconds() == 0 {
        *time = now;
    }
}

/// From the JSON of a file.
impl FromStr for World {
    type Err = WorldError;

    fn from_str(json: &str) -> Result<Self, WorldError> {
        let world: Self = serde_json::from_str(json).map_err(|error| {
            let path = crate::envelope::json_path::path_of(json.as_bytes(), &error);
            WorldError { file: None, why: Why::Json(path, Arc::new(error)) }
        })?;
        let mut faults = world.faults();
        for fault in &mut faults {
            fault.place = place(json, &fault.path);
        }
        faults.sort_by_key(|fault| fault.place);
        if faults.is_empty() { Ok(world) } else { Err(WorldError { file: None, why: Why::Faults(faults) }) }
    }
}

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: impl Into<Vec<Step>>, what: String) {
        self.0.push(Fault { path: path.into(), place: None, what });
    }

    /// What is in a list for the second time; 0 is no id.
    fn twice(&mut self, list: &'static str, key: &'static str, ids: impl Iterator<Item = i64>) {
        let mut seen = BTreeSet::new();
        for (index, id) in ids.enumerate() {
            if id != 0 && !seen.insert(id) {
                self.add([Step::Key(list), Step::Index(index), Step::Key(key)], format!("{id} is there twice"));
            }
        }
    }
}

/// Line and column of the value at the end of a path, or of the last one that is there.
fn place(json: &str, path: &[Step]) -> Option<(usize, usize)> {
    let mut value = json.trim_start();
    for step in path {
        let next = match step {
            Step::Key(key) => serde_json::from_str::<BTreeMap<String, &RawValue>>(value).ok()?.remove(*key),
            Step::Index(index) => serde_json::from_str::<Vec<&RawValue>>(value).ok()?.get(*index).copied(),
        };
        let Some(next) = next else { break };
        value = next.get();
    }
    let before = json.get(..value.as_ptr() as usize - json.as_ptr() as usize)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
}
