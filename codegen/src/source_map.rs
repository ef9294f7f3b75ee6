//! The files of a schema by number: their paths, their text, and places in them.

use std::path::PathBuf;

use crate::yaml::{Node, Place};

/// The files that were read, in order.
#[derive(Debug, Default)]
pub(crate) struct SourceMap {
    files: Vec<MappedFile>,
}

/// A file as it was read.
#[derive(Debug)]
pub(crate) struct MappedFile {
    /// The path by which it was found, as diagnostics print it.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl SourceMap {
    /// Adds a file and returns its number.
    pub(crate) fn add(&mut self, path: PathBuf, bytes: &[u8]) -> usize {
        self.files.push(MappedFile { path, text: String::from_utf8_lossy(bytes).into_owned() });
        self.files.len() - 1
    }

    /// The file with this number, which [`add`](Self::add) has returned.
    pub(crate) fn file(&self, number: usize) -> &MappedFile {
        &self.files[number]
    }

    /// All files, by number.
    pub(crate) fn files(&self) -> &[MappedFile] {
        &self.files
    }
}

/// A place in one of the files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) file: usize,
    pub(crate) place: Place,
}

impl Spot {
    /// The place of a node of this file.
    pub(crate) fn of(file: usize, node: &Node) -> Self {
        Self { file, place: node.place.clone() }
    }
}
