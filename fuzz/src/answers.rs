//! Any bytes as the answer to any action: through a client, as a transport would hand them on, without a network.
//!
//! Whatever comes, nothing panics; an error keeps the action and the text; a refusal does not depend on the answer's type;
//! and an answer that decodes says the same after it was encoded and decoded again.

use std::convert::Infallible;
use std::sync::LazyLock;

use bytes::Bytes;
use cqhttp::mock::{self, ActionInfo};
use cqhttp::transport::{Request, Response};
use cqhttp::{Client, Effect, Error, Raw};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{holds_long_float, without_empty};

/// Every action, in the schema's order.
static ACTIONS: LazyLock<Vec<&ActionInfo>> = LazyLock::new(|| mock::actions().collect());

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be had")
});

/// The HTTP statuses that an answer may come with; `None` is a transport without any.
const STATUSES: [Option<u16>; 16] = [
    Some(200),
    None,
    Some(204),
    Some(301),
    Some(304),
    Some(307),
    Some(400),
    Some(401),
    Some(403),
    Some(404),
    Some(408),
    Some(426),
    Some(429),
    Some(500),
    Some(502),
    Some(999),
];

/// A bit of the second byte: the body was longer than the client's limit.
const CUT: u8 = 0x10;
/// A bit of the second byte: the rest of the input is `data`, and goes into a good envelope.
const DATA_ALONE: u8 = 0x20;

/// Reads an input: the first byte chooses the action, the second the HTTP status and the two bits above; the rest
/// is the body.
fn read(input: &[u8]) -> Option<(&'static ActionInfo, Response)> {
    let [action, how, body @ ..] = input else { return None };
    let action = ACTIONS[usize::from(*action) % ACTIONS.len()];
    let mut reply = Response::new(match how & DATA_ALONE {
        0 => Bytes::copy_from_slice(body),
        _ => [br#"{"data":"#, body, br#","retcode":0,"status":"ok"}"#].concat().into(),
    });
    reply.http_status = STATUSES[usize::from(how & 0x0f)];
    reply.cut_at = (how & CUT != 0).then_some(reply.body.len());
    Some((action, reply))
}

/// Checks one input.
///
/// # Panics
///
/// Something of the above does not hold.
pub fn check(input: &[u8]) {
    if let Some((action, reply)) = read(input) {
        RUNTIME.block_on(check_reply(action, reply));
    }
}

/// An input for people.
#[must_use]
pub fn describe(input: &[u8]) -> String {
    let Some((action, reply)) = read(input) else { return "too short to be an answer".into() };
    let body = String::from_utf8_lossy(&reply.body);
    format!("{} answered with HTTP status {:?}, cut at {:?}:\n{body}", action.name, reply.http_status, reply.cut_at)
}

/// A response with the same content; responses cannot be cloned, since they may hold a stream.
fn copy(response: &Response) -> Response {
    let mut copy = Response::new(response.body.clone());
    copy.http_status = response.http_status;
    copy.cut_at = response.cut_at;
    copy.encoding.clone_from(&response.encoding);
    copy
}

async fn check_reply(action: &ActionInfo, reply: Response) {
    let sent_back = std::sync::Arc::new(copy(&reply));
    let service = tower::service_fn(move |request: Request| {
        let reply = copy(&sent_back);
        async move {
            assert!(request.mark_sent());
            Ok::<_, Infallible>(reply)
        }
    });
    let client = Client::from_service(service);
    let raw = client.call(Raw::new(action.name, Value::Object(Default::default()))).await;
    let typed = action.call_example(client).await;
    check_agreement(&typed, &raw);
    match typed {
        Ok(answer) => check_answer(action, &answer),
        Err(error) => check_error(action, &reply, &error),
    }
}

/// Whether a call was refused, and how, is said outside of `data`, except for the codes in some answers: the type of the answer
/// makes no difference.
fn check_agreement(typed: &Result<Value, Error>, raw: &Result<Value, Error>) {
    let codes = ["result", "errCode", "errorCode", "retCode", "response", "transGroupFileResult", "valid"];
    if raw.as_ref().is_ok_and(|answer| codes.iter().any(|code| answer.get(code).is_some())) {
        return;
    }
    let refusal = |outcome: &Result<Value, Error>| match outcome {
        // An action that only reads is certain not to have happened, and `Raw` counts as one that writes.
        Err(Error::Refused(refused)) => {
            let mut refused = refused.clone();
            refused.uncertain = false;
            Some(refused)
        }
        _ => None,
    };
    assert_eq!(refusal(typed), refusal(raw));
}

fn check_answer(action: &ActionInfo, answer: &Value) {
    let text = answer.to_string();
    // A part that was kept raw, such as half an emoji, has no form as a tree, and the whole answer is null here.
    let has_no_tree = answer.is_null() && action.example_answer != "null";
    if has_no_tree || holds_long_float(answer) {
        return;
    }
    let again = action.reread_answer(&text).unwrap_or_else(|error| panic!("{}: {error} in {text}", action.name));
    let again: Value = serde_json::from_str(&again).expect("what is encoded is JSON");
    assert_eq!(without_empty(again), without_empty(answer.clone()), "{}", action.name);
}

fn check_error(action: &ActionInfo, reply: &Response, error: &Error) {
    let text = String::from_utf8_lossy(&reply.body);
    assert_eq!(error.action(), action.name);
    assert!(error.report().starts_with(&error.to_string()));
    match error {
        Error::Refused(refused) => {
            assert_eq!(refused.text, text);
            // What is refused without a word from the server has the number of its HTTP status at least.
            assert!(refused.retcode != 0 || refused.text.contains("status"), "{refused:?}");
        }
        Error::Undecodable(undecodable) => {
            assert_eq!(undecodable.text, text);
            let path = undecodable.path.as_str();
            assert!(
                path.is_empty() || path == "data" || path.starts_with("data.") || path.starts_with("data["),
                "{path}"
            );
            assert!(error.may_have_happened());
        }
        Error::OutcomeUnknown(unknown) => {
            assert_eq!(unknown.text, text);
            assert!(error.may_have_happened());
        }
        // A request that writes or sends, and went out whole, may have been carried out before the redirect.
        Error::NotSent(_) => {
            assert!(matches!(reply.http_status, Some(301 | 302 | 307 | 308)), "{error:?}");
            assert_eq!(action.effect, Effect::Read, "{error:?}");
        }
        other => panic!("a kind of error that nothing is known of: {other:?}"),
    }
}

/// The input that stands for an answer to `action`; `None` where the schema has no such action.
#[must_use]
pub fn input(action: &str, http_status: Option<u16>, body: &[u8]) -> Option<Vec<u8>> {
    let action = ACTIONS.iter().position(|info| info.name == action || info.aliases.contains(&action))?;
    let status = STATUSES.iter().position(|status| *status == http_status)?;
    Some([&[u8::try_from(action).ok()?, u8::try_from(status).ok()?], body].concat())
}

/// An input for each action: the schema's example, as `data` alone.
pub fn examples() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    ACTIONS.iter().enumerate().map(|(index, action)| {
        let head = [u8::try_from(index).expect("there are fewer than 256 actions"), DATA_ALONE];
        (action.name, [&head, action.example_answer.as_bytes()].concat())
    })
}
