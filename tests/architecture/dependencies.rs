//! The packages that a bot's build compiles.

use std::process::Command;

use crate::root;

/// `serde_derive` takes as long to compile as a large crate, and a bot on `cqhttp` needs no derive of serde's.
#[test]
fn a_bot_compiles_no_derive_of_serde() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "cqhttp", "--edges", "normal,build", "--prefix", "none"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let packages = String::from_utf8(tree.stdout).unwrap();
    assert!(packages.lines().any(|package| package.starts_with("serde_json ")), "{packages}");
    assert!(!packages.lines().any(|package| package.starts_with("serde_derive ")), "{packages}");
}
