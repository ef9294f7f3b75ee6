//! Files of groups, and on the server's disk.

use super::model::{Folder, Group, World, WorldFile};
use super::refuse::{WorldResult, refuse_because};
use crate::action;
use crate::mock::refusal::Refusal;
use crate::time::Timestamp;
use crate::types::{
    GroupFile, GroupFileId, GroupFileList, GroupFolder, GroupFolderId, GroupId, RefusalCode, ServerPath, UserId,
};

/// The kind of all files in a group.
pub(super) const BUSID: i32 = 102;

impl World {
    /// Returns a group whose files the account can see.
    fn shelf(&self, group_id: GroupId) -> WorldResult<&Group> {
        self.joined(group_id).map_err(|_| failed(format!("the account is not in group {group_id}")))
    }

    fn shelf_mut(&mut self, group_id: GroupId) -> WorldResult<&mut Group> {
        self.shelf(group_id)?;
        self.joined_mut(group_id)
    }

    /// Returns the size of a file on the server's disk, or else on this machine's.
    fn size_of(&self, path: &str) -> Option<u64> {
        let on_machine = || std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
        self.disk.get(path).copied().or_else(on_machine)
    }

    pub(super) fn upload_group_file(
        &mut self,
        request: action::UploadGroupFile,
    ) -> WorldResult<action::UploadGroupFileResponse> {
        let action::UploadGroupFile { group_id, file, name, folder, .. } = request;
        let path = file.as_str();
        let no_file = || refuse_because(RefusalCode::FileNotFound, format!("there is no {path} on the server's disk"));
        let size = self.size_of(path).ok_or_else(no_file)?;
        let folder = folder.filter(|folder| !matches!(folder.as_str(), "" | "/"));
        let group = self.shelf(group_id)?;
        if let Some(folder) = folder.as_ref().filter(|folder| group.find_folder(folder).is_none()) {
            let why = format!("there is no folder {folder} in group {group_id}");
            return Err(refuse_because(RefusalCode::FileSystemUploadApiError, why));
        }
        self.shelve(group_id, self.account.user_id, name, size, folder);
        // go-cqhttp does not say the id.
        Ok(action::UploadGroupFileResponse { file_id: None })
    }

    /// Adds a file to a group, and returns its id.
    pub(super) fn shelve(
        &mut self,
        group_id: GroupId,
        uploader: UserId,
        file_name: String,
        file_size: u64,
        folder_id: Option<GroupFolderId>,
    ) -> GroupFileId {
        let file_id = GroupFileId::new(self.path());
        let upload_time = self.now();
        let file = WorldFile { file_name, file_size, uploader, folder_id, file_id: file_id.clone(), upload_time };
        if let Some(group) = self.find_group_mut(group_id) {
            group.files.push(file);
        }
        file_id
    }

    /// Returns an unused id for a file or folder.
    pub(super) fn path(&mut self) -> String {
        format!("/{:08x}-0000-4000-8000-000000000000", self.next_number())
    }

    pub(super) fn upload_private_file(
        &mut self,
        request: action::UploadPrivateFile,
    ) -> WorldResult<action::UploadPrivateFileResponse> {
        let path = request.file.as_str();
        if self.size_of(path).is_none() {
            return Err(refuse_because(RefusalCode::OpenFileError, format!("there is no {path} on the server's disk")));
        }
        if self.is_friend(request.user_id) {
            return Ok(action::UploadPrivateFileResponse { file_id: None });
        }
        Err(refuse_because(
            RefusalCode::FileSystemUploadApiError,
            format!("{} is not a friend of the account", request.user_id),
        ))
    }

    pub(super) fn download_file(&mut self, _: action::DownloadFile) -> WorldResult<action::DownloadFileResponse> {
        let path = format!("/data/cache/{:032x}.cache", self.next_number());
        self.disk.insert(path.clone(), 0);
        Ok(action::DownloadFileResponse { file: ServerPath::new(path) })
    }

    pub(super) fn get_group_root_files(&mut self, request: action::GetGroupRootFiles) -> WorldResult<GroupFileList> {
        let group = self.shelf(request.group_id)?;
        let folders = group.folders.iter().map(|folder| GroupFolder {
            group_id: Some(group.group_id),
            folder_id: folder.folder_id.clone(),
            folder_name: Some(folder.folder_name.clone()),
            create_time: Some(folder.create_time),
            creator: Some(folder.creator),
            creator_name: Some(self.nickname(folder.creator)),
            total_file_count: Some(u32::try_from(group.files_in(Some(&folder.folder_id)).count()).unwrap_or(u32::MAX)),
            modify_time: None,
            modifier: None,
            modifier_name: None,
        });
        Ok(GroupFileList { files: self.list(group, None), folders: folders.collect() })
    }

    pub(super) fn get_group_files_by_folder(
        &mut self,
        request: action::GetGroupFilesByFolder,
    ) -> WorldResult<GroupFileList> {
        if request.folder_id.as_str() == "/" {
            return self.get_group_root_files(action::GetGroupRootFiles::new(request.group_id));
        }
        let group = self.shelf(request.group_id)?;
        let folder = group.find_folder(&request.folder_id);
        let folder = folder.ok_or_else(|| failed(format!("there is no folder {}", request.folder_id)))?;
        Ok(GroupFileList { files: self.list(group, Some(&folder.folder_id)), folders: Vec::new() })
    }

