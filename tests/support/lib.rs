//! Code that several tests share.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod compact;
pub mod log;
#[cfg(any(feature = "sse", feature = "ws"))]
pub mod peer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The README, so that rustdoc compiles its code.
#[cfg(all(doctest, feature = "http", feature = "server"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The Chinese README, so that rustdoc compiles its code.
#[cfg(all(doctest, feature = "http", feature = "server"))]
#[doc = include_str!("../../README.zh-CN.md")]
pub struct ReadmeZhCn;

pub use compact::compact;

/// Returns every case of a folder of `tests/corpus`, by server and file name: `napcat/group_message.array.json`.
pub fn cases<T: DeserializeOwned>(folder: &str) -> BTreeMap<String, T> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let entries =
        |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let folders = entries(&root).into_iter().filter(|path| path.is_dir());
    folders
        .flat_map(|folder| entries(&folder))
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            let text = std::fs::read_to_string(&file).unwrap();
            let case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, case)
        })
        .collect()
}

/// Returns `true` if two answers or requests mean the same.
///
/// A number equals its string of digits, and a bool its number and its text. An absent field, null, an empty list
/// and an empty object are equal. A message as text with CQ codes equals its list of segments. Fields of a segment that its type does not know
/// are equal only if their JSON is.
pub fn same_json(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().all(|key| same_entry(key, a, b))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b)),
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number.to_string() == *text
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() != b.is_f64() => a.as_f64() == b.as_f64(),
        (Value::Bool(flag), other) | (other, Value::Bool(flag)) => match other {
            Value::Bool(other) => flag == other,
            Value::Number(number) => number.as_i64() == Some(i64::from(*flag)),
            Value::String(text) => *text == flag.to_string() || *text == i64::from(*flag).to_string(),
            _ => false,
        },
        (a, b) => a == b || (is_nothing(a) && is_nothing(b)),
    }
}

fn same_entry(key: &str, a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
    match key {
        "message" if a.is_array() || b.is_array() => same_message(a, b),
        _ => same_json(a, b),
    }
}

/// Returns `true` if two messages mean the same. Each is text with CQ codes, one segment or a list.
pub fn same_message(a: &Value, b: &Value) -> bool {
    let segments = |message: &Value| match message {
        Value::Array(segments) => segments.clone(),
        Value::String(codes) => match serde_json::to_value(cqhttp::Message::cq(codes)) {
            Ok(Value::Array(segments)) => segments,
            _ => Vec::new(),
        },
        Value::Null => Vec::new(),
        segment => vec![segment.clone()],
    };
    let (a, b) = (segments(a), segments(b));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| match a["type"].is_string() {
            true => same_segment(&a.to_string(), &b.to_string()),
            false => a == b,
        })
}

/// Returns `true` if two segments mean the same. The order of unknown fields matters, and so does a repeated name.
pub fn same_segment(a: &str, b: &str) -> bool {
    let (a, b) = (entries(a), entries(b));
    let find = |entries: &[(String, String)], name: &str| -> Option<String> {
        entries.iter().find(|(known, _)| known == name).map(|(_, json)| json.clone())
    };
    let beside = |entries: &[(String, String)]| -> Vec<(String, Value)> {
        let beside = entries.iter().filter(|(name, _)| name != "data");
        beside.map(|(name, json)| (name.clone(), serde_json::from_str(json).unwrap())).collect()
    };
    let kind: Value = serde_json::from_str(&find(&a, "type").unwrap()).unwrap();
    let known = cqhttp::mock::segments().find(|known| kind == known.kind && !known.feed);
    let known = known.map(|known| known.fields).unwrap_or_default();
    let (a_data, b_data) = (find(&a, "data").unwrap_or("{}".into()), find(&b, "data").unwrap_or("{}".into()));
    if !a_data.starts_with('{') || !b_data.starts_with('{') {
        let data = |json: &str| serde_json::from_str::<Value>(if json == "null" { "{}" } else { json }).unwrap();
        return sorted(beside(&a)) == sorted(beside(&b)) && data(&a_data) == data(&b_data);
    }
    let (a_data, b_data) = (entries(&a_data), entries(&b_data));
    let unknown = |data: &[(String, String)]| -> Vec<(String, Value)> {
        let unknown = data.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        unknown.map(|(name, json)| (name.clone(), serde_json::from_str(json).unwrap())).collect()
    };
    let values = |data: &[(String, String)], name: &str| -> Vec<Value> {
        let values = data.iter().filter(|(known, _)| known == name);
        values.map(|(_, json)| serde_json::from_str(json).unwrap()).filter(|value: &Value| !value.is_null()).collect()
    };
    let same_known = known.iter().all(|name| {
        let (a, b) = (values(&a_data, name), values(&b_data, name));
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same_json(a, b))
    });
    sorted(beside(&a)) == sorted(beside(&b)) && same_known && unknown(&a_data) == unknown(&b_data)
}

