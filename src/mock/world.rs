//! A small world behind the simulated server: users, groups, messages, and the rights of each role.
//!
//! Without a world, each action is answered with an example, and tests check the bot's requests. With a world, the
//! actions read and change the same groups, members, messages and files, roles decide which calls are refused, and the
//! bots receive the events: tests check the effects.
//!
//! ```
//! # #[cfg(feature = "http")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::mock::{Group, Member, MockServer, World};
//! use cqhttp::{Client, RefusalCode};
//!
//! let world = World::new()
//!     .account(10010, "bot")
//!     .friend(10086, "Ann")
//!     .group(Group::new(42, "Rustaceans").owner(1).admin(10010).member(Member::new(10086, "Ann").card("Annie")));
//! let server = MockServer::builder().world(world).start().await?;
//! let client = Client::builder(server.url()).build()?;
//!
//! client.set_group_ban(42, 10086).duration(60).await?;
//! assert!(server.world(|world| world.says_in_group(10086, 42, "let me speak").is_err()));
//! let error = client.set_group_kick(42, 1).await.unwrap_err();
//! assert_eq!(error.code(), Some(RefusalCode::NotManageable), "that is the owner");
//! # Ok(())
//! # }
//! ```
//!
//! # Acts of users
//!
//! [`MockServer::world`](super::MockServer::world) reads and changes the world while the server runs; acts before the
//! start are history, and send no event. The acts of users are methods, and the bots receive their events as go-cqhttp
//! sends them: [`says_in_group`](World::says_in_group), [`asks_to_join`](World::asks_to_join), [`kicks`](World::kicks)
//! and so on. An impossible act is an error: a muted user cannot speak. A change of a field sends no event; ids, times
//! and names that are left out of a new value are filled in when [`MockServer::world`](super::MockServer::world)
//! returns.
//!
//! # Time
//!
//! Mutes end ([`World::is_muted`] checks), and a member can recall their own messages for two minutes.
//! [`World::advance`] moves the clock.
//!
//! # A world from a file
//!
//! [`World::read`] reads a world from a file, and so does the command `cqhttp-mock --world`. Everything but ids, names
//! and roles may be left out. The keys are those of the answers:
//!
//! ```json
#![doc = include_str!("world/example.json")]
//! ```
//!
//! # The actions of a world
//!
//! All other actions are answered with the schema's example, as without a world. A quick operation uses these actions.
//!
//! | action | notes |
//! |---|---|
//! | `get_login_info`, `set_qq_profile` | the nickname alone |
//! | `get_status` | the counters of messages |
//! | `get_stranger_info` | all users of the world |
//! | `get_friend_list`, `delete_friend` | |
//! | `get_unidirectional_friend_list`, `delete_unidirectional_friend` | there is no such friend |
//! | `set_friend_add_request`, `set_group_add_request` | requests that a user made; an approved user joins |
//! | `get_group_system_msg` | |
//! | `send_msg`, `send_group_msg`, `send_private_msg` | refused while the account is muted; in private only to friends |
//! | `send_forward_msg`, `send_group_forward_msg`, `send_private_forward_msg`, `get_forward_msg` | |
//! | `get_msg`, `get_group_msg_history`, `mark_msg_as_read` | messages of the account and of users |
//! | `delete_msg` | own messages for two minutes, and messages of members of lower rank |
//! | `get_essence_msg_list`, `set_essence_msg`, `delete_essence_msg` | only as an administrator |
//! | `get_group_list`, `get_group_info`, `get_group_member_list`, `get_group_member_info` | |
//! | `get_group_honor_info` | nobody holds an honor |
//! | `get_group_at_all_remain` | 20 a day for the group and 10 for the account, less those used |
//! | `set_group_kick`, `set_group_ban` | members of lower rank |
//! | `set_group_whole_ban`, `set_group_anonymous`, `set_group_name`, `set_group_portrait`, `set_group_card`, `set_group_special_title` | without the right, answered with `ok` and without effect, as on go-cqhttp |
//! | `set_group_anonymous_ban` | only as an administrator |
//! | `set_group_admin` | only as the owner |
//! | `set_group_leave` | answered with `ok` for the owner, who stays |
//! | `send_group_sign` | |
//! | `_send_group_notice`, `_get_group_notice`, `_del_group_notice` | |
//! | `upload_group_file`, `upload_private_file` | files on the server's [disk](World::disk), and on that of this machine |
//! | `download_file` | creates an empty file on the server's disk |
//! | `download_file_stream`, `download_file_image_stream`, `download_file_record_stream` | in parts: files with [content](World::content), by their id or name, and files of this machine, by their path |
//! | `get_group_root_files`, `get_group_files_by_folder`, `get_group_file_system_info`, `get_group_file_url` | |
//! | `create_group_file_folder`, `delete_group_folder`, `delete_group_file` | own files, and all files as an administrator |
//!
//! Refusals have go-cqhttp's codes. Where QQ's servers decide, and not go-cqhttp, the world follows their known
//! behaviour.

mod account;
mod build;
mod complete;
mod dispatch;
mod download;
mod event;
mod file;
mod group;
mod load;
mod message;
mod model;
mod people;
mod refuse;
mod request;

pub use self::load::WorldError;
pub use self::model::{
    Account, Folder, Group, Member, Notice, StoredMessage, Stranger, World, WorldFile, WorldFriend, WorldFriendRequest,
    WorldGroupRequest,
};
pub use self::people::CannotHappen;
