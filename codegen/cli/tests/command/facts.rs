//! `facts`, as a maintainer runs it: small files in each format that servers publish, and the real ones where they are
//! at hand.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::{Duration, SystemTime};

use crate::support::{Said, files, folder, here, run_in};

fn published(name: &str) -> String {
    here(&format!("published/{name}")).to_str().unwrap().to_owned()
}

fn facts(folder: &Path, arguments: &[&str]) -> Said {
    run_in(folder, &[&["facts"], arguments].concat())
}

const NAPCAT: &str = "\
- kind: server
  name: napcat
  title: NapCat
  app_name: NapCat.Onebot
  version: \"9.1.0\"
  actions:
    fetch_lamp_stream: a! b c -> stream
    get_lamps: group_id!
    set_lamp: user_id! group_id bright=10 word=\" \" on colour lamps message! type
";

const SNOWLUMA: &str = "\
- kind: server
  name: snowluma
  title: SnowLuma
  app_name: SnowLuma
  version: \"1.2\"
  actions:
    get_lamp: \"-> stream\"
    set_lamp|light_up: group_id! times=2 message! extra
";

const LLONEBOT: &str = "\
- kind: server
  name: llonebot
  title: LLOneBot
  app_name: LLOneBot
  version: abc123
  actions:
    get_lamp: lamp_id!
    set_lamp: level=3
";

/// A checkout of go-cqhttp with one action.
const TABLE: &str = "package api\n\nfunc (c *Caller) call(action string, spec *onebot.Spec, p Getter) global.MSG {\n\
    \tswitch action {\n\tcase \".lamp\", \"lamp\":\n\t\tp0 := int32(p.Get(\"[lamp_id,id].0\").Int())\n\
    \t\tp1 := p.Get(\"word\").String()\n\t\tp2 := true\n\
    \t\tif pt := p.Get(\"loud\"); pt.Exists() {\n\t\t\tp2 = pt.Bool()\n\t\t}\n\t\tp3 := p.Get(\"any\")\n\
    \t\treturn c.bot.CQLamp(p0, p1, p2, p3)\n\t}\n\treturn coolq.Failed(404, \"NO\", \"\")\n}\n";
const HANDLERS: &str = "package coolq\n\n// @route(lamp,\".lamp\")\n// @rename(lamp->\"[lamp_id\\x2Cid].0\")\n\
    // @default(loud=true)\nfunc (bot *CQBot) CQLamp(lamp int32, word string, loud bool, any gjson.Result) global.MSG {\n\
    \treturn nil\n}\n";

#[test]
fn each_format_becomes_the_file_of_a_server() {
    let root =
        folder("facts", &[("tree/modules/api/api.go", TABLE.as_bytes()), ("tree/coolq/api.go", HANDLERS.as_bytes())]);
    let (openapi, catalog, dialects) =
        (published("openapi.json"), published("catalog.json"), published("dialects.yaml"));
    let arguments = [
        "--napcat",
        &openapi,
        "--go-cqhttp",
        "tree",
        "--release",
        "go-cqhttp=v1",
        "--snowluma",
        &catalog,
        "--release",
        "snowluma=1.2",
        "--dialects",
        &dialects,
    ];
    let said = facts(&root, &arguments);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let counted = "napcat 9.1.0: 3 actions, written\ngo-cqhttp v1: 1 actions, written\n\
                   snowluma 1.2: 2 actions, written\nllonebot abc123: 2 actions, written\n\
                   lagrange def456: 1 actions, written\n";
    assert_eq!(said.out, counted);
    let read = |name: &str| fs::read_to_string(root.join(format!("schema/servers/{name}.yaml"))).unwrap();
    assert_eq!(read("napcat"), NAPCAT);
    assert_eq!(read("snowluma"), SNOWLUMA);
    assert_eq!(read("llonebot"), LLONEBOT);
    assert!(read("lagrange").ends_with("  version: def456\n  actions:\n    set_lamp: user_id=0\n"));
    assert!(
        read("go-cqhttp").ends_with("    lamp|.lamp: lamp_id|id=0 word=\"\" loud=true any\n"),
        "{}",
        read("go-cqhttp")
    );
    // The digest says what the catalog says, and nothing is written again.
    let digest = published("digest.yaml");
    let again = facts(&root, &["--snowluma", &digest, "--release", "snowluma=1.2"]);
    assert_eq!(again.out, "snowluma 1.2: 2 actions, unchanged\n");
    assert_eq!(run_in(&root, &["check", "schema"]).code, Some(0));
    assert_eq!(files(&root.join("schema")).len(), 5);
}

