//! The progress of a file that is being saved.

/// The progress of a file that is being saved: see [`SaveFile::on_progress`](crate::SaveFile::on_progress). Feature `files`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveProgress {
    /// The bytes that have arrived. Each attempt begins at 0.
    pub received: u64,
    /// The size of the file in bytes, if the server has told it.
    pub total: Option<u64>,
}
