//! The base of an extension: the schema of `cqhttp`, of the same version.

use std::env;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostics;

/// Variables that cargo sets for the build scripts of crates that depend on `cqhttp`, from the output of its own script.
const SCHEMA: &str = "DEP_CQHTTP_SCHEMA";
const VERSION: &str = "DEP_CQHTTP_VERSION";
const VENDOR: &str = "DEP_CQHTTP_VENDOR";

pub(crate) fn depends_on_cqhttp() -> bool {
    env::var_os(SCHEMA).is_some()
}

/// Returns `true` if `cqhttp` is built with its feature `vendor`.
pub(crate) fn has_vendor() -> bool {
    env::var_os(VENDOR).is_none_or(|vendor| vendor != "0")
}

/// The path of the schema of `cqhttp`, or the reason for which it is not known.
pub(crate) fn base() -> Result<PathBuf, String> {
    let Some(base) = env::var_os(SCHEMA) else {
        return Err(format!(
            "{SCHEMA} is not set: cargo sets it for the build scripts of crates that depend on `cqhttp`; add `cqhttp` to \
             `[dependencies]` (under `[dev-dependencies]` or `[build-dependencies]` it does not count)"
        ));
    };
    check_version(env::var(VERSION).ok().as_deref(), env!("CARGO_PKG_VERSION"))?;
    Ok(base.into())
}

/// Generated code uses parts of `cqhttp` that are not for users, and that any minor version may change.
fn check_version(cqhttp: Option<&str>, own: &str) -> Result<(), String> {
    let minor = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    match cqhttp {
        Some(cqhttp) if minor(cqhttp) == minor(own) => Ok(()),
        _ => {
            let cqhttp = cqhttp.unwrap_or("an unknown version");
            let wanted = minor(own).join(".");
            Err(format!(
                "`cqhttp` is {cqhttp} and `cqhttp-codegen` is {own}: take the same minor version of both, such as \
                 `cqhttp = \"{wanted}\"` and `cqhttp-codegen = \"{wanted}\"`"
            ))
        }
    }
}

/// Returns `true` if one of these faults is in the base.
pub(crate) fn is_of_base(diagnostics: &Diagnostics, base: &Path) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.file.starts_with(base))
}

/// Faults of an extension. The base has none, unless it is of another version.
pub(crate) fn own_or_of_base(diagnostics: Diagnostics, base: &Path) -> Diagnostics {
    let of_base = diagnostics.iter().find(|diagnostic| diagnostic.file.starts_with(base));
    let Some(message) =
        of_base.map(|fault| format!("this is not a schema of `cqhttp` that this version knows: {fault}"))
    else {
        return diagnostics;
    };
    Diagnostics::whole(base, message, "take `cqhttp` and `cqhttp-codegen` of the same version")
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn versions_agree_up_to_the_minor_one() {
        assert_eq!(check_version(Some("0.1.7"), "0.1.0"), Ok(()));
        let said = "`cqhttp` is 0.2.0 and `cqhttp-codegen` is 0.1.3: take the same minor version of both, such as \
                    `cqhttp = \"0.1\"` and `cqhttp-codegen = \"0.1\"`";
        assert_eq!(check_version(Some("0.2.0"), "0.1.3"), Err(said.into()));
        assert!(check_version(Some("1.1.0"), "0.1.0").is_err());
        assert!(check_version(None, "0.1.0").is_err());
    }
}
