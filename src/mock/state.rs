//! The server's state, and the path of a call through it.
//!
//! Lock order: `faults` before the call log; `world` before `webhooks` and the queue of long polling. Handlers run
//! without a lock; the closure of `faults` runs under `faults`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::call::{ActionResult, CallEnd, PanicSource, Via, panic_message};
use super::connection::OpenConnections;
use super::envelope::envelope;
use super::fault::Fault;
use super::handlers::{FaultPlan, Handlers};
use super::log::CallLog;
use super::long_polling::EventQueue;
use super::params::{Reading, Verdict};
use super::post_format::{self, PostFormat};
use super::quick_operation;
use super::refusal::{Refusal, bad_request, refuse};
use super::schema::{ActionInfo, action};
use super::stream_script::StreamHandler;
use super::sync::lock;
#[cfg(feature = "files")]
use super::uploads::Uploads;
use super::world::World;
use crate::action::{GetLoginInfo, GetLoginInfoResponse, GetUpdates, HandleQuickOperation, KnownAction};
use crate::types::{RefusalCode, UserId};

pub(super) type OnRefused = Arc<dyn Fn(&str, &io::Error) + Send + Sync>;

/// A call that the log has recorded.
pub(super) struct NotedCall {
    /// The number in the log.
    pub(super) number: usize,
    pub(super) info: Option<&'static ActionInfo>,
    pub(super) fault: Fault,
}

pub(super) struct State {
    pub(super) self_id: i64,
    pub(super) token: Option<String>,
    pub(super) refuse_after_upgrade: Option<i64>,
    /// Actions of other crates.
    pub(super) extensions: Vec<&'static ActionInfo>,
    pub(super) lifecycle: String,
    pub(super) strict: bool,
    pub(super) long_polling: Option<EventQueue>,
    pub(super) post_format: PostFormat,
    pub(super) handlers: Mutex<HashMap<&'static str, Handlers>>,
    /// The handlers of actions that are answered in parts.
    pub(super) streams: Mutex<HashMap<&'static str, StreamHandler>>,
    pub(super) calls: CallLog,
    pub(super) on_refused: Option<OnRefused>,
    pub(super) world: Mutex<Option<World>>,
    pub(super) faults: Mutex<FaultPlan>,
    /// The files that bots upload in chunks.
    #[cfg(feature = "files")]
    pub(super) uploads: Uploads,
    /// The queues of the webhooks.
    pub(super) webhooks: Mutex<Vec<mpsc::UnboundedSender<String>>>,
    pub(super) next_message: AtomicI64,
    pub(super) stalled: watch::Sender<bool>,
    pub(super) connections: OpenConnections,
    /// The tasks of connections that the simulated server makes itself.
    pub(super) dialling: Mutex<JoinSet<()>>,
}

impl State {
    /// Records a call, and draws its fault.
    pub(super) fn receive(&self, action: &str, params: &[u8], via: Via) -> NotedCall {
        let info = self.known(action.strip_suffix("_async").unwrap_or(action));
        // Held until the call is recorded, so that faults are drawn in the order of the calls.
        let mut faults = lock(&self.faults);
        let draw = AssertUnwindSafe(|| faults.draw(info, action, params, via));
        let (fault, panic) = match catch_unwind(draw) {
            Ok(fault) => (fault, None),
            Err(panic) => (Fault::None, Some(panic)),
        };
        let call = self.calls.begin(action, info, params, via, &fault);
        drop(faults);
        if let Some(panic) = panic {
            self.calls.end(call, CallEnd::Panicked(PanicSource::Faults, panic_message(&*panic).into()));
            return NotedCall { number: call, info, fault: Fault::DropBefore };
        }
        if matches!(fault, Fault::DropBefore | Fault::Unauthorised(_)) {
            self.calls.end(call, CallEnd::Dropped);
        }
        NotedCall { number: call, info, fault }
    }

