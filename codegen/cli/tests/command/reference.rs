//! The reference in Markdown: what it looks like, and where its links lead.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::support::{folder, generator, reference, root};

#[test]
fn the_pages_of_a_small_schema() {
    let pages = reference("small reference", &generator("joined"));
    let shown: String = pages.iter().map(|(path, text)| format!("==== {path} ====\n{text}\n")).collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("reference", shown);
    });
}

/// The parts of a page, as GitHub reads it.
#[derive(Debug, Default)]
struct Page {
    anchors: HashSet<String>,
    links: Vec<String>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut seen = HashMap::<String, usize>::new();
        let mut heading = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap());
                    let count = seen.entry(anchor.clone()).or_default();
                    page.anchors.insert(if *count > 0 { format!("{anchor}-{count}") } else { anchor });
                    *count += 1;
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::Start(Tag::Link { dest_url, .. }) => page.links.push(dest_url.into_string()),
                Event::Html(html) => assert!(html.starts_with("<!--"), "{html}"),
                Event::InlineHtml(html) => assert_eq!(&*html, "<br>"),
                _ => {}
            }
        }
        page
    }
}

/// GitHub's rule: lower case, no punctuation but `-` and `_`, blanks as `-`.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn read(pages: &[(String, String)]) -> BTreeMap<&str, Page> {
    pages.iter().map(|(path, text)| (path.as_str(), Page::read(text))).collect()
}

fn assert_every_link_leads_somewhere(name: &str, schema: &Path) {
    let pages = reference(&format!("links of {name}"), schema);
    let pages = read(&pages);
    for (path, page) in &pages {
        for link in &page.links {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = &pages[if file.is_empty() { path } else { file }];
            assert!(anchor.is_empty() || target.anchors.contains(anchor), "{path}: there is no {link}");
        }
    }
}

#[test]
fn every_link_leads_to_a_heading() {
    assert_every_link_leads_somewhere("joined", &generator("joined"));
    assert_every_link_leads_somewhere("small schemas", &generator("schema"));
    assert_every_link_leads_somewhere("the schema", &root("schema"));
}

/// `RoomInfo` and `ROOMINFO` are two types, and their anchors differ in a number.
#[test]
fn names_that_differ_in_case_alone_have_anchors_of_their_own() {
    let schema = "- { kind: id, name: RoomId, base: i64, doc: A room. }\n\
                  - { kind: id, name: ROOMID, base: i64, doc: Another. }\n\
                  - kind: object\n  name: Room\n  doc: A room.\n  fields:\n\
                  \x20   - { name: a, type: RoomId?, doc: One. }\n    - { name: b, type: ROOMID?, doc: Two. }\n  example: {}\n";
    let folder = folder("anchors", &[("a.yaml", schema.as_bytes())]);
    assert_every_link_leads_somewhere("anchors", &folder);
    let pages = reference("reference of anchors", &folder);
    let page = &read(&pages)["types.md"];
    assert!(page.links.contains(&"types.md#roomid".into()) && page.links.contains(&"types.md#roomid-1".into()));
}

/// A list without a `?` is read where it is absent, too, and servers leave out empty ones.
#[test]
fn a_list_need_not_be_there() {
    let schema = "- kind: object\n  name: Room\n  doc: A room.\n  fields:\n    - { name: a, type: 'i64[]', doc: One. }\n\
                  \x20   - { name: b, type: i64, doc: Two. }\n    - { name: c, type: 'i64[]?', doc: Three. }\n  example: { b: 1 }\n";
    let pages = reference("reference of lists", &folder("lists", &[("a.yaml", schema.as_bytes())]));
    let rows = pages[4].1.lines().filter(|line| ["| `a`", "| `b`", "| `c`"].iter().any(|row| line.starts_with(row)));
    let there: Vec<&str> = rows.map(|row| row.split(" | ").nth(2).unwrap()).collect();
    assert_eq!(there, ["unless empty", "always", "optional"]);
}

/// A value may hold what marks code.
#[test]
fn values_are_code_whatever_they_hold() {
    let schema = "- kind: enum\n  name: Mark\n  base: string\n  doc: A mark.\n  values:\n\
                  \x20   - { value: \"a`b\", name: both, doc: Both. }\n";
    let pages = reference("reference of marks", &folder("marks", &[("a.yaml", schema.as_bytes())]));
    assert!(pages[4].1.contains("| ``\"a`b\"`` | Both. |\n"), "{}", pages[4].1);
}

/// A name that is sent in any case is not listed as an alias.
#[test]
fn further_names_are_told_once() {
    let schema = "- name: get_room\n  title: 房间\n  doc: Asks for a room.\n  origin: onebot11\n  effect: read\n  params:\n\
                  \x20   - { name: room, type: i64, also: [id, no], aliases: [id, number], doc: The room. }\n\
                  \x20 example: { params: { room: 1 } }\n";
    let folder = folder("further names", &[("a.yaml", schema.as_bytes())]);
    let pages = reference("reference of names", &folder);
    let row = pages[1].1.lines().find(|line| line.starts_with("| `room` |")).unwrap();
    let doc =
        "The room. Send it as `id` and `no`, too: some servers read only that name. Some servers call it `number`.";
    assert_eq!(row.split(" | ").last().unwrap().trim_end_matches(" |"), doc);
}

/// An action names the server that had it first.
#[test]
fn an_action_names_its_origin() {
    let origins = [
        ("onebot11", "OneBot v11"),
        ("go-cqhttp", "go-cqhttp"),
        ("napcat", "NapCat"),
        ("snowluma", "SnowLuma"),
        ("llonebot", "LLOneBot"),
        ("lagrange", "Lagrange"),
    ];
    for (origin, shown) in origins {
        let schema =
            format!("- {{ name: get_room, title: 房间, doc: Asks for a room., origin: {origin}, effect: read }}\n");
        let folder = folder("origins", &[("a.yaml", schema.as_bytes())]);
        let pages = reference("reference of origins", &folder);
        assert!(pages[1].1.contains(&format!("\nFrom {shown} · reads.\n")), "{}", pages[1].1);
    }
}

/// A reader finds every action, event, segment and type of the schema under a heading of its name.
#[test]
fn everything_has_its_heading() {
    let pages = reference("reference of the schema", &root("schema"));
    let pages = read(&pages);
    let generated = cqhttp_codegen::generate(root("schema")).unwrap();
    let files = std::fs::read_dir(root("schema/actions")).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<String> = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let stanzas: Vec<&str> = texts.iter().flat_map(|text| text.split("\n- name: ")).collect();
    for line in generated.api.lines() {
        let action = line.split('(').next().unwrap();
        let anchors = &pages["actions.md"].anchors;
        // The heading is the name on the wire.
        let method = format!("  method: {action}\n");
        let named = stanzas.iter().find(|stanza| stanza.contains(&method));
        let action = named.map_or(action.to_owned(), |stanza| stanza.lines().next().unwrap().to_lowercase());
        let action = action.trim_matches(['"', '.']);
        assert!(anchors.contains(action) || anchors.contains(&format!("_{action}")), "{action}");
    }
    assert!(pages["events.md"].anchors.contains("poke_recall"));
    assert!(pages["events.md"].anchors.contains("groupmessageoperation"));
    assert!(pages["segments.md"].anchors.contains("feed_at"));
    assert!(pages["types.md"].anchors.contains("groupmemberinfo"));
}
