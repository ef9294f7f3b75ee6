//! The files of a schema, found and read.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::file::{SourceFile, read_stanzas};
use crate::diagnostic::{Diagnostic, Diagnostics, Faults};
use crate::model::ALL;
use crate::source_map::SourceMap;

/// A schema as it was read.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) map: SourceMap,
    /// The files with their stanzas, numbered as in the map.
    pub(crate) files: Vec<SourceFile>,
}

/// Reads `path`, a folder with all its YAML files or one file, after the `base` that it adds to, if any. Files of `path`
/// whose bytes are not `wanted` are skipped.
pub(crate) fn read(
    path: &Path,
    base: Option<&Path>,
    wanted: fn(&[u8]) -> bool,
    faults: &mut Faults,
) -> Result<Sources, Diagnostics> {
    let mut sources = Sources::default();
    if let Some(base) = base {
        append(base, false, any, &mut sources, faults)?;
    }
    append(path, base.is_some(), wanted, &mut sources, faults)?;
    Ok(sources)
}

/// Accepts every file.
pub(crate) fn any(_: &[u8]) -> bool {
    true
}

/// Reads the files below `path` whose bytes are `wanted`.
fn append(
    path: &Path,
    extension: bool,
    wanted: fn(&[u8]) -> bool,
    sources: &mut Sources,
    faults: &mut Faults,
) -> Result<(), Diagnostics> {
    let before = faults.len();
    let mut paths = Vec::new();
    let root = if path.is_dir() {
        find_files(path, &mut HashSet::new(), faults, &mut paths).map_err(|error| unreadable(path, &error))?;
        path.to_owned()
    } else {
        paths.push(path.to_owned());
        path.parent().map(Path::to_owned).unwrap_or_default()
    };
    if paths.is_empty() && faults.len() == before {
        return Err(Diagnostics::whole(
            path,
            "there is no YAML file in this folder",
            "name the folder that holds the schema",
        ));
    }
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        if !wanted(&bytes) {
            continue;
        }
        let stem = path.strip_prefix(&root).unwrap_or(&path).with_extension("");
        let stem = stem.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        check_name(&path, &stem, extension, faults);
        let number = sources.map.add(path, &bytes);
        let mut file = SourceFile::new(stem, extension);
        read_stanzas(number, &mut file, &bytes, &sources.map, faults);
        sources.files.push(file);
    }
    Ok(())
}

/// Reports a file named like the generated `all.event.rs`, which stands for all files; an extension has no such file.
fn check_name(path: &Path, stem: &str, extension: bool, faults: &mut Faults) {
    // On a file system that ignores case, `All.yaml` would be written to the same file.
    if !extension && stem.eq_ignore_ascii_case(ALL) {
        faults.add_located(Diagnostic {
            file: path.to_owned(),
            line: 1,
            column: 1,
            message: format!(
                "a schema file cannot be `{ALL}.yaml`: what all files become together is `{ALL}.event.rs` and the like"
            ),
            hint: "choose another name for the file".into(),
        });
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostics {
    Diagnostics::whole(path, format!("cannot be read: {error}"), "name a schema folder or a YAML file")
}

/// Collects every YAML file below a folder. Links are followed; a folder is `read` once, so that links in a circle end.
/// Hidden files are skipped: editors and systems create them beside others.
fn find_files(
    folder: &Path,
    read: &mut HashSet<PathBuf>,
    faults: &mut Faults,
    found: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    if !read.insert(fs::canonicalize(folder)?) {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    // If a folder has two names, the same one counts on any machine.
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            find_files(&path, read, faults, found)?;
        } else if extension == Some("yaml") {
            found.push(path);
        } else if extension.is_some_and(|other| other.eq_ignore_ascii_case("yml") || other.eq_ignore_ascii_case("yaml"))
        {
            faults.add_located(Diagnostic {
                hint: "schema files end in `.yaml`: rename it".into(),
                message: "this file would not be read".into(),
                file: path,
                line: 1,
                column: 1,
            });
        }
    }
    Ok(())
}