    /// Returns the envelope that answers a call, or the text that the fault puts in its place; `None` if the handler
    /// panicked.
    pub(super) fn answer(&self, call: &NotedCall, params: &[u8], echo: Option<&RawValue>) -> Option<Vec<u8>> {
        let ended = match &call.fault {
            Fault::Refuse(refusal) => CallEnd::Refused(refusal.clone().into()),
            _ => self.decide(call.info, params),
        };
        self.finish(call, ended, echo)
    }

    /// Records the outcome of a call, and writes its answer.
    pub(super) fn finish(&self, call: &NotedCall, ended: CallEnd, echo: Option<&RawValue>) -> Option<Vec<u8>> {
        let ended = self.post_format.write_answer(ended);
        let answer = envelope(&call.fault, &ended, echo);
        self.calls.end(call.number, ended);
        answer
    }

    /// Carries a call out, and returns its outcome.
    pub(super) fn decide(&self, info: Option<&'static ActionInfo>, params: &[u8]) -> CallEnd {
        let Some(info) = info.filter(|info| self.answers(info)) else {
            return CallEnd::Refused(refuse(RefusalCode::ApiNotFound).wording("no such action").into());
        };
        let Reading { json, verdict } = Reading::new(info, params);
        match verdict {
            Verdict::Refused(refusal) => {
                let unknown = self.in_world(|world| world.as_ref()?.refuses_group(info.name, &json));
                return CallEnd::Refused(unknown.unwrap_or(refusal).into());
            }
            Verdict::NoTarget => return CallEnd::NoTarget,
            Verdict::Fine => {}
        }
        match catch_unwind(AssertUnwindSafe(|| self.act(info, &json))) {
            Ok(Ok(data)) => CallEnd::Answered(data),
            Ok(Err(refusal)) => CallEnd::Refused(refusal.into()),
            Err(panic) => CallEnd::Panicked(PanicSource::Handler, panic_message(&*panic).into()),
        }
    }

    /// Returns `true` if the server answers the action.
    pub(super) fn answers(&self, info: &ActionInfo) -> bool {
        let not_here = if info.name == GetUpdates::NAME {
            // HTTP answers it before it gets here.
            self.long_polling.is_some() || self.strict
        } else {
            self.strict && !info.implemented
        };
        !not_here || self.has_handler(info) || lock(&self.streams).contains_key(info.name)
    }

    pub(super) fn has_handler(&self, info: &ActionInfo) -> bool {
        let handlers = lock(&self.handlers);
        handlers.get(info.name).is_some_and(|handlers| handlers.always.is_some() || !handlers.once.is_empty())
    }

    /// Waits while the server is stalled.
    pub(super) async fn until_resumed(&self) {
        if *self.stalled.borrow() {
            let _ = self.stalled.subscribe().wait_for(|stalled| !stalled).await;
        }
    }