fn sorted(mut entries: Vec<(String, Value)>) -> Vec<(String, Value)> {
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

/// Returns the entries of a JSON object in order, as name and JSON. Repeated names are kept.
pub fn entries(json: &str) -> Vec<(String, String)> {
    struct Entries;

    impl<'de> serde::de::Visitor<'de> for Entries {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, Box<serde_json::value::RawValue>>()? {
                entries.push((name, value.get().to_owned()));
            }
            Ok(entries)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde::Deserializer::deserialize_map(&mut deserializer, Entries).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Returns `true` if `whole` contains all of `part`. Objects may have further fields; lists may not have further elements.
pub fn contains_json(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(key, part)| match whole.get(key) {
            Some(message @ Value::Array(_)) if key == "message" => same_message(message, part),
            whole => contains_json(whole.unwrap_or(&Value::Null), part),
        }),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains_json(whole, part))
        }
        (whole, part) => same_json(whole, part),
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// Fails if the snapshots of `test` in `tests/snapshots` are not exactly those named in `expected`.
pub fn assert_no_orphans(test: &str, expected: impl IntoIterator<Item = String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let prefix = format!("{test}__");
    let found: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder of snapshots exists")
        .map(|entry| entry.expect("the folder is readable").file_name().into_string().expect("a file name is UTF-8"))
        .filter(|name| name.starts_with(&prefix) && name.ends_with(".snap"))
        .collect();
    let expected: BTreeSet<String> = expected.into_iter().map(|name| format!("{prefix}{name}.snap")).collect();
    let orphans: Vec<_> = found.difference(&expected).collect();
    assert!(orphans.is_empty(), "no test makes these snapshots: delete them: {orphans:?}");
    let missing: Vec<_> = expected.difference(&found).collect();
    assert!(missing.is_empty(), "these snapshots are missing: {missing:?}");
}

/// Starts a server that gives one answer, byte for byte. Returns its URL and a task that yields the request.
pub async fn answering(status: &str, body: impl AsRef<[u8]>) -> (String, JoinHandle<String>) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.as_ref().len());
    let answer = [head.as_bytes(), body.as_ref()].concat();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await.expect("a request comes");
        stream.write_all(&answer).await.unwrap();
        request
    });
    (url, task)
}

/// Reads the next request on a connection. Returns `None` if the client has closed it.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    while !is_complete(&request) {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            assert!(request.is_empty(), "the request is whole");
            return None;
        }
    }
    Some(String::from_utf8(request).unwrap())
}

/// A server whose requests stay open until the test answers or drops them.
pub struct Held {
    /// The server's URL.
    pub url: String,
    arrivals: mpsc::UnboundedReceiver<Arrived>,
    task: JoinHandle<()>,
}

impl Held {
    /// Starts the server.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(hold(stream, arrived.clone()));
            }
        });
        Self { url, arrivals, task }
    }

    /// Returns the next request as soon as it arrives.
    pub async fn next(&mut self) -> Arrived {
        // Only a failing test waits that long.
        let arrived = tokio::time::timeout(std::time::Duration::from_secs(60), self.arrivals.recv()).await;
        arrived.expect("a request comes").unwrap()
    }

    /// Returns `true` if the test has taken every request that arrived.
    pub fn is_quiet(&self) -> bool {
        self.arrivals.is_empty()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request without an answer. Dropping it closes the connection.
pub struct Arrived {
    /// The action that the request calls.
    pub action: String,
    /// The call's parameters; null if the body is not JSON.
    pub params: Value,
    answer: oneshot::Sender<String>,
}

impl Arrived {
    /// Answers the request.
    pub fn answer(self, status: &str, body: &str) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        // In some tests the client has closed the connection.
        let _ = self.answer.send(answer);
    }
}

