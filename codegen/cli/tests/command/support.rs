//! Helpers that several modules share.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns a path below the folder of these tests.
pub(crate) fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command").join(path)
}

/// Returns a path below the folder of the generator's tests, with their schemas.
pub(crate) fn generator(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests").join(path)
}

/// Returns a path below the root of the repository.
pub(crate) fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join(path)
}

/// Creates a new folder with these files, below cargo's folder for tests.
pub(crate) fn folder(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// Returns the files below a folder with their texts, in order.
pub(crate) fn files(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                // Git may check out texts with the line ends of the machine.
                found.push((name, fs::read_to_string(&path).unwrap().replace("\r\n", "\n")));
            }
        }
    }
    found.sort();
    found
}

/// The result of a run of the command.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Creates the command, to run in `folder`.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cqhttp-codegen"));
    command.args(arguments).current_dir(folder);
    // The environment of the tests may ask for colours.
    command.env_remove("NO_COLOR").env_remove("CLICOLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// Runs a command.
pub(crate) fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the command in `folder`.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Said {
    said(&mut command(folder, arguments))
}

/// Runs `docs` on a schema, and returns the pages.
pub(crate) fn reference(name: &str, schema: &Path) -> Vec<(String, String)> {
    let out = folder(name, &[]);
    let said = run_in(&out, &["docs", "--schema", schema.to_str().unwrap(), "."]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    files(&out)
}
