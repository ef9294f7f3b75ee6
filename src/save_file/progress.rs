//! The progress of a file that is being saved.

/// The progress of a file that is being saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveProgress {
    /// The bytes that have arrived. An attempt that is repeated begins at 0 again.
    pub received: u64,
    /// The size of the file in bytes, if the server has told it.
    pub total: Option<u64>,
}
