//! A stand-in for go-cqhttp, for tests and demos without a QQ account. Feature `mock`.
//!
//! It listens on 127.0.0.1, answers every action of the schema with the schema's example, refuses unknown ones as
//! go-cqhttp does, and records what it is asked. It does not check parameters, and it answers those actions too that
//! go-cqhttp does not implement. [`Server::on`] gives an action an answer of your own.
//!
//! ```
//! # #[cfg(feature = "http")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::action::SetGroupBan;
//! use cqhttp::mock::{Server, refuse};
//! use cqhttp::{Client, RefusalCode};
//!
//! let server = Server::start().await?;
//! server.on::<SetGroupBan>(|_| Err(refuse(RefusalCode::NotManageable)));
//!
//! let client = Client::builder(server.url()).build()?;
//! let error = client.set_group_ban(10001000, 10086).await.unwrap_err();
//! assert_eq!(error.code(), Some(RefusalCode::NotManageable));
//! assert_eq!(server.calls()[0].params["duration"], 1800);
//! # Ok(())
//! # }
//! ```

mod http;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{Client, Effect, Error, EventKind, KnownAction, RefusalCode, generated};

/// An action as the stand-in knows it; the table is generated from the schema.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ActionInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// Further names that the server answers to.
    pub aliases: &'static [&'static str],
    /// Its heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// What a call does.
    pub effect: Effect,
    /// Its parameters.
    pub params: &'static [ParamInfo],
    /// The parameters of the schema's example, as JSON.
    pub example_params: &'static str,
    /// The answer of the schema's example (`data`), as JSON.
    pub example_answer: &'static str,
    pub(crate) reread_params: fn(&str) -> serde_json::Result<String>,
    pub(crate) reread_answer: fn(&str) -> serde_json::Result<String>,
    pub(crate) call_example: fn(Client) -> ExampleCall,
}

/// A parameter as the stand-in knows it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ParamInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// Further names that the server reads; a dotted one leads into an object.
    pub aliases: &'static [&'static str],
}

/// A kind of event, as the schema describes it; the table is generated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EventInfo {
    /// Its kind.
    pub kind: EventKind,
    /// The name of its variant.
    pub name: &'static str,
    /// Its tags: `notice.notify.poke`.
    pub tags: &'static str,
    /// Its heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// The schema's example: a whole event, as JSON.
    pub example: &'static str,
}

/// A type of message segment, as the schema describes it; the table is generated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// Its type on the wire.
    pub kind: &'static str,
    /// The name of its variant.
    pub name: &'static str,
    /// Its heading in go-cqhttp's documentation.
    pub title: &'static str,
    /// Whether only the posts of topic channels hold it.
    pub feed: bool,
    /// Its fields, by all their names on the wire.
    pub fields: &'static [&'static str],
    /// The schema's example: its data, as JSON.
    pub example: &'static str,
}

/// Every kind of event of the schema, in its order.
pub fn events() -> impl Iterator<Item = &'static EventInfo> {
    generated::mock::EVENTS.iter().copied().flatten()
}

/// Every type of segment of the schema, in its order.
pub fn segments() -> impl Iterator<Item = &'static SegmentInfo> {
    generated::mock::SEGMENTS.iter().copied().flatten()
}

/// The answer to come of [`ActionInfo::call_example`].
pub type ExampleCall = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>>;

impl ActionInfo {
    /// Decodes parameters into the request type and encodes them again.
    ///
    /// # Errors
    ///
    /// They are not the action's parameters.
    pub fn reread_params(&self, json: &str) -> serde_json::Result<String> {
        (self.reread_params)(json)
    }

    /// Decodes `data` into the answer type and encodes it again.
    ///
    /// # Errors
    ///
    /// It is not the action's answer.
    pub fn reread_answer(&self, json: &str) -> serde_json::Result<String> {
        (self.reread_answer)(json)
    }

    /// Sends the example through the generated method of `client`, and gives the answer as JSON.
    ///
    /// Against a real server this does what the action does.
    ///
    /// # Errors
    ///
    /// What the call says.
    pub fn call_example(&self, client: Client) -> ExampleCall {
        (self.call_example)(client)
    }
}

/// Every action of the schema, in its order.
pub fn actions() -> impl Iterator<Item = &'static ActionInfo> {
    generated::mock::ACTIONS.iter().copied().flatten()
}

/// The action that answers to `name`.
#[must_use]
pub fn action(name: &str) -> Option<&'static ActionInfo> {
    actions().find(|action| action.name == name || action.aliases.contains(&name))
}

/// A call that the stand-in has received.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// The action, as it was called.
    pub action: String,
    /// The parameters as they came.
    pub params: Value,
}

