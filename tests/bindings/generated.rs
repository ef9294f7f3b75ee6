//! The generated code, as a reviewer reads it: one snapshot for each file of `schema/` and for each file that joins them,
//! and the API at a glance.

use std::collections::BTreeMap;
use std::path::Path;

use cqhttp_codegen::Generated;
use cqhttp_codegen::tooling::{SERVERS, read};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema");

fn generated() -> Generated {
    cqhttp_codegen::generate(SCHEMA).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The generated code of each schema file, by the name of its snapshot.
fn by_source(generated: &Generated) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::<String, String>::new();
    // The reference has the same index, which a test of the command checks. The tables of the simulated server are the examples of
    // the schema once more.
    let shown = |path: &str| path != "index.md" && !path.ends_with(".mock.rs");
    for file in generated.files.iter().filter(|file| shown(&file.path)) {
        let name = file.source.as_deref().unwrap_or(&file.path).trim_end_matches(".yaml").replace('/', "_");
        let text = texts.entry(name).or_default();
        text.push_str(&format!("// ==== {} ====\n\n{}\n", file.path, file.text));
    }
    texts
}

#[test]
fn every_schema_file_becomes_what_its_snapshot_shows() {
    for (name, text) in by_source(&generated()) {
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("bindings__{name}"), text);
        });
    }
}

#[test]
fn the_api_at_a_glance() {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("bindings__api", generated().api);
    });
}

/// rustdoc finds a method by its aliases, and does not find a request by them, for `cqhttp` exports it anew.
#[test]
fn titles_and_search_words_stand_on_the_methods() {
    let generated = generated();
    let mut searched = 0;
    for entry in Path::new(SCHEMA).join("actions").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let client = format!("actions/{stem}.client.rs");
        let client = &generated.files.iter().find(|file| file.path == client).unwrap().text;
        let yaml = std::fs::read_to_string(&path).unwrap();
        for stanza in yaml.split("\n- name: ").skip(1) {
            let value = |key: &str| stanza.lines().find_map(|line| line.strip_prefix(key));
            let wire = stanza.lines().next().unwrap().trim_matches('"').trim_start_matches(['_', '.']);
            let name = value("  method: ").unwrap_or(wire);
            let (before, _) = client.split_once(&format!("    pub fn {name}(")).unwrap();
            let (_, attributes) = before.rsplit_once("///").unwrap();
            let search = value("  search: ").unwrap_or_default().trim_matches(['[', ']']);
            searched += usize::from(!search.is_empty());
            let words = search.split(", ").filter(|word| !word.is_empty());
            for word in words.chain(value("  title: ")) {
                let alias = format!("    #[doc(alias = \"{word}\")]\n");
                assert!(attributes.contains(&alias), "{name} is not found by {word}: {attributes}");
            }
        }
    }
    assert!(searched >= 40, "{searched} actions have search words");
}

/// The doc comment before an item, on one line.
fn docs_of(text: &str, item: &str) -> String {
    let (before, _) = text.split_once(item).unwrap_or_else(|| panic!("there is no `{item}`"));
    let lines = before.lines().rev().map(str::trim).skip_while(|line| line.starts_with("#[") || line.is_empty());
    let docs: Vec<&str> = lines.map_while(|line| line.strip_prefix("///")).map(str::trim).collect();
    docs.into_iter().rev().collect::<Vec<_>>().join(" ")
}

/// An action that no living server lists says so, where a request and where a method is described; no other action does.
#[test]
fn an_action_that_no_living_server_has_says_so() {
    let generated = generated();
    let api = read(SCHEMA.as_ref(), None, |_| true).unwrap_or_else(|faults| panic!("{faults:?}")).api;
    let living = |name: &str| SERVERS.iter().any(|server| server.name == name && server.living);
    let servers: Vec<_> = api.servers.iter().filter(|server| living(&server.name)).collect();
    assert_eq!(servers.len(), 3);
    let mut gone = 0;
    for (file, action) in api.files.iter().flat_map(|file| file.actions.iter().map(move |action| (file, action))) {
        let names: Vec<&str> = [&action.wire].into_iter().chain(&action.aliases).map(String::as_str).collect();
        let has = servers.iter().any(|server| server.actions_named(&names).next().is_some());
        let text = |kind: &str| {
            let path = format!("{}.{kind}.rs", file.stem);
            &generated.files.iter().find(|file| file.path == path).unwrap().text
        };
        let request = docs_of(text("action"), &format!("pub struct {} {{", action.name.pascal()));
        let method = docs_of(text("client"), &format!("    pub fn {}(", action.name.snake()));
        for docs in [request, method] {
            let said = docs.contains("**No server that is still developed has this action.**");
            assert_eq!(said, !has, "{}: {docs}", action.wire);
            assert!(has || !docs.contains("other servers may have it"), "{}: {docs}", action.wire);
        }
        gone += usize::from(!has);
    }
    assert!(gone > 10, "{gone}");
}

#[test]
fn no_snapshot_is_left_over() {
    let names = by_source(&generated()).into_keys().chain(["api".to_owned()]);
    support::assert_no_orphans("bindings", names);
}

