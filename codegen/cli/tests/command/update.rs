//! `update`, and the files that it writes.

use std::fs;
use std::path::Path;

use crate::support::{files, folder, reference, root, run_in};

/// `cargo schema update` regenerates them.
#[test]
fn the_committed_reference_is_up_to_date() {
    let (expected, found) = (reference("committed reference", &root("schema")), files(&root("docs/reference")));
    for ((path, text), (found_path, found_text)) in expected.iter().zip(&found) {
        assert_eq!(path, found_path, "the folder has other files");
        let mut lines = text.lines().zip(found_text.lines().chain(std::iter::repeat("")));
        let line = lines.position(|(expected, found)| expected != found).map(|line| line + 1);
        assert!(text == found_text, "docs/reference/{path} is out of date, from line {line:?} on");
    }
    assert_eq!(expected.len(), found.len(), "the folder has other files");
}

#[test]
fn update_writes_the_reference() {
    let out = folder("updated", &[]);
    let (own, base) = (root("codegen/tests/extension/own"), root("codegen/tests/extension/base"));
    let arguments = ["update", "--schema", own.to_str().unwrap(), "--base", base.to_str().unwrap()];
    let said = run_in(&out, &arguments);
    let expected = (Some(0), "3 files in docs/reference: 3 written\n", "");
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), expected);
    assert!(run_in(&out, &arguments).out.ends_with(": 0 written\n"));
    let names: Vec<String> = files(&out).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["docs/reference/README.md", "docs/reference/actions.md", "docs/reference/types.md"]);
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

/// A new action is a row of the index and one block of the page of actions.
#[test]
fn a_new_action_adds_one_block_to_each_page() {
    let old = reference("reference without the action", &root("schema"));
    for stanza in [FRIENDLY, ANSWERING] {
        let new = reference("reference with the action", &schema_with(stanza));
        assert_eq!(old.len(), new.len());
        for ((path, old), (_, new)) in old.iter().zip(&new) {
            let added = added(path, old, new);
            match path.as_str() {
                "README.md" => assert!(
                    matches!(added[..], [row] if row.starts_with("| [`get_friend_mood`](actions.md#get_friend_mood) |")),
                    "{added:?}"
                ),
                "actions.md" => {
                    assert_eq!(added.iter().filter(|line| line.starts_with("### ")).count(), 1, "{added:?}");
                }
                _ => assert!(added.is_empty(), "{path}: {added:?}"),
            }
        }
    }
}

/// Copies the schema, with one more action among others of its file.
fn schema_with(stanza: &str) -> std::path::PathBuf {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in from.read_dir().unwrap().map(Result::unwrap) {
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() { copy(&from, &to) } else { fs::copy(&from, &to).map(drop).unwrap() }
        }
    }
    let folder = folder("schema with the action", &[]);
    copy(&root("schema"), &folder);
    let file = folder.join("actions/friend.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let (before, after) = text.split_once("\n- name: ").unwrap();
    fs::write(&file, format!("{before}\n{}\n\n- name: {after}", stanza.trim())).unwrap();
    folder
}

/// Returns the lines that only `new` has; panics unless they stand together and `old` has no line of its own.
fn added<'a>(path: &str, old: &str, new: &'a str) -> Vec<&'a str> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let count = new.len().checked_sub(old.len()).unwrap_or_else(|| panic!("{path} has lost lines"));
    assert_eq!(old[same..], new[same + count..], "{path}: the new lines stand together");
    new[same..same + count].to_vec()
}