/// Reads the requests of one connection, one after the other.
async fn hold(mut stream: TcpStream, arrived: mpsc::UnboundedSender<Arrived>) {
    loop {
        let mut request = Vec::new();
        while !is_complete(&request) {
            if !matches!(stream.read_buf(&mut request).await, Ok(read) if read > 0) {
                return;
            }
        }
        let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
        let action = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        let body = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(0, |head| head + 4);
        let params = serde_json::from_slice(&request[body..]).unwrap_or_default();
        let (answer, answered) = oneshot::channel();
        if arrived.send(Arrived { action, params, answer }).is_err() {
            return;
        }
        let Ok(answer) = answered.await else { return };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Returns `true` if the head and the body of a request are complete.
pub fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    body.len() >= length
}

#[test]
fn same_json_tells_what_is_the_same() {
    use serde_json::json;
    for (a, b) in [
        (json!({ "size": 12 }), json!({ "size": "12" })),
        (json!({ "list": null }), json!({})),
        (json!({ "list": [] }), json!({ "list": null })),
        (json!({ "sender": {} }), json!({})),
        (json!({ "yes": true }), json!({ "yes": 1 })),
        (json!({ "yes": "false" }), json!({ "yes": false })),
        (
            json!({ "message": [{ "type": "face", "data": { "id": 1 } }] }),
            json!({ "message": [{ "type": "face", "data": { "id": "1" } }] }),
        ),
        (json!({ "message": "[CQ:face,id=1]" }), json!({ "message": [{ "type": "face", "data": { "id": "1" } }] })),
    ] {
        assert!(same_json(&a, &b) && same_json(&b, &a), "{a} and {b}");
    }
    for (a, b) in [
        (json!({ "card": "" }), json!({})),
        (json!({ "size": 12 }), json!({ "size": "012" })),
        (json!({ "yes": true }), json!({ "yes": 0 })),
        (json!({ "x": 1 }), json!({ "x": null })),
        (
            json!({ "message": [{ "type": "face", "data": { "odd": 1 } }] }),
            json!({ "message": [{ "type": "face", "data": { "odd": "1" } }] }),
        ),
        (json!({ "message": "[CQ:face,id=1]" }), json!({ "message": [{ "type": "face", "data": { "id": "2" } }] })),
    ] {
        assert!(!same_json(&a, &b) && !same_json(&b, &a), "{a} and {b}");
    }
}

#[test]
fn contains_json_tells_what_is_a_part() {
    use serde_json::json;
    let whole =
        json!({ "id": "12", "list": [{ "x": 1, "y": 2 }], "message": [{ "type": "face", "data": { "id": 1 } }] });
    for part in [
        json!({}),
        json!({ "id": 12, "nothing": null }),
        json!({ "list": [{ "x": "1" }] }),
        json!({ "message": [{ "type": "face", "data": { "id": 1 } }] }),
    ] {
        assert!(contains_json(&whole, &part), "{part}");
    }
    for part in [
        json!({ "id": null }),
        json!({ "list": [] }),
        json!({ "list": [{ "x": 1 }, { "x": 1 }] }),
        json!({ "message": [{ "type": "face" }] }),
    ] {
        assert!(!contains_json(&whole, &part), "{part}");
    }
}

#[test]
fn each_feature_of_cqhttp_is_forwarded() {
    let features = |manifest: &'static str| -> BTreeSet<&'static str> {
        let (_, section) = manifest.split_once("\n[features]\n").unwrap();
        let (section, _) = section.split_once("\n[").unwrap();
        section.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).collect()
    };
    assert_eq!(features(include_str!("../Cargo.toml")), features(include_str!("../../Cargo.toml")));
}
