//! Schemas of other crates, which add to the one in `extension/base`: what `extension/own` becomes, and what is refused,
//! `bad_extension/*.yaml`, one rule a file.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{assert_in_file, assert_snapshots_beside, folder, here, marked, yaml_files};
use cqhttp_codegen::{Diagnostics, Generated, build, extend, generate_extension};

fn base() -> std::path::PathBuf {
    here("extension/base")
}

fn own() -> Generated {
    generate_extension(here("extension/own"), base()).unwrap_or_else(|diagnostics| panic!("\n{diagnostics}"))
}

fn refused(schema: &Path, base: &Path) -> Diagnostics {
    let Err(diagnostics) = generate_extension(schema, base) else { panic!("{} has no fault", schema.display()) };
    diagnostics.iter().for_each(assert_in_file);
    diagnostics
}

#[test]
fn an_extension_becomes_traits_and_a_prelude() {
    let generated = own();
    let shown: String =
        generated.files.iter().map(|file| format!("==== {} ====\n{}\n", file.path, file.text)).collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("extension", format!("{shown}==== api ====\n{}", generated.api));
    });
}

#[test]
fn only_what_is_its_own_is_generated() {
    let generated = own();
    let paths: Vec<&str> = generated.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "actions/lamps.action.rs",
            "actions/lamps.mock.rs",
            "types.types.rs",
            "types.mock.rs",
            "client.rs",
            "answers.rs",
            "awaited.rs",
            "all.refusal.rs",
            "generated.rs"
        ]
    );
    assert_eq!(generated.api.lines().count(), 5);
}

#[test]
fn every_rule_says_what_its_snapshot_shows() {
    assert_snapshots_beside("bad_extension", |path| marked(&refused(path, &base()), &here("bad_extension")));
}

/// Includes files that cannot be read at all, and files of the same name in both folders.
#[test]
fn faults_are_those_of_the_extension_alone() {
    let own = folder("faulty extension", &[("base.yaml", b"- kind: id\n  name: RoomId\n"), ("empty.yaml", b"")]);
    let said = refused(&own, &base()).to_string().replace(&own.display().to_string(), "own");
    assert_eq!(
        said,
        "own/base.yaml:1:3: `base` is missing; add `base: …`\n\
         own/base.yaml:1:3: `doc` is missing; add `doc: …`\n\
         own/empty.yaml:1:1: the file is empty; write a list of stanzas, or delete the file"
    );
}

/// A base of another version may have what this one does not know. It is not the extension's fault.
#[test]
fn a_base_that_is_not_understood_is_said_to_be_that() {
    let newer = folder("newer base", &[("base.yaml", b"- kind: id\n  name: RoomId\n  base: i128\n  doc: A room.\n")]);
    let said = refused(&here("extension/own"), &newer).to_string().replace(&newer.display().to_string(), "base");
    assert_eq!(
        said,
        "base:1:1: this is not a schema of `cqhttp` that this version knows: base/base.yaml:3:9: `i128` is not a valid base of an id; \
         known here: `i64`, `u64`, `string`; take `cqhttp` and `cqhttp-codegen` of the same version"
    );
    let nowhere = newer.join("nowhere");
    let said = generate_extension(here("extension/own"), &nowhere).unwrap_err().to_string();
    assert!(said.contains("nowhere:1:1: cannot be read: "), "{said}");
}

/// Faults of an extension name its own files, also if the rule that they break concerns the base.
#[test]
fn any_schema_is_generated_or_refused_where_it_is() {
    let mut generated = 0;
    for (folder, path) in
        ["schema", "bad"].into_iter().flat_map(|folder| yaml_files(folder).into_iter().map(move |path| (folder, path)))
    {
        match generate_extension(&path, base()) {
            Ok(_) => generated += 1,
            Err(diagnostics) => diagnostics.iter().for_each(|diagnostic| {
                assert!(diagnostic.file.starts_with(here(folder)), "{diagnostic}");
                assert_in_file(diagnostic);
            }),
        }
    }
    assert!(generated > 30, "only {generated} were generated");
}

/// Not a test by itself: the build script that the tests below run.
#[test]
#[ignore = "a build script, for other tests to run"]
fn build_script() {
    extend("own");
}

#[test]
#[ignore = "a build script, for other tests to run"]
fn build_script_of_cqhttp() {
    build("own");
}

/// The output of [`build_script`] for cargo, with these variables set, in a folder with the schema `own`.
fn run_build_script(name: &str, variables: &[(&str, &Path)]) -> (bool, String, std::path::PathBuf) {
    run_script("build_script", name, variables)
}

fn run_script(script: &str, name: &str, variables: &[(&str, &Path)]) -> (bool, String, std::path::PathBuf) {
    let folder = folder(name, &[("own/lamps.yaml", &fs::read(here("extension/own/types.yaml")).unwrap())]);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", &format!("extension::{script}"), "--nocapture"]).current_dir(&folder);
    command.env_remove("DEP_CQHTTP_SCHEMA").env_remove("DEP_CQHTTP_VERSION").env("OUT_DIR", folder.join("out"));
    let output = command.envs(variables.iter().copied()).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), folder.join("out"))
}

#[test]
fn a_build_script_of_one_line_writes_what_is_to_be_included() {
    let base = base();
    let version = Path::new(env!("CARGO_PKG_VERSION"));
    let (success, said, out) =
        run_build_script("script", &[("DEP_CQHTTP_SCHEMA", &base), ("DEP_CQHTTP_VERSION", version)]);
    assert!(success, "{said}");
    assert!(said.contains("cargo::rerun-if-changed=own\n"), "{said}");
    assert!(said.contains(&format!("cargo::rerun-if-changed={}\n", base.display())), "{said}");
    assert!(fs::read_to_string(out.join("generated.rs")).unwrap().contains("include!(\"lamps.types.rs\");"));
}