    /// The action that answers to `name`, of `cqhttp` or of another crate.
    pub(super) fn known(&self, name: &str) -> Option<&'static ActionInfo> {
        action(name).or_else(|| self.extensions.iter().copied().find(|info| info.answers_to(name)))
    }

    /// Fails a test that names an action which the server does not know.
    #[track_caller]
    pub(super) fn assert_known(&self, name: &str) {
        assert!(
            self.known(name).is_some(),
            "`{name}` is an action of another crate: give its table to `MockServer::builder().actions(…)`"
        );
    }

    /// Carries an action out: by its handler, else by the world, else with the schema's example. The parameters are
    /// already those of the request type.
    fn act(&self, info: &'static ActionInfo, params: &[u8]) -> ActionResult {
        if let Some(acted) = self.handle(info, params) {
            return acted.map(|data| info.as_sent(data));
        }
        if let Some(acted) = self.in_world(|world| world.as_mut()?.answer(info.name, params)) {
            return acted;
        }
        #[cfg(feature = "files")]
        if let Some(acted) = self.uploads.answer(info.name, params) {
            return acted;
        }
        if info.name == HandleQuickOperation::NAME {
            self.quick_operation(params)?;
        }
        self.example(info).map_err(|error| bad_request(info.name, &error))
    }

    /// Returns the schema's example of an answer, with this server's account.
    fn example(&self, info: &'static ActionInfo) -> serde_json::Result<Cow<'static, RawValue>> {
        if info.name == GetLoginInfo::NAME {
            let user_id = UserId::new(self.self_id);
            let answer = GetLoginInfoResponse { user_id, ..GetLoginInfoResponse::example() };
            return to_raw_value(&answer).map(Cow::Owned);
        }
        if !info.example_answer.contains("\"self_id\"") {
            return serde_json::from_str(info.example_answer).map(Cow::Borrowed);
        }
        let mut answer = serde_json::from_str(info.example_answer)?;
        set_self_id(&mut answer, self.self_id);
        to_raw_value(&answer).map(Cow::Owned)
    }

    /// Runs `act` on the world, and sends its events while the world is locked, so that their order is that of the
    /// acts.
    pub(super) fn in_world<T>(&self, act: impl FnOnce(&mut Option<World>) -> T) -> T {
        let mut world = lock(&self.world);
        let done = act(&mut world);
        for event in world.as_mut().map(World::take_events).unwrap_or_default() {
            self.push_event(&post_format::event_text(&event));
        }
        done
    }

    fn handle(&self, info: &ActionInfo, params: &[u8]) -> Option<ActionResult> {
        let mut handlers = lock(&self.handlers);
        let of_action = handlers.get_mut(info.name)?;
        let once = of_action.once.pop_front();
        let always = of_action.always.clone();
        // A handler may set further handlers.
        drop(handlers);
        match (once, always) {
            (Some(once), _) => Some(once(params)),
            (None, always) => Some(always?(params)),
        }
    }

    /// Carries out a bot's answer to an event that was posted.
    pub(super) fn posted(&self, event: &str, operation: &Value) {
        let event: Value = serde_json::from_str(event).unwrap_or_default();
        self.internal_call(
            HandleQuickOperation::NAME,
            &json!({ "context": event, "operation": operation }),
            Via::Webhook,
        );
    }

    /// Carries out the operation in the parameters of `.handle_quick_operation`. If the sender cannot be mentioned,
    /// nothing is carried out; failures of the single actions are not reported.
    fn quick_operation(&self, params: &[u8]) -> Result<(), Refusal> {
        let params: Value = serde_json::from_slice(params).unwrap_or_default();
        for (action, params) in quick_operation::parts(&params["context"], &params["operation"])? {
            self.internal_call(action, &params, Via::QuickOperation);
        }
        Ok(())
    }

    /// Makes a call that came over no connection, and has no fault.
    fn internal_call(&self, action: &str, params: &Value, via: Via) {
        let (info, params) = (self.known(action), params.to_string());
        let call = self.calls.begin(action, info, params.as_bytes(), via, &Fault::None);
        self.calls.end(call, self.decide(info, params.as_bytes()));
    }

    /// Returns the next message id, greater than all before.
    pub(super) fn next_message_id(&self) -> i64 {
        self.next_message.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends an event to every receiver of events, and returns their number.
    pub(super) fn push_event(&self, json: &str) -> usize {
        let json = &*self.post_format.write(json);
        if let Some(queue) = &self.long_polling {
            queue.push(json);
        }
        let webhooks = lock(&self.webhooks);
        let posted = webhooks.iter().filter(|webhook| webhook.send(json.to_owned()).is_ok()).count();
        drop(webhooks);
        posted + self.connections.push_text(format!("{json}\n"))
    }
}

/// Sets the account of every event in a value.
fn set_self_id(value: &mut Value, account: i64) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(|entry| set_self_id(entry, account)),
        Value::Object(entries) => {
            for (key, value) in entries {
                if key == "self_id" {
                    *value = account.into();
                } else {
                    set_self_id(value, account);
                }
            }
        }
        _ => {}
    }
}