#[test]
fn the_same_schema_becomes_the_same_bytes() {
    assert_eq!(generated(), generated());
}

/// A copy of the schema with one action more, among others of its file.
fn schema_with(stanza: &str) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in from.read_dir().unwrap().map(Result::unwrap) {
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() { copy(&from, &to) } else { std::fs::copy(&from, &to).map(drop).unwrap() }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(SCHEMA), folder.path());
    let file = folder.path().join("actions/friend.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, after) = text.split_once("\n- name: ").unwrap();
    std::fs::write(&file, format!("{before}\n{}\n\n- name: {after}", stanza.trim())).unwrap();
    folder
}

/// The lines that `new` has more than `old`; panics unless they stand together and `old` has none that `new` has not.
fn added<'a>(path: &str, old: &str, new: &'a str) -> Vec<&'a str> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let count = new.len().checked_sub(old.len()).unwrap_or_else(|| panic!("{path} has lost lines"));
    assert_eq!(old[same..], new[same + count..], "{path}: what is new stands together");
    new[same..same + count].to_vec()
}

const FRIENDLY: &str = "
- name: get_friend_mood
  title: 获取好友心情
  doc: Asks how a friend is.
  origin: onebot11
  effect: read
  params:
    - name: user_id
      type: UserId
      doc: The friend.
  returns: GroupInfo
  example:
    params: { user_id: 10086 }
    returns: { group_id: 10001000, group_name: 好友 }
";

/// An action with an answer of its own, a parameter to set, and a list of a shared type.
const ANSWERING: &str = "
- name: get_friend_mood
  title: 获取好友心情
  doc: Asks how a friend is.
  origin: onebot11
  effect: read
  params:
    - name: user_id
      type: UserId
      doc: The friend.
    - name: deeply
      type: bool
      default: false
      doc: Whether to ask twice.
  errors: [GROUP_NOT_FOUND]
  returns:
    - name: mood
      type: string
      doc: How the friend is.
    - name: with
      type: GroupInfo[]
      doc: Where.
  example:
    params: { user_id: 10086, deeply: true }
    returns: { mood: well, with: [{ group_id: 10001000, group_name: 好友 }] }
";

/// A reviewer of a new action sees its part of its file's snapshot, its line of the API, and the request that goes out.
#[test]
fn a_new_action_changes_nothing_but_its_own_lines() {
    assert_only_its_own_lines(FRIENDLY, "get_friend_mood(UserId) -> GroupInfo");
    assert_only_its_own_lines(ANSWERING, "get_friend_mood(UserId) .deeply(bool = false) -> GetFriendMoodResponse");
}

fn assert_only_its_own_lines(stanza: &str, line: &str) {
    let old = generated();
    let folder = schema_with(stanza);
    let new = cqhttp_codegen::generate(folder.path()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(added("api", &old.api, &new.api), [line]);
    assert_eq!(old.files.len(), new.files.len());
    for (old, new) in old.files.iter().zip(&new.files) {
        assert_eq!((&old.path, &old.source), (&new.path, &new.source));
        // The example of an answer of its own is an item for itself; the rest is one block.
        let is_example = |item: &&str| item.starts_with("impl GetFriendMoodResponse {");
        let in_mock = |item: &&str| old.path == "actions/friend.mock.rs" && is_example(item);
        let (examples, rest): (Vec<_>, String) = (
            new.text.split_inclusive("\n\n").filter(in_mock).collect(),
            new.text.split_inclusive("\n\n").filter(|item| !in_mock(item)).collect(),
        );
        let added = added(&old.path, &old.text, &rest);
        match &*old.path {
            "actions/friend.action.rs" => {
                let about = |line: &str| line.contains("GetFriendMood") || line.contains("get_friend_mood");
                let items = added.iter().filter(|line| line.starts_with("pub ") || line.starts_with("impl"));
                assert!(items.clone().all(|line| about(line) || line.contains("Client")), "{added:#?}");
                assert!(items.count() > 3);
            }
            // The name that its snapshot of the wire gets.
            "actions/friend.mock.rs" => {
                let names: Vec<_> = added.iter().filter(|line| line.starts_with("        name: ")).collect();
                assert_eq!(names, [&"        name: \"get_friend_mood\","]);
                assert_eq!(examples.len(), usize::from(line.ends_with("Response")));
            }
            "actions/friend.client.rs" => {
                let methods = added.iter().filter(|line| line.starts_with("    pub fn "));
                assert!(methods.eq([&"    pub fn get_friend_mood("]), "{added:#?}");
            }
            "answers.rs" => assert_eq!(added.len(), usize::from(line.ends_with("Response")), "{added:?}"),
            // go-cqhttp has every action that comes from OneBot v11.
            "awaited.rs" | "index.md" | "all.server.rs" => assert_eq!(added.len(), 1, "{added:?}"),
            _ => assert!(added.is_empty(), "{}: {added:?}", old.path),
        }
    }
    let page = "<!-- actions -->\n<!-- end of actions -->\n<!-- events -->\n<!-- end of events -->\n";
    assert_eq!(added("index", &old.with_index(page).unwrap(), &new.with_index(page).unwrap()).len(), 1);
}
