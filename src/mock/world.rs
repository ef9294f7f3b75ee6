//! A small world behind the stand-in: who there is, who said what, and who may do what to whom.
//!
//! Without one, each action is answered with an example, and tests look at what a bot asks for. With one, the actions read
//! and change the same groups, members, messages and files, roles decide what is refused, and the bots hear of what
//! happens: tests look at what becomes of it.
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
//! # What people do
//!
//! [`MockServer::world`](super::MockServer::world) looks at the world and changes it while the server runs; before it runs, what
//! people do is what was there already. What people do there
//! is also told to the bots, as go-cqhttp tells it: [`says_in_group`](World::says_in_group),
//! [`asks_to_join`](World::asks_to_join), [`kicks`](World::kicks) and so on. What cannot happen is an error: a user who
//! is muted does not speak. Fields that are set change the world without a word; what is left out of what is put into them
//! is filled in when [`MockServer::world`](super::MockServer::world) ends.
//!
//! # Time
//!
//! Mutes end ([`World::is_muted`] tells), and one's own messages can be recalled for two minutes. [`World::advance`] lets
//! time pass.
//!
//! # A world from a file
//!
//! [`World::read`] takes a world from a file, which the command `cqhttp-mock --world` does too. Everything but ids, names
//! and roles may be left out. The same names as in answers are used:
//!
//! ```json
#![doc = include_str!("world/example.json")]
//! ```
//!
//! # Which actions it answers
//!
//! All others are answered with the schema's example, as without a world. A quick operation acts by these.
//!
//! | action | what is to know |
//! |---|---|
//! | `get_login_info`, `set_qq_profile` | the nickname alone |
//! | `get_status` | the counters of messages |
//! | `get_stranger_info` | everyone whom the world knows |
//! | `get_friend_list`, `delete_friend` | |
//! | `get_unidirectional_friend_list`, `delete_unidirectional_friend` | there are none |
//! | `set_friend_add_request`, `set_group_add_request` | of requests that somebody made; those who are let in come in |
//! | `get_group_system_msg` | |
//! | `send_msg`, `send_group_msg`, `send_private_msg` | not where the account is muted; in private to friends alone |
//! | `send_forward_msg`, `send_group_forward_msg`, `send_private_forward_msg`, `get_forward_msg` | |
//! | `get_msg`, `get_group_msg_history`, `mark_msg_as_read` | what was sent, and what was said |
//! | `delete_msg` | one's own for two minutes, and what those of lower rank wrote |
//! | `get_essence_msg_list`, `set_essence_msg`, `delete_essence_msg` | for administrators |
//! | `get_group_list`, `get_group_info`, `get_group_member_list`, `get_group_member_info` | |
//! | `get_group_honor_info` | nobody holds an honor |
//! | `get_group_at_all_remain` | 20 a day for the group and 10 for the account, less what was used |
//! | `set_group_kick`, `set_group_ban` | of those of lower rank |
//! | `set_group_whole_ban`, `set_group_anonymous`, `set_group_name`, `set_group_portrait`, `set_group_card`, `set_group_special_title` | `ok` without the right to it, and nothing changes, as on go-cqhttp |
//! | `set_group_anonymous_ban` | for administrators |
//! | `set_group_admin` | for the owner |
//! | `set_group_leave` | `ok` for the owner, who stays |
//! | `send_group_sign` | |
//! | `_send_group_notice`, `_get_group_notice`, `_del_group_notice` | |
//! | `upload_group_file`, `upload_private_file` | of files on the server's [disk](World::disk), and on that of this machine |
//! | `download_file` | an empty file on the server's disk |
//! | `get_group_root_files`, `get_group_files_by_folder`, `get_group_file_system_info`, `get_group_file_url` | |
//! | `create_group_file_folder`, `delete_group_folder`, `delete_group_file` | one's own files, and any for administrators |
//!
//! Refusals have go-cqhttp's codes. Where QQ decides and not go-cqhttp, the world decides as QQ is known to.

mod account;
mod build;
mod complete;
mod dispatch;
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