#[test]
fn a_build_script_says_that_cqhttp_is_no_dependency() {
    let (success, said, _) = run_build_script("script alone", &[]);
    assert!(!success);
    assert!(said.contains("cargo::error=DEP_CQHTTP_SCHEMA is not set: "), "{said}");
    assert!(said.contains("add `cqhttp` to `[dependencies]`"), "{said}");
}

#[test]
fn a_build_script_that_takes_the_schema_for_that_of_cqhttp_is_told_so() {
    let base = base();
    let (success, said, _) = run_script("build_script_of_cqhttp", "script of cqhttp", &[("DEP_CQHTTP_SCHEMA", &base)]);
    assert!(!success);
    assert!(said.contains("cargo::error=this crate depends on `cqhttp`: its build script calls "), "{said}");
}

#[test]
fn a_build_script_wants_one_version_of_both() {
    let base = base();
    let variables: &[(&str, &Path)] = &[("DEP_CQHTTP_SCHEMA", &base), ("DEP_CQHTTP_VERSION", Path::new("7.3.1"))];
    let (success, said, _) = run_build_script("script of another version", variables);
    assert!(!success);
    assert!(said.contains("cargo::error=`cqhttp` is 7.3.1 and `cqhttp-codegen` is "), "{said}");
}

#[test]
fn a_build_script_fails_with_the_faults_of_the_schema() {
    let base = folder("other base", &[("base.yaml", b"- kind: id\n  name: LampId\n  base: i64\n  doc: A lamp.\n")]);
    let version = Path::new(env!("CARGO_PKG_VERSION"));
    let (success, said, _) =
        run_build_script("faulty script", &[("DEP_CQHTTP_SCHEMA", &base), ("DEP_CQHTTP_VERSION", version)]);
    assert!(!success);
    assert!(said.contains("cargo::error=own/lamps.yaml:2:9: `cqhttp` has the type `LampId` already; "), "{said}");
}

/// Without the feature `vendor` of `cqhttp`, the types that only its actions use are not there.
#[test]
fn a_type_of_the_feature_vendor_is_named_if_it_is_off() {
    let schema = "\
- name: keep_lamp
  title: 留灯
  doc: Keeps a lamp.
  effect: write
  params:
    - name: lamp_id
      type: LampId
      doc: The lamp.
    - name: room_id
      type: RoomId?
      doc: The room.
  returns: Lamp[]
  example:
    params:
      lamp_id: 1
    returns:
      - lamp_id: 1
        shades: []
- kind: object
  name: LampBox
  doc: A box.
  fields:
    - name: lamps
      type: Lamp[]
      doc: The lamps.
    - name: shade
      type: Shade?
      doc: Their shade.
  example:
    lamps: []
";
    let base = "\
- kind: id
  name: RoomId
  base: i64
  doc: A room.
- kind: id
  name: LampId
  base: i64
  doc: A lamp.
- kind: object
  name: Shade
  doc: A shade.
  fields:
    - name: colour
      type: string
      doc: Its colour.
  example:
    colour: red
- kind: object
  name: Lamp
  doc: A lamp.
  fields:
    - name: lamp_id
      type: LampId
      doc: The lamp.
    - name: shades
      type: Shade[]
      doc: Its shades.
  example:
    lamp_id: 1
- kind: enum
  name: RefusalCode
  base: string
  doc: Refusals.
  values:
    - value: NO
      doc: No.
- kind: refusal
  name: other
  doc: Others.
  happened: maybe
  rules:
    - code: NO
- name: get_room
  title: 房间
  doc: Gets a room.
  origin: onebot11
  effect: read
  params:
    - name: room_id
      type: RoomId
      doc: The room.
  example:
    params:
      room_id: 1
- name: get_lamp
  title: 灯
  doc: Gets a lamp.
  origin: napcat
  effect: read
  returns: Lamp
  example:
    returns:
      lamp_id: 1
      shades: []
";
    let folder = folder("without vendor", &[("base/a.yaml", base.as_bytes()), ("own/lamps.yaml", schema.as_bytes())]);
    let base = folder.join("base");
    assert!(generate_extension(folder.join("own"), &base).is_ok());
    let run = |vendor: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "extension::build_script", "--nocapture"]).current_dir(&folder);
        command.env("DEP_CQHTTP_SCHEMA", &base).env("DEP_CQHTTP_VERSION", env!("CARGO_PKG_VERSION"));
        let output = command.env("DEP_CQHTTP_VENDOR", vendor).env("OUT_DIR", folder.join("out")).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (
            output.status.success(),
            said.lines().filter(|line| line.starts_with("cargo::error=")).map(str::to_owned).collect(),
        )
    };
    let (success, faults): (bool, Vec<String>) = run("1");
    assert!(success && faults.is_empty(), "{faults:?}");
    let (success, faults) = run("0");
    let fault = |place: &str, name: &str| {
        format!(
            "cargo::error=own/lamps.yaml:{place}: the type `{name}` belongs to the feature `vendor` of `cqhttp`, which is off; add \
             the feature to `cqhttp` under `[dependencies]`: `features = [\"vendor\"]`"
        )
    };
    assert!(!success);
    assert_eq!(
        faults,
        [fault("7:13", "LampId"), fault("12:12", "Lamp"), fault("24:13", "Lamp"), fault("27:13", "Shade")]
    );
}
