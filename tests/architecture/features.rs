//! The compiler names the feature that a method needs.

use std::fs;
use std::process::Command;

use crate::root;

/// Returns what the compiler says of a program on `cqhttp` with these features.
fn said_of(features: &str, program: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let manifest = format!(
        "[package]\nname = \"missing-feature\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         cqhttp = {{ path = {:?}, default-features = false, features = [{features}] }}\n\n[workspace]\n",
        root()
    );
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("src/main.rs"), program).unwrap();
    // The versions of the workspace, which are there.
    fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let mut check = Command::new(env!("CARGO"));
    check
        .args(["check", "--offline", "--quiet", "--color", "never", "--manifest-path"])
        .arg(folder.path().join("Cargo.toml"));
    let said = check.arg("--target-dir").arg(root().join("target")).output().unwrap();
    assert!(!said.status.success(), "it compiles: {program}");
    String::from_utf8_lossy(&said.stderr).into_owned()
}

#[test]
#[ignore = "compiles the crate once more: `.ci/run` runs it"]
fn the_compiler_names_the_feature_that_is_missing() {
    let said = said_of("\"ws\"", "fn main() {\n    let _ = cqhttp::Client::builder(\"http://127.0.0.1:3000\");\n}\n");
    let needs_http = "error[E0277]: `Client::builder` and `Client::from_env` need the feature `http` of `cqhttp`";
    assert!(said.contains(needs_http), "{said}");
    assert!(said.contains("cqhttp = { …, features = [\"http\"] }"), "{said}");
    let program = "fn main() -> Result<(), Box<dyn std::error::Error>> {\n    let _ = cqhttp::Client::from_env()?;\n    Ok(())\n}\n";
    let said = said_of("\"ws\"", program);
    assert!(said.contains(needs_http) && said.contains("the feature `http` is not enabled"), "{said}");
    let program = "fn main() {\n    let _ = cqhttp::connect(\"wss://a\").root_certificate(\"\");\n}\n";
    let said = said_of("\"ws\"", program);
    assert!(said.contains("error[E0277]: `root_certificate` needs the feature `tls` of `cqhttp`"), "{said}");
    let program = "fn run(client: &cqhttp::Client) {\n    let _ = client.save_file(\"a\");\n    let _ = cqhttp::FileSource::upload(client, \"a\");\n}\n\nfn main() {}\n";
    let said = said_of("\"ws\"", program);
    let needs_files = "error[E0277]: `FileSource::upload` and `Client::save_file` need the feature `files` of `cqhttp`";
    assert_eq!(said.matches(needs_files).count(), 2, "{said}");
    let program = "fn main() {\n    let _ = cqhttp::connect(\"http://a\").calls(());\n}\n";
    let said = said_of("\"ws\"", program);
    assert!(said.contains("error[E0277]: `Connect::calls` needs the feature `sse` of `cqhttp`"), "{said}");
}

#[test]
#[ignore = "compiles the crate once more: `.ci/run` runs it"]
fn the_compiler_says_how_an_answer_in_parts_is_read() {
    let program =
        "async fn run(client: cqhttp::Client) {\n    let _ = client.test_download_stream().await;\n}\n\nfn main() {}\n";
    let said = said_of("\"ws\", \"vendor\"", program);
    assert!(said.contains("Call<TestDownloadStream>` is not a future"), "{said}");
    assert!(said.contains("an answer in parts is not awaited: read it with `.stream()`"), "{said}");
    let program = "fn run<A: cqhttp::AnswersOnce>(_: A) {}\n\nfn main() {\n    run(cqhttp::action::TestDownloadStream::new());\n}\n";
    let said = said_of("\"ws\", \"vendor\"", program);
    assert!(said.contains("a call of `TestDownloadStream` cannot be awaited: its answer arrives in parts"), "{said}");
}