    fn list(&self, group: &Group, folder: Option<&GroupFolderId>) -> Vec<GroupFile> {
        let files = group.files_in(folder).map(|file| GroupFile {
            group_id: Some(group.group_id),
            file_id: file.file_id.clone(),
            file_name: Some(file.file_name.clone()),
            busid: Some(BUSID),
            file_size: Some(file.file_size),
            upload_time: Some(file.upload_time),
            dead_time: Some(Timestamp::new(0)),
            modify_time: Some(file.upload_time),
            download_times: Some(0),
            uploader: Some(file.uploader),
            uploader_name: Some(self.nickname(file.uploader)),
        });
        files.collect()
    }

    pub(super) fn get_group_file_system_info(
        &mut self,
        request: action::GetGroupFileSystemInfo,
    ) -> WorldResult<action::GetGroupFileSystemInfoResponse> {
        let group = self.shelf(request.group_id)?;
        Ok(action::GetGroupFileSystemInfoResponse {
            file_count: u32::try_from(group.files.len()).unwrap_or(u32::MAX),
            limit_count: Some(10_000),
            used_space: Some(group.files.iter().map(|file| file.file_size).fold(0, u64::saturating_add)),
            total_space: Some(10 << 30),
            group_id: Some(group.group_id),
        })
    }

    pub(super) fn get_group_file_url(
        &mut self,
        request: action::GetGroupFileUrl,
    ) -> WorldResult<action::GetGroupFileUrlResponse> {
        let file = self.shelf(request.group_id)?.files.iter().find(|file| file.file_id == request.file_id);
        let file = file.ok_or_else(|| failed(format!("there is no file {}", request.file_id)))?;
        Ok(action::GetGroupFileUrlResponse { url: Some(url(&file.file_id)) })
    }

    pub(super) fn create_group_file_folder(
        &mut self,
        request: action::CreateGroupFileFolder,
    ) -> WorldResult<action::CreateGroupFileFolderResponse> {
        let action::CreateGroupFileFolder { group_id, name, parent_id } = request;
        let (creator, create_time, folder_id) = (self.account.user_id, self.now(), GroupFolderId::new(self.path()));
        let group = self.shelf_mut(group_id)?;
        if !matches!(parent_id.as_str(), "" | "/") {
            return Err(failed("folders can only be in the root"));
        }
        if name.is_empty() || group.folders.iter().any(|folder| folder.folder_name == name) {
            return Err(failed(format!("the folder `{name}` exists already, or has no name")));
        }
        group.folders.push(Folder { folder_name: name, creator, folder_id, create_time });
        // go-cqhttp says nothing of the folder.
        Ok(action::CreateGroupFileFolderResponse { folder_id: None, group_item: None, result: None, msg: None })
    }

    pub(super) fn delete_group_folder(&mut self, request: action::DeleteGroupFolder) -> WorldResult<()> {
        let account = self.account.user_id;
        let group = self.shelf_mut(request.group_id)?;
        let folder = request.folder_id;
        let creator = group.find_folder(&folder).map(|folder| folder.creator);
        may_delete(group, account, creator, folder.as_str())?;
        group.folders.retain(|other| other.folder_id != folder);
        group.files.retain(|file| file.folder_id.as_ref() != Some(&folder));
        Ok(())
    }

    pub(super) fn delete_group_file(&mut self, request: action::DeleteGroupFile) -> WorldResult<()> {
        let account = self.account.user_id;
        let group = self.shelf_mut(request.group_id)?;
        let uploader = group.files.iter().find(|file| file.file_id == request.file_id).map(|file| file.uploader);
        may_delete(group, account, uploader, request.file_id.as_str())?;
        group.files.retain(|file| file.file_id != request.file_id);
        Ok(())
    }
}

impl Group {
    fn find_folder(&self, id: &GroupFolderId) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.folder_id == *id)
    }

    fn files_in(&self, folder: Option<&GroupFolderId>) -> impl Iterator<Item = &WorldFile> {
        self.files.iter().filter(move |file| file.folder_id.as_ref() == folder)
    }
}

/// Returns the address of a file, which does not exist.
pub(super) fn url(file: &GroupFileId) -> String {
    format!("http://127.0.0.1/files{file}")
}

fn failed(why: impl Into<String>) -> Refusal {
    refuse_because(RefusalCode::FileSystemApiError, why)
}

/// Checks the right to delete. The refusals are QQ's, which have a retcode of their own.
fn may_delete(group: &Group, user: UserId, owner: Option<UserId>, what: &str) -> WorldResult<()> {
    match owner {
        Some(owner) if owner == user || group.rank(user) > 0 => Ok(()),
        Some(_) => Err(failed(format!("{what} belongs to another user")).retcode(200)),
        None => Err(failed(format!("there is no {what} in group {}", group.group_id)).retcode(200)),
    }
}
