//! Filling in what a world leaves out: ids, numbers, times, names.

use super::model::{Group, StoredMessage, World};
use crate::time::Timestamp;
use crate::types::{GroupFileId, GroupFolderId};

impl World {
    /// Prepares a world for the start of its server.
    pub(crate) fn begin(&mut self) {
        self.complete();
        // No bot was connected yet.
        self.events.clear();
    }

    /// Fills in all that is left out: ids, numbers, times, names.
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
    /// Returns `true` if nothing is left out.
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
