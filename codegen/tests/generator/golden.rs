//! The generated code of each feature of the schema language: `schema/*.yaml`, one feature a file, beside its snapshot.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{assert_snapshots_beside, folder, here, name, yaml_files};
use cqhttp_codegen::{Generated, generate};

fn generated(schema: &Path) -> Generated {
    generate(schema).unwrap_or_else(|diagnostics| panic!("\n{diagnostics}"))
}

/// The files with their paths above them, and the listing of the actions. What joins the files is shown elsewhere; the
/// enums of all events and all segments are shown here.
fn shown(generated: &Generated) -> String {
    let files = generated.files.iter().filter(|file| !["index.md", "generated.rs"].contains(&file.path.as_str()));
    let mut text: String = files.map(|file| format!("==== {} ====\n{}\n", file.path, file.text)).collect();
    if !generated.api.is_empty() {
        text += &format!("==== api ====\n{}", generated.api);
    }
    text
}

#[test]
fn every_feature_becomes_what_its_snapshot_shows() {
    assert_snapshots_beside("schema", |path| shown(&generated(path)));
}

/// `generated.rs` and the enums, for a folder with types in one file and actions, events and segments in others.
#[test]
fn one_file_joins_the_others() {
    let generated = generated(&here("joined"));
    let (joining, others) = generated.files.split_last().unwrap();
    assert_eq!((joining.path.as_str(), &joining.source), ("generated.rs", &None));
    let paths: Vec<&str> = others.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "actions/house.action.rs",
            "actions/house.client.rs",
            "actions/house.mock.rs",
            "actions/room.types.rs",
            "actions/room.action.rs",
            "actions/room.client.rs",
            "actions/room.mock.rs",
            "events/door.event.rs",
            "events/door.mock.rs",
            "events/light.event.rs",
            "events/light.mock.rs",
            "segments.segment.rs",
            "segments.mock.rs",
            "types.types.rs",
            "answers.rs",
            "awaited.rs",
            "all.event.rs",
            "all.segment.rs",
            "index.md",
        ]
    );
    let enums = others
        .iter()
        .filter(|file| file.path.starts_with("all.") || file.path == "answers.rs" || file.path == "awaited.rs");
    let shown: String =
        enums.chain([joining]).map(|file| format!("==== {} ====\n{}\n", file.path, file.text)).collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("joined", shown);
    });
}

/// Indexes stand between their marks, as many as a page has.
#[test]
fn a_page_gets_every_index_that_it_has_a_place_for() {
    let generated = generated(&here("joined"));
    let empty = "Rooms.\n\n<!-- events -->\n<!-- end of events -->\n\nAnd\n\n<!-- segments -->\nold\n<!-- end of segments -->\n";
    let page = generated.with_index(empty).unwrap();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("index", page);
    });
    assert_eq!(generated.with_index(&page), Ok(page), "a regenerated index is the same");
    let fault = generated.with_index("No place.\n").unwrap_err();
    assert_eq!((fault.line, fault.message.as_str()), (1, "expected a place for an index, found none"));
    let fault = generated.with_index("Rooms.\n\n<!-- events -->\nNo end.\n").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "line 3: expected `<!-- end of events -->` below, found none; write it where the index ends"
    );
}

/// Titles and docs may hold what divides the cells of a table.
#[test]
fn a_row_has_as_many_cells_as_its_table() {
    let generated = generated(&here("schema/long_doc.yaml"));
    let index = &generated.files.iter().find(|file| file.path == "index.md").unwrap().text;
    assert!(index.contains("](crate::Client::recite_verse) | 朗诵\\|背诵 | Recites a verse. |\n"), "{index}");
    for page in ["<!-- actions -->\n<!-- end of actions -->", "<!-- actions zh -->\n<!-- end of actions -->"] {
        let page = generated.with_index(page).unwrap();
        assert!(page.contains("| `recite_verse` | 朗诵\\|背诵 |"), "{page}");
    }
}

/// A snippet is as long as it has to be: a line that is broken within a string says something else.
#[test]
fn the_strings_of_a_snippet_are_those_of_the_example() {
    let generated = generated(&here("schema/long_doc.yaml"));
    let file = generated.files.iter().find(|file| file.path == "long_doc.action.rs").unwrap();
    assert!(
        file.text.contains(
            "/// client\n\
             ///     .recite_verse(\"The words of a long verse, which stand in one string, with  two blanks in a place \
             where a line could well end.\")\n\
             ///     .voice(\"low\")\n\
             ///     .await?;\n"
        ),
        "{}",
        file.text
    );
}

#[test]
fn one_schema_gives_the_same_bytes_wherever_it_lies() {
    let once = generated(&here("schema"));
    assert_eq!(once, generated(&here("schema")));
    let files: Vec<_> = yaml_files("schema").into_iter().map(|path| (name(&path).to_owned(), fs::read(path))).collect();
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_ref().unwrap().as_slice())).collect();
    assert_eq!(once, generated(&folder("a copy of the schema", &files)));
}

