//! Writes what the fuzzer starts from into `fuzz/corpus`: what lies in `tests/corpus`, and the schema's examples.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use cqhttp_fuzz::answers;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A case of `tests/corpus/answers`.
#[derive(Deserialize)]
struct Case {
    action: String,
    http_status: Option<u16>,
    answer: Box<RawValue>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let written = [
        ("events", from_cases(here, "events", "events", "payload")? + damaged(here)?),
        ("frames", from_cases(here, "frames", "events", "payload")? + frames(here)?),
        ("messages", from_cases(here, "messages", "segments", "segment")?),
        ("cq", from_cases(here, "cq", "segments", "cq")?),
        ("answers", answers(here)?),
    ];
    for (target, count) in written {
        println!("{count} seeds for {target}");
    }
    Ok(())
}

/// The values under `key` of the cases in a folder of `tests/corpus`: a text without its quotes, anything else as JSON.
fn from_cases(here: &Path, target: &str, folder: &str, key: &str) -> Result<usize, Box<dyn Error>> {
    let corpus = here.join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let mut written = 0;
    for server in fs::read_dir(here.join("../tests/corpus").join(folder))? {
        let server = server?;
        if !server.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(server.path())? {
            let file = file?;
            let case: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(&fs::read(file.path())?)?;
            let Some(value) = case.get(key).filter(|value| value.get() != "null") else { continue };
            let text = serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned());
            fs::write(corpus.join(format!("{}.{}", server.file_name().display(), file.file_name().display())), text)?;
            written += 1;
        }
    }
    Ok(written)
}

/// The events of the cases, of which only the tags and ids can be read, and the segments with other values between them.
fn damaged(here: &Path) -> Result<usize, Box<dyn Error>> {
    let corpus = here.join("corpus/events");
    let mut written = 0;
    for file in fs::read_dir(&corpus)?.map(|file| file.map(|file| file.path())).collect::<Result<Vec<_>, _>>()? {
        let Some(name) = file.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with("damaged."))
        else {
            continue;
        };
        // Inputs that the fuzzer has added need not be objects.
        let Ok(payload) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(&fs::read(&file)?) else {
            continue;
        };
        let entries = payload.iter().enumerate().map(|(index, (key, value))| {
            let value = match (key.as_str(), value.get()) {
                ("message", list) if list.starts_with("[{") => format!("[null,{{}},7,{}", &list[1..]),
                (key, value) if key.ends_with("_type") || key.ends_with("_id") || key == "flag" => value.to_owned(),
                _ => [r#"null"#, r#"{"odd":[1]}"#, r#""a\ud83d""#, "[null]"][index % 4].to_owned(),
            };
            Ok(format!("{}:{value}", serde_json::to_string(key)?))
        });
        let entries = entries.collect::<Result<Vec<_>, serde_json::Error>>()?;
        fs::write(corpus.join(format!("damaged.{name}")), format!("{{{}}}", entries.join(",")))?;
        written += 1;
    }
    Ok(written)
}

/// The schema's answers, with the echo in front or behind.
fn frames(here: &Path) -> Result<usize, Box<dyn Error>> {
    let corpus = here.join("corpus/frames");
    let mut written = 0;
    for (number, action) in cqhttp::mock::actions().enumerate() {
        let answer = match number % 2 {
            0 => format!(r#"{{"data":{},"echo":"c{number}","retcode":0,"status":"ok"}}"#, action.example_answer),
            _ => format!(r#"{{"echo":"c{number}","status":"ok","retcode":0,"data":{}}}"#, action.example_answer),
        };
        fs::write(corpus.join(format!("answer.{}", action.name)), answer)?;
        written += 1;
    }
    for (name, frame) in [
        ("refused", r#"{"status":"failed","retcode":1403,"data":null,"message":"token","echo":null}"#),
        ("numbered", r#"{"status":"ok","retcode":"0","data":[{"post_type":"x"}],"echo":7}"#),
        ("object", r#"{"echo":{"c7":"c7"},"status":{"online":true}}"#),
    ] {
        fs::write(corpus.join(name), frame)?;
        written += 1;
    }
    Ok(written)
}

fn answers(here: &Path) -> Result<usize, Box<dyn Error>> {
    let corpus = here.join("corpus/answers");
    fs::create_dir_all(&corpus)?;
    let mut written = 0;
    for folder in fs::read_dir(here.join("../tests/corpus/answers"))? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let case: Case = serde_json::from_slice(&fs::read(file.path())?)?;
            let status = case.http_status.or(Some(200));
            // What the schema does not know is read like any answer without a type.
            let input = answers::input(&case.action, status, case.answer.get().as_bytes())
                .or_else(|| answers::input("send_group_msg", status, case.answer.get().as_bytes()));
            let Some(input) = input else {
                return Err(format!("{}: its HTTP status is not among the target's", file.path().display()).into());
            };
            let name = format!("{}.{}", folder.file_name().display(), file.file_name().display());
            fs::write(corpus.join(name), input)?;
            written += 1;
        }
    }
    for (action, input) in answers::examples() {
        fs::write(corpus.join(format!("example.{action}")), input)?;
        written += 1;
    }
    Ok(written)
}
