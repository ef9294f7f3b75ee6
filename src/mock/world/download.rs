//! Files that bots download in parts.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::model::World;
use crate::mock::refusal::{Refusal, refuse_as};
use crate::mock::stream_script::StreamScript;

#[derive(Deserialize)]
struct Params {
    file: Option<String>,
    file_id: Option<String>,
    chunk_size: Option<usize>,
}

/// The content of a file.
type Content = Box<dyn Read + Send>;

impl World {
    /// The actions that send a file in parts.
    #[doc(hidden)]
    pub const DOWNLOADS: [&str; 3] =
        ["download_file_stream", "download_file_image_stream", "download_file_record_stream"];

    /// Adds the content of a file that bots can download, under the file's id or name.
    #[must_use]
    pub fn content(mut self, file: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.contents.insert(file.into(), Bytes::from(content.into()));
        self
    }

    /// Returns the parts of a file; `None` if the action is not a download.
    pub(in crate::mock) fn download(&self, action: &str, params: &[u8]) -> Option<Result<StreamScript, Refusal>> {
        Self::DOWNLOADS.contains(&action).then_some(())?;
        let params: Params = serde_json::from_slice(params).ok()?;
        let file = params.file.filter(|file| !file.is_empty()).or(params.file_id).unwrap_or_default();
        let Some((content, size)) = self.open(&file) else {
            return Some(Err(refuse_as(1200, "Download failed: file not found")));
        };
        let name = Path::new(&file).file_name().map_or(file.clone(), |name| name.to_string_lossy().into_owned());
        Some(Ok(script(content, size, &name, params.chunk_size.filter(|size| *size > 0).unwrap_or(65536))))
    }

    /// Opens a file of the world, or else of this machine.
    fn open(&self, file: &str) -> Option<(Content, u64)> {
        if let Some(content) = self.contents.get(file) {
            return Some((Box::new(std::io::Cursor::new(content.clone())), content.len() as u64));
        }
        let on_machine = File::open(file).ok()?;
        let about = on_machine.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((Box::new(on_machine), about.len()))
    }
}

/// Returns the parts of a file, which are read when they are sent.
fn script(mut content: Content, size: u64, name: &str, chunk: usize) -> StreamScript {
    let name = Value::from(name);
    let info =
        format!("{{\"data_type\":\"file_info\",\"file_name\":{name},\"file_size\":{size},\"chunk_size\":{chunk}}}");
    let (mut index, mut sent) = (0_u64, 0_u64);
    let pieces = std::iter::from_fn(move || {
        let mut piece = Vec::new();
        content.by_ref().take(chunk as u64).read_to_end(&mut piece).ok()?;
        if piece.is_empty() {
            return None;
        }
        sent += piece.len() as u64;
        let data = STANDARD.encode(&piece);
        let (length, coded) = (piece.len(), data.len());
        let progress = sent * 100 / size.max(1);
        let part = format!(
            "{{\"data_type\":\"file_chunk\",\"index\":{index},\"data\":\"{data}\",\"size\":{length},\
             \"progress\":{progress},\"base64_size\":{coded}}}"
        );
        index += 1;
        Some(part)
    });
    let total_chunks = size.div_ceil(chunk as u64);
    let last = format!(
        "{{\"data_type\":\"file_complete\",\"total_chunks\":{total_chunks},\"total_bytes\":{size},\
         \"message\":\"Download completed\"}}"
    );
    StreamScript { parts: Box::new([info].into_iter().chain(pieces)), last }
}
