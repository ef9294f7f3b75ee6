#![doc = include_str!("../README.md")]

#[cfg(feature = "cli")]
pub mod command;
mod diagnostic;
mod doc;
mod emit;
mod example;
mod model;
mod name;
#[cfg(feature = "cli")]
mod reference;
mod resolve;
mod source;
mod ty;
mod yaml;

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

pub use diagnostic::{Diagnostic, Diagnostics};
pub use emit::{Generated, GeneratedFile};

use diagnostic::Faults;

/// Generates the Rust of a schema: a folder with YAML files, or one file.
///
/// # Errors
///
/// Every fault of the schema, each with file, line and column.
pub fn generate(schema: impl AsRef<Path>) -> Result<Generated, Diagnostics> {
    read(schema.as_ref()).map(|api| emit::emit(&api))
}

/// Applies every rule to a schema, and generates nothing.
///
/// # Errors
///
/// As of [`generate`].
pub fn check(schema: impl AsRef<Path>) -> Result<(), Diagnostics> {
    read(schema.as_ref()).map(drop)
}

/// Makes a reference of a schema's actions, events, segments and types: four pages in Markdown that link to each other,
/// `actions.md`, `events.md`, `segments.md` and `types.md`. Feature `cli`.
///
/// # Errors
///
/// As of [`generate`].
#[cfg(feature = "cli")]
pub fn reference(schema: impl AsRef<Path>) -> Result<Vec<GeneratedFile>, Diagnostics> {
    read(schema.as_ref()).map(|api| reference::pages(&api))
}

fn read(schema: &Path) -> Result<model::Api, Diagnostics> {
    let mut faults = Faults::default();
    let files = source::read(schema, &mut faults)?;
    let api = resolve::resolve(&files, &mut faults);
    faults.into_result(&files)?;
    Ok(api)
}

/// All that a build script does: generates `schema` into `OUT_DIR`, and fails the build with its faults.
///
/// The generated `generated.rs` joins the other files: `include!(concat!(env!("OUT_DIR"), "/generated.rs"));`.
pub fn build(schema: impl AsRef<Path>) {
    let schema = schema.as_ref();
    println!("cargo::rerun-if-changed={}", schema.display());
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!("cargo::error=OUT_DIR is not set; call this from a build script");
        process::exit(1);
    };
    let generated = match generate(schema) {
        Ok(generated) => generated,
        Err(diagnostics) => {
            diagnostics.iter().for_each(|diagnostic| println!("cargo::error={diagnostic}"));
            process::exit(1);
        }
    };
    if let Err(error) = generated.write_to(&out) {
        println!("cargo::error=the generated files cannot be written to {}: {error}", out.display());
        process::exit(1);
    }
}

impl Generated {
    /// Writes the files below `folder`, which is made if need be. A file that is already as it should be is left alone,
    /// so that nothing is compiled again for it.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        for file in &self.files {
            let path = folder.join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            if fs::read(&path).ok().as_deref() != Some(file.text.as_bytes()) {
                fs::write(&path, &file.text)?;
            }
        }
        Ok(())
    }
}