#[test]
fn line_ends_of_windows_change_nothing() {
    for path in yaml_files("schema") {
        let windows = fs::read_to_string(&path).unwrap().replace("\r\n", "\n").replace('\n', "\r\n");
        let copy = folder("windows", &[(name(&path), windows.as_bytes())]).join(name(&path));
        assert_eq!(generated(&path), generated(&copy), "{}", path.display());
    }
}

#[test]
fn a_file_that_is_as_it_should_be_is_not_written_again() {
    let out = folder("written", &[]);
    let generated = generated(&here("joined"));
    generated.write_to(&out).unwrap();
    let times = || -> Vec<_> {
        let files = generated.files.iter().map(|file| fs::metadata(out.join(&file.path)).unwrap());
        files.map(|metadata| metadata.modified().unwrap()).collect()
    };
    let before = times();
    for file in &generated.files {
        assert_eq!(fs::read_to_string(out.join(&file.path)).unwrap(), file.text);
    }
    generated.write_to(&out).unwrap();
    assert_eq!(before, times());
}

/// A schema with an action of go-cqhttp's, and one that only NapCat has.
const WITH_VENDOR: &str = r#"
- kind: server
  name: napcat
  title: NapCat
  app_name: NapCat.Onebot
  version: "4"
  actions:
    get_room: room_id!
    get_door: room_id!
- kind: server
  name: go-cqhttp
  title: go-cqhttp
  app_name: go-cqhttp
  version: "1"
  actions:
    get_room: room_id=0
- { kind: id, name: RoomId, base: i64, doc: A room. }
- { kind: id, name: DoorId, base: i64, doc: A door. }
- { kind: id, name: LockId, base: i64, doc: A lock. }
- kind: object
  name: Lock
  doc: A lock.
  fields:
    - { name: lock_id, type: LockId, doc: The lock. }
    - { name: room_id, type: RoomId?, doc: The room. }
  example: { lock_id: 1 }
- name: get_room
  title: 房间
  doc: Gets a room.
  origin: go-cqhttp
  effect: read
  params: [{ name: room_id, type: RoomId, doc: The room. }]
  example: { params: { room_id: 1 } }
- name: get_door
  title: 门
  doc: Gets the door of a room.
  origin: napcat
  effect: read
  params: [{ name: room_id, type: RoomId, doc: The room. }]
  returns:
    - { name: door_id, type: DoorId, doc: The door. }
    - { name: locks, type: "Lock[]", doc: The locks. }
  example: { params: { room_id: 1 }, returns: { door_id: 2, locks: [] } }
"#;

/// The types that only such an action uses are left out with it; the index of actions has all of them, and no link that would
/// lead nowhere.
#[test]
fn without_vendors_their_actions_and_types_are_left_out() {
    let schema = folder("vendor", &[("rooms.yaml", WITH_VENDOR.as_bytes())]);
    let all = generated(&schema);
    let core = cqhttp_codegen::generate_without_vendor(&schema).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(all.api, "get_room(RoomId) -> ()\nget_door(RoomId) -> GetDoorResponse\n");
    assert_eq!(core.api, "get_room(RoomId) -> ()\n");
    let text = |generated: &Generated| -> String {
        generated.files.iter().filter(|file| file.path.ends_with(".rs")).map(|file| file.text.as_str()).collect()
    };
    let (all_text, core_text) = (text(&all), text(&core));
    for name in ["GetDoor", "DoorId", "LockId", "struct Lock "] {
        assert!(all_text.contains(name) && !core_text.contains(name), "{name}");
    }
    for name in ["GetRoom", "RoomId"] {
        assert!(core_text.contains(name), "{name}");
    }
    let feature = "#[cfg_attr(docsrs, doc(cfg(feature = \"vendor\")))]";
    assert_eq!((all_text.matches(feature).count(), core_text.matches(feature).count()), (3, 0));
    let index = |generated: &Generated| {
        generated.files.iter().find(|file| file.path == "index.md").unwrap().text.lines().last().unwrap().to_owned()
    };
    let row = "| 门 | Gets the door of a room. *Not on go-cqhttp.*";
    assert_eq!(index(&all), format!("| [`get_door`](crate::Client::get_door) {row} |"));
    assert_eq!(index(&core), format!("| `get_door` {row} *Feature `vendor`.* |"));
}

/// insta does not notice a snapshot that tests no longer make.
#[test]
fn no_snapshot_is_left_over_and_none_is_missing() {
    let single = ["extension", "index", "joined"];
    let expected: BTreeSet<String> = single.map(|name| format!("{name}.snap")).into();
    let entries = fs::read_dir(here("generator/snapshots")).unwrap();
    let found: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".snap"))
        .collect();
    let left_over: Vec<_> = found.difference(&expected).collect();
    assert!(left_over.is_empty(), "tests no longer make these snapshots, delete them: {left_over:?}");
    let missing: Vec<_> = expected.difference(&found).collect();
    assert!(missing.is_empty(), "these snapshots are missing: {missing:?}");
}
