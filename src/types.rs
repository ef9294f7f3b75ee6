//! Ids, enums and objects: the parts of requests, answers and events.
//!
//! Objects and enums are `#[non_exhaustive]`: servers add fields and values. An enum keeps an unlisted value as `Other`, and
//! sends it on unchanged.
//!
//! Each id is a type of its own, so that two ids cannot be swapped. A number converts to any of them:
//!
//! ```no_run
//! # async fn run(client: cqhttp::Client) -> Result<(), cqhttp::Error> {
//! client.set_group_ban(1_000_100_010, 10086).await?;
//! # Ok(())
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # async fn run(client: cqhttp::Client) -> Result<(), cqhttp::Error> {
//! use cqhttp::{GroupId, UserId};
//!
//! client.set_group_ban(UserId::new(10086), GroupId::new(10001000)).await?;
//! # Ok(())
//! # }
//! ```

use std::fmt;

pub use crate::generated::refusal::RefusalKind;
pub use crate::generated::types::*;

/// A value that an enum does not list. Only the enum's `from` creates it, so that it never holds a listed value.
///
/// ```
/// use cqhttp::types::GroupRole;
///
/// assert_eq!(GroupRole::from("owner"), GroupRole::Owner);
/// match GroupRole::from("robot") {
///     GroupRole::Other(other) => assert_eq!(other.get(), "robot"),
///     known => panic!("{known} is listed"),
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unlisted<T>(T);

impl<T> Unlisted<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value as the server sent it.
    pub fn get(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Unlisted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of a request from `get_group_system_msg` serves as the flag that answers it.
impl From<GroupRequestId> for GroupRequestFlag {
    fn from(request: GroupRequestId) -> Self {
        Self::new(request.as_str())
    }
}

impl From<&GroupRequestId> for GroupRequestFlag {
    fn from(request: &GroupRequestId) -> Self {
        Self::new(request.as_str())
    }
}

/// The id of a file segment is that of a private file, if its message is private.
impl From<GroupFileId> for PrivateFileId {
    fn from(file: GroupFileId) -> Self {
        Self::new(file.as_str())
    }
}

impl From<&GroupFileId> for PrivateFileId {
    fn from(file: &GroupFileId) -> Self {
        Self::new(file.as_str())
    }
}
