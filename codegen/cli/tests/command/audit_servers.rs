//! `audit` with the facts about several servers: one difference of each kind, and newer releases in place of the facts.

use crate::support::{Said, folder, here, run_in};

const SCHEMA: &str = "\
- name: set_lamp
  title: 开灯
  doc: Lights a lamp.
  origin: onebot11
  effect: write
  params:
    - name: lamp
      type: i64
      aliases: [id]
      doc: The lamp.
    - name: seconds
      type: u32?
      doc: For how long.
  example:
    params: { lamp: 1, seconds: 3 }
";

/// The facts of a server with these lines.
fn server(name: &str, title: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    format!("- kind: server\n  name: {name}\n  title: {title}\n  app_name: {title}\n  version: v1\n  actions:\n{lines}")
}

/// Audits a schema with NapCat's and Lagrange's line for the action.
fn audit(schema: &str, napcat: &[&str], lagrange: &[&str], arguments: &[&str]) -> Said {
    let (napcat, lagrange) = (server("napcat", "NapCat", napcat), server("lagrange", "Lagrange", lagrange));
    let root = folder(
        "audit servers",
        &[
            ("schema/a.yaml", schema.as_bytes()),
            ("schema/servers/napcat.yaml", napcat.as_bytes()),
            ("schema/servers/lagrange.yaml", lagrange.as_bytes()),
        ],
    );
    run_in(&root, &[&["audit"], arguments].concat())
}

fn count(napcat: usize, lagrange: usize, rest: &str) -> String {
    let s = if napcat == 1 { "" } else { "s" };
    format!("{napcat} action{s} of NapCat, {lagrange} of Lagrange, 1 in the schema: {rest}\n")
}

#[test]
fn a_schema_that_all_servers_follow_is_not_reported() {
    let said = audit(SCHEMA, &["set_lamp: lamp! seconds"], &["set_lamp: id|lamp=0 seconds=0"], &[]);
    assert_eq!((said.code, said.err.as_str(), said.out), (Some(0), "", count(1, 1, "0 findings, 0 explained")));
}

/// A difference, and the same with its explanation.
#[test]
fn each_difference_is_told_and_can_be_explained() {
    let lamp = "schema/a.yaml:7:13: ";
    let seconds = "schema/a.yaml:11:13: ";
    let action = "schema/a.yaml:1:9: ";
    for (napcat, lagrange, place, told, key, reason) in [
        (
            "set_lamp|light: lamp! seconds",
            "set_lamp: id|lamp seconds",
            action,
            "NapCat answers `set_lamp` as `light` too; add it to `aliases:`",
            "names",
            "`light`",
        ),
        (
            "set_lamp: lamp! seconds colour|color",
            "set_lamp: id|lamp seconds colour|color",
            action,
            "`set_lamp` lacks the parameter `colour`, `color`, which NapCat, Lagrange read; add it",
            "params",
            "`colour`, `color`",
        ),
        (
            "set_lamp: lamp! seconds -> stream",
            "set_lamp: id|lamp seconds",
            action,
            "NapCat answers `set_lamp` in parts, which the schema does not say; add `stream:`",
            "stream",
            "`NapCat`",
        ),
        (
            "set_lamp: lamp! seconds",
            "set_lamp: id! seconds",
            lamp,
            "Lagrange reads `lamp` of `set_lamp` only as `id`; send it under that name, as `wire:` or `also:`",
            "names",
            "`id`",
        ),
        (
            "set_lamp: lamp! seconds",
            "set_lamp: lamp seconds",
            lamp,
            "no server reads `lamp` of `set_lamp` as `id`; remove the name",
            "names",
            "`id`",
        ),
        (
            "set_lamp: lamp|id! seconds!",
            "set_lamp: lamp seconds!",
            seconds,
            "NapCat, Lagrange require `seconds` of `set_lamp`, which may be left out; require it, or add a default",
            "required",
            "`NapCat`, `Lagrange`",
        ),
        (
            "set_lamp: lamp|id!",
            "set_lamp: lamp",
            seconds,
            "no server reads `seconds` of `set_lamp`; remove the parameter",
            "unread",
            "",
        ),
        (
            "set_lamp: lamp|id! seconds=20",
            "set_lamp: lamp seconds=0",
            seconds,
            "servers assume different values if `seconds` of `set_lamp` is absent: `20` on NapCat, `0` on Lagrange; add a \
             default, which is then sent",
            "default",
            "`20`, `0`",
        ),
    ] {
        let said = audit(SCHEMA, &[napcat], &[lagrange], &[]);
        let naming = if reason.is_empty() { String::new() } else { format!(", naming {reason}") };
        let hint = format!(", or explain it with `deviates:` and `{key}: …`{naming}");
        assert_eq!(said.out, format!("{place}{told}{hint}\n{}", count(1, 1, "1 finding, 0 explained")), "{}", said.err);
        let explained = match place {
            _ if place == action => format!("{SCHEMA}  deviates:\n    {key}: 'So it is: {reason}.'\n"),
            _ => {
                let doc = if place == lamp { "The lamp." } else { "For how long." };
                let with = format!("{doc}\n      deviates:\n        {key}: 'So it is: {reason}.'");
                SCHEMA.replace(doc, &with)
            }
        };
        let said = audit(&explained, &[napcat], &[lagrange], &[]);
        assert_eq!(said.out, count(1, 1, "0 findings, 1 explained"), "{explained}");
        if !reason.is_empty() {
            // Each name of the explanation has to differ.
            let further = explained.replace(&format!("{reason}.'"), &format!("{reason}, `lantern`.'"));
            let needless = audit(&further, &[napcat], &[lagrange], &[]);
            let message = format!("`{key}` of `deviates:` names `lantern`, in which ");
            assert!(needless.out.contains(&message), "{}", needless.out);
            assert!(needless.out.ends_with(&count(1, 1, "1 finding, 1 explained")), "{}", needless.out);
        }
        let stale = audit(&explained, &["set_lamp: lamp! seconds"], &["set_lamp: id|lamp seconds"], &[]);
        assert!(stale.out.contains(&format!("`{key}` of `deviates:` explains nothing")), "{}", stale.out);
    }
}