/// A refusal that a handler answers with: see [`refuse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    msg: String,
    wording: String,
    retcode: i64,
}

/// Refuses a call as go-cqhttp does, with the code as `msg`: retcode 100 (404 for an unknown action, −1 where a quick
/// operation cannot mention the sender).
#[must_use]
pub fn refuse(code: RefusalCode) -> Refusal {
    let retcode = match code {
        RefusalCode::ApiNotFound => 404,
        RefusalCode::AtSenderFailed => -1,
        _ => 100,
    };
    Refusal { msg: code.to_string(), wording: String::new(), retcode }
}

impl Refusal {
    /// The explanation, which go-cqhttp gives in Chinese.
    #[must_use]
    pub fn wording(mut self, wording: impl Into<String>) -> Self {
        self.wording = wording.into();
        self
    }

    /// Another retcode.
    #[must_use]
    pub fn retcode(mut self, retcode: i64) -> Self {
        self.retcode = retcode;
        self
    }
}

/// The stand-in server. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

type Handler = Arc<dyn Fn(&[u8]) -> Result<Box<RawValue>, Refusal> + Send + Sync>;

#[derive(Default)]
struct State {
    token: Option<String>,
    handlers: Mutex<HashMap<&'static str, Handler>>,
    calls: Mutex<Vec<Received>>,
}

impl Server {
    /// Starts a server on any free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// No port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::run(State::default()).await
    }

    /// The same, and the server asks for an access token.
    ///
    /// # Errors
    ///
    /// No port can be had.
    pub async fn start_with_token(token: impl Into<String>) -> io::Result<Self> {
        Self::run(State { token: Some(token.into()), ..State::default() }).await
    }

    async fn run(state: State) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(state);
        let task = tokio::spawn(http::serve(listener, state.clone()));
        Ok(Self { address, state, task })
    }

    /// The address for [`Client::builder`](crate::Client).
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers the action `A` with `handler` from now on.
    ///
    /// The request comes typed. One that does not decode is refused with retcode 1400, which says what is wrong with it. A
    /// handler that panics drops the connection without an answer.
    pub fn on<A>(&self, handler: impl Fn(A) -> Result<A::Response, Refusal> + Send + Sync + 'static)
    where
        A: KnownAction + DeserializeOwned,
        A::Response: Serialize,
    {
        let handler = move |params: &[u8]| {
            let request = serde_json::from_slice(params).map_err(|error| bad_request(A::NAME, &error))?;
            serde_json::value::to_raw_value(&handler(request)?).map_err(|error| bad_request(A::NAME, &error))
        };
        lock(&self.state.handlers).insert(A::NAME, Arc::new(handler));
    }

    /// The calls so far, in the order in which they came.
    #[must_use]
    pub fn calls(&self) -> Vec<Received> {
        lock(&self.state.calls).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl State {
    /// The envelope that answers a call.
    fn answer(&self, action: &str, params: &[u8]) -> Vec<u8> {
        let outcome = self.run(action, params);
        let written = match &outcome {
            Ok(data) => Written { data, message: "", msg: None, retcode: 0, status: "ok", wording: None },
            Err(refusal) => Written {
                data: RawValue::NULL,
                message: &refusal.wording,
                msg: Some(&refusal.msg),
                retcode: refusal.retcode,
                status: "failed",
                wording: Some(&refusal.wording),
            },
        };
        let mut body = serde_json::to_vec(&written).unwrap_or_default();
        body.push(b'\n');
        body
    }

    fn run(&self, action: &str, params: &[u8]) -> Result<Box<RawValue>, Refusal> {
        let value = serde_json::from_slice(params).unwrap_or(Value::Null);
        lock(&self.calls).push(Received { action: action.to_owned(), params: value });
        let Some(info) = self::action(action) else {
            return Err(refuse(RefusalCode::ApiNotFound).wording("no such action"));
        };
        let handler = lock(&self.handlers).get(info.name).cloned();
        match handler {
            Some(handler) => handler(params),
            None => {
                RawValue::from_string(info.example_answer.to_owned()).map_err(|error| bad_request(info.name, &error))
            }
        }
    }
}

fn bad_request(action: &str, error: &serde_json::Error) -> Refusal {
    Refusal { msg: String::new(), wording: format!("{action}: {error}"), retcode: 1400 }
}

/// A mutex whose holder panicked holds good data all the same: each change is one insertion.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An envelope with its keys in go-cqhttp's order.
#[derive(Serialize)]
struct Written<'a> {
    data: &'a RawValue,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'a str>,
    retcode: i64,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wording: Option<&'a str>,
}
