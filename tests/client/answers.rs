//! Answers as forks of go-cqhttp send them, read by typed calls: a case for each file of `corpus/answers`, whose README
//! describes the format.

use std::collections::{BTreeMap, BTreeSet};

use cqhttp::{Client, Error, Raw, mock};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use support::{answering, contains_json};

/// The number of cases in each folder, so that a lost case is noticed.
const CASES: [(&str, usize); 6] =
    [("envelope", 12), ("go-cqhttp", 1), ("lagrange", 31), ("llonebot", 32), ("napcat", 115), ("snowluma", 37)];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    action: String,
    server: String,
    deviation: String,
    http_status: Option<u16>,
    answer: Box<RawValue>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Expect {
    /// The call succeeds, and its answer contains all of this.
    Answer(Value),
    /// The server refused the call.
    Refused { retcode: i64, explanation: Option<String> },
    /// The answer does not decode, for this reason.
    Undecodable(String),
}

fn cases() -> BTreeMap<String, Case> {
    support::cases("answers")
}

/// Serves the answer, calls the action through its generated method if it has one, and returns the differences.
async fn run(case: &Case) -> Result<(), String> {
    let status = case.http_status.map_or_else(|| "200 OK".to_owned(), |status| format!("{status} Status"));
    let (url, _server) = answering(&status, case.answer.get()).await;
    let client = Client::builder(url).build().unwrap();
    let outcome = match mock::action(&case.action) {
        Some(action) => action.call_example(client).await,
        None => client.call(Raw::new(&case.action, Value::Object(Map::new()))).await,
    };
    match (&case.expect, outcome) {
        (Expect::Answer(part), Ok(answer)) if contains_json(&answer, part) => Ok(()),
        (Expect::Answer(_), Ok(answer)) => Err(format!("the answer says something else: {answer:#}")),
        (Expect::Refused { retcode, explanation }, Err(Error::Refused(refused))) => {
            let found = (refused.retcode, refused.explanation(), refused.http_status);
            let wanted = (*retcode, explanation.as_deref(), case.http_status);
            if found == wanted { Ok(()) } else { Err(format!("refused with {found:?}")) }
        }
        (Expect::Undecodable(_), Err(Error::Undecodable(error))) => {
            let evident = !error.path.is_empty() && error.text == case.answer.get();
            if evident { Ok(()) } else { Err(format!("undecodable without evidence: {error:?}")) }
        }
        (_, Ok(answer)) => Err(format!("it decodes: {answer:#}")),
        (_, Err(error)) => Err(format!("{error}: {error:?}")),
    }
}

#[tokio::test]
async fn every_answer_of_a_fork_is_read_as_its_case_says() {
    let mut faults = Vec::new();
    for (name, case) in &cases() {
        if let Err(fault) = run(case).await {
            faults.push(format!("{name} ({})\n    {fault}", case.deviation));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_case_is_there_and_stands_under_its_name() {
    let mut found = BTreeMap::<&str, usize>::new();
    let cases = cases();
    for (name, case) in &cases {
        let (folder, file) = name.split_once('/').unwrap();
        *found.entry(folder).or_default() += 1;
        let (of, begins) = match folder {
            "envelope" => (file.split('.').next().unwrap(), case.server.as_str()),
            server => (server, case.action.trim_start_matches(['_', '.'])),
        };
        assert_eq!(of, case.server, "{name}");
        assert!(file.starts_with(&format!("{begins}.")) && file.ends_with(".json"), "{name}");
        // Around an answer, only the envelope counts; inside one, the type does.
        assert!(folder == "envelope" || mock::action(&case.action).is_some(), "{name}: {}", case.action);
        assert!(CASES.iter().any(|(server, _)| *server == case.server), "{name}");
    }
    assert_eq!(found, BTreeMap::from(CASES));
}

/// The README lists every answer that a typed call cannot read, with the reason.
#[test]
fn the_readme_lists_what_cannot_be_read() {
    let page = include_str!("../corpus/answers/README.md");
    let listed = page.lines().filter_map(|line| line.strip_prefix("- `")?.split_once("`: "));
    let cases = cases();
    let undecodable = cases.iter().filter_map(|(name, case)| match &case.expect {
        Expect::Undecodable(reason) => Some((name.as_str(), reason.as_str())),
        _ => None,
    });
    assert_eq!(listed.collect::<BTreeSet<_>>(), undecodable.collect());
}