/// go-cqhttp must have what comes from OneBot v11 or from itself; what comes from another server needs one server that has it.
#[test]
fn an_action_is_on_the_servers_that_its_origin_says() {
    let audited = |origin: &str, napcat: &str| {
        let schema =
            format!("- {{ name: set_lamp, title: 开灯, doc: Lights a lamp., origin: {origin}, effect: write }}\n");
        let servers = [server("napcat", "NapCat", &[napcat]), server("go-cqhttp", "go-cqhttp", &["{}"])];
        let files = [
            ("schema/a.yaml", schema.as_bytes()),
            ("schema/servers/napcat.yaml", servers[0].as_bytes()),
            ("schema/servers/go-cqhttp.yaml", servers[1].as_bytes()),
        ];
        run_in(&folder("audit origins", &files), &["audit"]).out
    };
    for origin in ["napcat", "snowluma", "llonebot", "lagrange"] {
        let said = audited(origin, "set_lamp: \"\"");
        assert!(said.contains(": 0 findings, 0 explained"), "{origin}: {said}");
        let said = audited(origin, "get_b: \"\"");
        assert!(said.contains("no server has the action `set_lamp`"), "{origin}: {said}");
    }
    for origin in ["onebot11", "go-cqhttp"] {
        let said = audited(origin, "set_lamp: \"\"");
        assert!(said.contains("go-cqhttp has no action `set_lamp`"), "{origin}: {said}");
    }
}

#[test]
fn actions_without_a_stanza_are_counted_and_listed_on_demand() {
    let (napcat, lagrange) =
        (["set_lamp: lamp!", "get_a|get_b: x"], ["set_lamp: id|lamp seconds", "get_b: x", "get_c: \"\""]);
    let said = audit(SCHEMA, &napcat, &lagrange, &[]);
    let counted = "0 findings, 0 explained, 2 actions without a stanza (listed with --missing)";
    assert_eq!((said.code, said.out), (Some(0), count(2, 3, counted)));
    let said = audit(SCHEMA, &napcat, &lagrange, &["--missing"]);
    assert_eq!(
        said.out,
        "schema/servers/lagrange.yaml:9:5: the schema lacks the action `get_c`, which Lagrange answers; add a stanza\n\
         schema/servers/napcat.yaml:8:5: the schema lacks the action `get_a`, `get_b`, which NapCat, Lagrange answer; add a \
         stanza\n"
            .to_owned()
            + &count(2, 3, "2 findings, 0 explained")
    );
}

/// An action without types is explained, until no server has it.
#[test]
fn actions_without_types_are_explained() {
    let untyped = |name: &str| format!("{SCHEMA}- kind: untyped\n  name: {name}\n  reason: For developers.\n");
    let lines = ["set_lamp: id|lamp! seconds", "get_a|get_b: x"];
    for name in ["get_a", "get_b"] {
        let said = audit(&untyped(name), &lines, &["set_lamp: id|lamp seconds"], &["--missing"]);
        assert_eq!((said.code, said.out), (Some(0), count(2, 1, "0 findings, 0 explained")));
    }
    let said = audit(&untyped("get_c"), &lines, &["set_lamp: id|lamp seconds"], &[]);
    let gone =
        "schema/a.yaml:17:9: no server has the action `get_c`, which is listed as an action without types; remove it\n";
    let counted = "1 finding, 0 explained, 1 action without a stanza (listed with --missing)";
    assert_eq!((said.code, said.out), (Some(1), format!("{gone}{}", count(2, 1, counted))));
}

/// A newer release takes the place of the facts.
#[test]
fn a_newer_release_is_audited() {
    let openapi = here("published/openapi.json").to_str().unwrap().to_owned();
    let facts = ["set_lamp: lamp! seconds"];
    let said = audit(SCHEMA, &facts, &["set_lamp: id|lamp seconds"], &["--openapi", &openapi]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("`set_lamp` lacks the parameter `bright`, which NapCat reads"), "{}", said.out);
    assert!(said.out.contains("3 actions of NapCat, 1 of Lagrange, 1 in the schema"), "{}", said.out);
    let catalog = here("published/catalog.json").to_str().unwrap().to_owned();
    let said = audit(SCHEMA, &facts, &["set_lamp: id|lamp seconds"], &["--catalog", &catalog]);
    assert!(said.out.contains("SnowLuma answers `set_lamp` as `light_up` too"), "{}", said.out);
    assert!(said.out.contains("1 action of NapCat, 1 of Lagrange, 2 of SnowLuma, 1 in the schema"), "{}", said.out);
    let said = audit(SCHEMA, &facts, &facts, &["--catalog", &openapi]);
    assert!(said.code == Some(2) && said.err.contains("expected a catalog with `actions`"), "{}", said.err);
}

#[test]
fn a_schema_without_facts_is_not_audited() {
    let root = folder("audit without facts", &[("schema/a.yaml", SCHEMA.as_bytes())]);
    let said = run_in(&root, &["audit"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("schema: expected facts about servers, found none"), "{}", said.err);
}

/// The schema of the repository, with the facts in it.
#[test]
fn the_schema_differs_from_no_server_without_a_reason() {
    let said = run_in(&crate::support::root(""), &["audit"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
}