#[test]
fn a_version_that_nobody_says_is_asked_for() {
    let root = folder("facts without a version", &[]);
    let digest = published("digest.yaml");
    let said = facts(&root, &["--snowluma", &digest]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("expected the version of snowluma, found none"), "{}", said.err);
    assert!(said.err.contains("--release snowluma=…"), "{}", said.err);
    for (release, told) in
        [("qq=1", "`qq` is not a server"), ("napcat", "expected `SERVER=VERSION`"), ("napcat=", "is empty")]
    {
        let said = facts(&root, &["--snowluma", &digest, "--release", release]);
        assert!(said.code == Some(2) && said.err.contains(told), "{}", said.err);
    }
    assert_eq!(facts(&root, &[]).code, Some(2));
    assert_eq!(files(&root), []);
}

/// A source that cannot be read is told with its path, and nothing is written, of other sources neither.
#[test]
fn bad_sources_write_nothing() {
    let openapi = fs::read_to_string(here("published/openapi.json")).unwrap();
    let replaced = |old: &str, new: &str| {
        assert!(openapi.contains(old));
        openapi.replacen(old, new, 1)
    };
    let large = format!("{{\"openapi\":\"3.1.0\",\"x\":\"{}\"}}", "a".repeat(50 << 20));
    let cases: Vec<(&str, String, &str)> = vec![
        ("--napcat", "{}".into(), "expected OpenAPI 3 with `openapi`, `info` and `paths`"),
        ("--napcat", "[1, 2".into(), "EOF while parsing"),
        ("--napcat", openapi[..openapi.len() / 2].into(), "the file is cut off: download it again"),
        ("--napcat", replaced("NapCat in small", "Pets"), "expected an API whose title names NapCat, found `Pets`"),
        (
            "--napcat",
            replaced("\"/set_lamp\": {\n      \"post\"", "\"/pets/{id}\": {\n      \"get\""),
            "found `/pets/{id}` with `get`",
        ),
        (
            "--napcat",
            replaced(
                "\"message\": { \"$ref\": \"#/components/schemas/OB11MessageMixType\" }",
                "\"message\": { \"$ref\": \"#/components/schemas/None\" }",
            ),
            "`/set_lamp`: there is no schema `#/components/schemas/None`, in its request",
        ),
        (
            "--napcat",
            replaced(
                "\"OB11GroupMember\": {",
                "\"OB11GroupMember\": { \"$ref\": \"#/components/schemas/OB11GroupMember\" }, \"x\": {",
            ),
            "the schema `#/components/schemas/OB11GroupMember` refers to itself, in its answer",
        ),
        ("--napcat", large, "found 50 MiB, at most 16 MiB are read"),
        ("--snowluma", "{\"actions\": []}".into(), "expected a catalog with `actions`"),
        ("--snowluma", "{\"actions\": [{}]}".into(), "action 1: expected a `name`, found none"),
        (
            "--snowluma",
            "{\"actions\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}".into(),
            "the action `a` stands there twice",
        ),
        ("--snowluma", "{\"actions\": [{\"name\": \"a b\"}]}".into(), "`a b` is not a name on the wire"),
    ];
    let dialects = published("dialects.yaml");
    for (option, content, told) in cases {
        let root = folder("bad facts", &[("source.json", content.as_bytes())]);
        let said = facts(&root, &["--dialects", &dialects, option, "source.json", "--release", "snowluma=1"]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{told}");
        assert!(said.err.contains(told) && said.err.contains("source.json"), "{told:?} is not in\n{}", said.err);
        assert!(!root.join("schema").exists(), "{told}");
    }
    for (content, told) in [
        ("a: [", "did not find expected node content"),
        ("- 1", "found none"),
        ("dialects: {}", "expected actions of `llonebot`, `lagrange`, found none"),
        // A file that is cut off after the name of a server.
        (
            "dialects:\n  llonebot:\n    extensions:\n      get_lamp: {}\n  lagrange:\n",
            "expected actions of `lagrange`, found none",
        ),
    ] {
        let root = folder("bad dialects", &[("d.yaml", content.as_bytes())]);
        let said = facts(&root, &["--dialects", "d.yaml"]);
        assert!(said.code == Some(2) && said.err.contains(told) && said.err.contains("d.yaml"), "{}", said.err);
    }
}

/// A digest without actions would take all facts away.
#[test]
fn an_empty_digest_is_refused() {
    let root = folder("an empty digest", &[("digest.yaml", b"[]")]);
    let said = facts(&root, &["--snowluma", "digest.yaml", "--release", "snowluma=1"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("digest.yaml: expected actions, found none"), "{}", said.err);
    assert!(!root.join("schema").exists());
}

/// Of several files, none is written if one of them cannot be.
#[test]
fn a_file_that_cannot_be_replaced_keeps_all_files_from_being_written() {
    for name in ["llonebot", "lagrange"] {
        let root = folder("facts over a folder", &[]);
        let place = root.join(format!("schema/servers/{name}.yaml"));
        fs::create_dir_all(&place).unwrap();
        let said = facts(&root, &["--dialects", &published("dialects.yaml")]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
        assert!(said.err.contains(&format!("{name}.yaml: cannot be written")), "{}", said.err);
        assert_eq!(files(&root), [], "{name}");
        let left: Vec<_> = fs::read_dir(root.join("schema/servers")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

/// Others may read the files as they may read any new file.
#[cfg(unix)]
#[test]
fn the_files_have_the_usual_rights() {
    use std::os::unix::fs::PermissionsExt;

    let root = folder("rights of facts", &[("usual", b"")]);
    assert_eq!(facts(&root, &["--dialects", &published("dialects.yaml")]).code, Some(0));
    let rights = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode();
    assert_eq!(rights("schema/servers/lagrange.yaml"), rights("usual"));
}

#[test]
fn two_releases_differ_per_action() {
    let old = NAPCAT.replace("9.1.0", "9.0.0").replace("bright=10", "bright! mood=2").replace(" -> stream", "");
    let old = old.replace("get_lamps: group_id!", "get_lamp: group_id");
    let new = NAPCAT.replace("get_lamps: group_id!", "get_lamps|lamps: group_id!").replace(" on ", " on|lit! ");
    let root = folder("two releases", &[("old.yaml", old.as_bytes()), ("new.yaml", new.as_bytes())]);
    let said = run_in(&root, &["diff", "old.yaml", "new.yaml"]);
    assert_eq!(
        said.out,
        "- server `napcat`: version 9.1.0; before: 9.0.0.\n\
         - server `napcat`: `fetch_lamp_stream` answers in parts.\n\
         - server `napcat`: new action `get_lamps`, `lamps`: requires `group_id`.\n\
         - server `napcat`: `set_lamp` no longer reads `mood`; no longer requires `bright`; assumes `10` if `bright` is \
         absent (before: nothing); now requires `on`; reads `on`, `lit` (before: `on`).\n\
         - server `napcat`: `get_lamp` removed.\n"
    );
    let said = run_in(&root, &["diff", "--deny-breaking", "old.yaml", "old.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Nothing changed.\n"));
    let joined = folder("a new server", &[("old/a.yaml", SNOWLUMA.as_bytes()), ("new/a.yaml", NAPCAT.as_bytes())]);
    assert_eq!(
        run_in(&joined, &["diff", "old", "new"]).out,
        "- server `napcat`: new: 3 actions of version 9.1.0.\n- server `snowluma`: removed.\n"
    );
}

/// Returns a path below the folder that `CQHTTP_REFERENCE` names; the real files are nobody's to copy.
fn reference(path: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("CQHTTP_REFERENCE") else {
        eprintln!("skipped: set CQHTTP_REFERENCE to a folder with what servers publish");
        return None;
    };
    Some(std::path::absolute(root).unwrap().join(path))
}

/// From NapCat 4.12 to 4.18.13, nine actions are new, none is gone, and eight read other parameters.
#[test]
fn two_real_releases_differ_in_what_is_known() {
    let Some(old) = reference("napcat/openapi-4.12.0.json") else { return };
    let Some(new) = reference("napcat/openapi-4.18.13.json") else { return };
    let root = folder("two real releases", &[]);
    for (path, out) in [(old, "old"), (new, "new")] {
        assert_eq!(facts(&root, &["--napcat", path.to_str().unwrap(), "--out", out]).code, Some(0));
    }
    let said = run_in(&root, &["diff", "old", "new"]).out;
    let count = |part: &str| said.lines().filter(|line| line.contains(part)).count();
    assert_eq!((count(": new action "), count(" removed."), said.lines().count()), (9, 0, 1 + 9 + 8), "{said}");
    assert_eq!(count("now reads `timeout`."), 6, "{said}");
    assert!(said.contains("`get_qun_album_list` now reads `attach_info`."), "{said}");
    assert!(
        said.contains("`set_group_album_media_like` now requires `batch_id`; no longer reads `id`, `set`"),
        "{said}"
    );
}

/// The command makes the files that the repository holds from the sources.
#[test]
fn the_committed_facts_are_those_of_their_sources() {
    let Some(napcat) = reference("napcat/openapi-4.18.13.json") else { return };
    let (Some(digest), Some(dialects)) = (reference("snowluma.yaml"), reference("dialects.yaml")) else { return };
    let root = folder("committed facts", &[]);
    let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let (napcat, digest, dialects) = (path(&napcat), path(&digest), path(&dialects));
    let said = facts(
        &root,
        &["--napcat", &napcat, "--snowluma", &digest, "--release", "snowluma=1.11.1", "--dialects", &dialects],
    );
    assert_eq!(said.code, Some(0), "{}", said.err);
    for (name, text) in files(&root.join("schema/servers")) {
        let committed = fs::read_to_string(crate::support::root("schema/servers").join(&name)).unwrap();
        assert_eq!(committed.replace("\r\n", "\n"), text, "{name}");
    }
}

/// The line of a server names the version whose facts it replaces, and says so if that one is the newer.
#[test]
fn the_release_that_is_replaced_is_named() {
    let root = folder("facts of releases", &[]);
    let digest = published("digest.yaml");
    let told = |version: &str| {
        let said = facts(&root, &["--snowluma", &digest, "--release", &format!("snowluma={version}")]);
        assert_eq!((said.code, &*said.err), (Some(0), ""));
        said.out
    };
    assert_eq!(told("1.2"), "snowluma 1.2: 2 actions, written\n");
    assert_eq!(told("1.2"), "snowluma 1.2: 2 actions, unchanged\n");
    assert_eq!(told("1.10"), "snowluma 1.10: 2 actions, written over 1.2\n");
    assert_eq!(told("1.9.1"), "snowluma 1.9.1: 2 actions, written over 1.10, a newer release\n");
    assert_eq!(told("1.9"), "snowluma 1.9: 2 actions, written over 1.9.1, a newer release\n");
    // The versions of commits are not compared.
    assert_eq!(told("ab2b6aff"), "snowluma ab2b6aff: 2 actions, written over 1.9\n");
    assert_eq!(told("1.0"), "snowluma 1.0: 2 actions, written over ab2b6aff\n");
    let json = facts(&root, &["--snowluma", &digest, "--release", "snowluma=2", "--format", "json"]);
    assert!(json.out.contains("\"replaced\": \"1.0\"") || json.out.contains("\"replaced\":\"1.0\""), "{}", json.out);
    // A file that is not of a server is replaced as any other.
    fs::write(root.join("schema/servers/snowluma.yaml"), "- [\n").unwrap();
    assert_eq!(told("1.2"), "snowluma 1.2: 2 actions, written\n");
}

/// A run that was killed leaves its folder: a schema with it has no fault, and a run after a minute removes it, also if it writes
/// nothing. Until then another run may be writing to it.
#[test]
fn what_a_killed_run_left_is_removed() {
    let root = folder("facts after a kill", &[]);
    let digest = published("digest.yaml");
    let run = || facts(&root, &["--snowluma", &digest, "--release", "snowluma=1.2"]);
    assert_eq!(run().code, Some(0));
    for _ in 0..2 {
        let left = root.join("schema/servers/.cqhttp-codegen-Ab1c2D");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("0"), "- kind: server\n  name").unwrap();
        fs::write(left.join("1.yaml"), "- [").unwrap();
        assert_eq!(run_in(&root, &["check", "schema"]).code, Some(0));
        assert_eq!(run().out, "snowluma 1.2: 2 actions, unchanged\n");
        assert!(left.join("1.yaml").exists());
        // Other systems do not open folders.
        #[cfg(unix)]
        {
            let before = SystemTime::now() - Duration::from_secs(3600);
            fs::File::open(&left).unwrap().set_modified(before).unwrap();
            assert_eq!(run().out, "snowluma 1.2: 2 actions, unchanged\n");
            assert!(!left.exists());
        }
        #[cfg(not(unix))]
        fs::remove_dir_all(&left).unwrap();
    }
    // Other hidden names are not touched.
    fs::create_dir(root.join("schema/servers/.git")).unwrap();
    assert_eq!(run().code, Some(0));
    assert!(root.join("schema/servers/.git").exists());
}

/// A page in place of a document is one line, whatever it would be as YAML.
#[test]
fn a_page_is_not_read_as_yaml() {
    let root =
        folder("facts of a page", &[("README.md", b"# NapCat\n\n- [a](b): c\n\t*tab*\n"), ("openapi", b" {\"a\":")]);
    let said = facts(&root, &["--napcat", "README.md"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    let expected = "README.md: expected the `openapi.json` of a OneBot server, such as NapCat's, found a file that is neither JSON \
                    nor YAML";
    assert!(said.err.contains(expected), "{}", said.err);
    assert_eq!(said.err.matches("README.md").count(), 1, "{}", said.err);
    // JSON is known by its beginning.
    let said = facts(&root, &["--napcat", "openapi"]);
    assert!(said.code == Some(2) && said.err.contains("the file is cut off"), "{}", said.err);
    assert!(!root.join("schema").exists());
}
