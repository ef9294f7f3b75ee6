//! What a server keeps, and what it does with a call.

use std::any::Any;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::calls::{By, Calls, Ended};
use super::envelope::envelope;
use super::params::{Reading, Verdict};
use super::updates::Updates;
use super::ws::{self, Link};
use super::{
    ActionInfo, Fault, Outcome, PostFormat, Received, Refusal, Rejected, Via, World, action, bad_request, format, lock,
    refuse,
};
use crate::action::{GetLoginInfo, GetLoginInfoResponse, GetUpdates, HandleQuickOperation};
use crate::{KnownAction, RefusalCode, UserId};

pub(super) type OnCall = Arc<dyn Fn(&Received) + Send + Sync>;

pub(super) type OnRefused = Arc<dyn Fn(&str, &io::Error) + Send + Sync>;

pub(super) type OnRejected = Arc<dyn Fn(&Rejected) + Send + Sync>;

pub(super) type Handler = Arc<dyn Fn(&[u8]) -> Acted + Send + Sync>;

pub(super) type HandlerOnce = Box<dyn FnOnce(&[u8]) -> Acted + Send>;

pub(super) type AskedFaults = Box<dyn FnMut(&Received) -> Fault + Send>;

/// The handlers of an action.
#[derive(Default)]
pub(super) struct Handlers {
    /// Each for one call, and before the other.
    pub(super) once: VecDeque<HandlerOnce>,
    pub(super) always: Option<Handler>,
}

/// What goes wrong, and with what.
#[derive(Default)]
pub(super) struct Faults {
    /// With the next call of an action.
    pub(super) once: VecDeque<(&'static str, Fault)>,
    pub(super) always: Option<AskedFaults>,
}

impl Faults {
    /// What goes wrong with a call.
    fn draw(&mut self, info: Option<&ActionInfo>, action: &str, params: &[u8], via: Via) -> Fault {
        let once = self.once.iter().position(|(name, _)| info.is_some_and(|info| info.name == *name));
        if let Some((_, fault)) = once.and_then(|place| self.once.remove(place)) {
            return fault;
        }
        let Some(always) = &mut self.always else { return Fault::None };
        always(&Received {
            action: action.to_owned(),
            params: serde_json::from_slice(params).unwrap_or_default(),
            via,
            fault: Fault::None,
            outcome: Outcome::Pending,
        })
    }
}

/// What an action comes to: its `data`, or a refusal.
pub(super) type Acted = Result<Cow<'static, RawValue>, Refusal>;

/// A call that was noted.
pub(super) struct Taken {
    /// Its number.
    pub(super) call: usize,
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
    pub(super) updates: Option<Updates>,
    pub(super) post_format: PostFormat,
    pub(super) handlers: Mutex<HashMap<&'static str, Handlers>>,
    pub(super) calls: Calls,
    pub(super) on_refused: Option<OnRefused>,
    pub(super) world: Mutex<Option<World>>,
    pub(super) faults: Mutex<Faults>,
    /// Where events are posted to.
    pub(super) webhooks: Mutex<Vec<mpsc::UnboundedSender<String>>>,
    pub(super) next_message: AtomicI64,
    pub(super) stalled: watch::Sender<bool>,
    pub(super) links: watch::Sender<BTreeMap<u64, Link>>,
    pub(super) next_link: AtomicU64,
    /// The connections that the stand-in makes itself.
    pub(super) dialling: Mutex<JoinSet<()>>,
}

impl State {
    /// Notes a call, and says what is to go wrong with it.
    pub(super) fn receive(&self, action: &str, params: &[u8], via: Via) -> Taken {
        let info = self.known(action.strip_suffix("_async").unwrap_or(action));
        // Held until the call is noted, so that faults are drawn in the order of the calls.
        let mut faults = lock(&self.faults);
        let draw = AssertUnwindSafe(|| faults.draw(info, action, params, via));
        let (fault, panic) = match catch_unwind(draw) {
            Ok(fault) => (fault, None),
            Err(panic) => (Fault::None, Some(panic)),
        };
        let call = self.calls.begin(action, info, params, via, &fault);
        drop(faults);
        if let Some(panic) = panic {
            self.calls.end(call, Ended::Panicked(By::Faults, words(&*panic).into()));
            return Taken { call, info, fault: Fault::DropBefore };
        }
        if matches!(fault, Fault::DropBefore | Fault::Unauthorised(_)) {
            self.calls.end(call, Ended::Dropped);
        }
        Taken { call, info, fault }
    }

    /// The envelope that answers a call, or what comes in its place; `None` where its handler panicked.
    pub(super) fn answer(&self, taken: &Taken, params: &[u8], echo: Option<&RawValue>) -> Option<Vec<u8>> {
        let ended = match &taken.fault {
            Fault::Refuse(refusal) => Ended::Refused(refusal.clone().into()),
            _ => self.decide(taken.info, params),
        };
        self.finish(taken, ended, echo)
    }

    /// Notes what a call has come to, and writes it.
    pub(super) fn finish(&self, taken: &Taken, ended: Ended, echo: Option<&RawValue>) -> Option<Vec<u8>> {
        let ended = self.post_format.write_answer(ended);
        let answer = envelope(&taken.fault, &ended, echo);
        self.calls.end(taken.call, ended);
        answer
    }

    /// What a call comes to.
    pub(super) fn decide(&self, info: Option<&'static ActionInfo>, params: &[u8]) -> Ended {
        let Some(info) = info.filter(|info| self.answers(info)) else {
            return Ended::Refused(refuse(RefusalCode::ApiNotFound).wording("no such action").into());
        };
        let Reading { json, verdict } = Reading::new(info, params);
        match verdict {
            Verdict::Refused(refusal) => {
                let unknown = self.in_world(|world| world.as_ref()?.refuses_group(info.name, &json));
                return Ended::Refused(unknown.unwrap_or(refusal).into());
            }
            Verdict::NoTarget => return Ended::NoTarget,
            Verdict::Fine => {}
        }
        match catch_unwind(AssertUnwindSafe(|| self.act(info, &json))) {
            Ok(Ok(data)) => Ended::Answered(data),
            Ok(Err(refusal)) => Ended::Refused(refusal.into()),
            Err(panic) => Ended::Panicked(By::Handler, words(&*panic).into()),
        }
    }

    /// Whether an action is one that is answered here.
    fn answers(&self, info: &ActionInfo) -> bool {
        let not_here = if info.name == GetUpdates::NAME {
            // Over HTTP it does not come this far.
            self.updates.is_some() || self.strict
        } else {
            self.strict && !info.implemented
        };
        !not_here || self.has_handler(info)
    }

    pub(super) fn has_handler(&self, info: &ActionInfo) -> bool {
        let handlers = lock(&self.handlers);
        handlers.get(info.name).is_some_and(|handlers| handlers.always.is_some() || !handlers.once.is_empty())
    }

    pub(super) fn next_link(&self) -> u64 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn take_links(&self) -> impl Iterator<Item = Link> {
        self.links.send_replace(BTreeMap::new()).into_values()
    }

    /// Waits as long as the server is stalled.
    pub(super) async fn go_on(&self) {
        if *self.stalled.borrow() {
            let _ = self.stalled.subscribe().wait_for(|stalled| !stalled).await;
        }
    }

    /// The action that answers to `name`, of `cqhttp` or of another crate.
    pub(super) fn known(&self, name: &str) -> Option<&'static ActionInfo> {
        action(name).or_else(|| self.extensions.iter().copied().find(|info| info.answers_to(name)))
    }

    /// Fails the test that means an action which the server does not know.
    #[track_caller]
    pub(super) fn assert_known(&self, name: &str) {
        assert!(
            self.known(name).is_some(),
            "`{name}` is an action of another crate: give its table to `Server::builder().actions(…)`"
        );
    }

    /// Carries an action out: its handler does, or else it is answered with the schema's example. The parameters are those
    /// of the request type, whatever they came as.
    fn act(&self, info: &'static ActionInfo, params: &[u8]) -> Acted {
        if let Some(acted) = self.handle(info, params) {
            return acted;
        }
        if let Some(acted) = self.in_world(|world| world.as_mut()?.answer(info.name, params)) {
            return acted;
        }
        if info.name == HandleQuickOperation::NAME {
            self.quick_operation(params)?;
        }
        self.example(info).map_err(|error| bad_request(info.name, &error))
    }

    /// The schema's example of an answer, with this server's account.
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

    /// Does something in the world, and tells the bots of it, in the order in which it happens.
    pub(super) fn in_world<T>(&self, act: impl FnOnce(&mut Option<World>) -> T) -> T {
        let mut world = lock(&self.world);
        let done = act(&mut world);
        for event in world.as_mut().map(World::take_events).unwrap_or_default() {
            self.push_event(&format::event(&event));
        }
        done
    }

    fn handle(&self, info: &ActionInfo, params: &[u8]) -> Option<Acted> {
        let mut handlers = lock(&self.handlers);
        let of_action = handlers.get_mut(info.name)?;
        let once = of_action.once.pop_front();
        let always = of_action.always.clone();
        // A handler may set others.
        drop(handlers);
        match (once, always) {
            (Some(once), _) => Some(once(params)),
            (None, always) => Some(always?(params)),
        }
    }

    /// The next id of a message, greater than that of all before.
    pub(super) fn next_message_id(&self) -> i64 {
        self.next_message.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends an event to whoever takes events, and gives their number.
    pub(super) fn push_event(&self, json: &str) -> usize {
        let json = &*self.post_format.write(json);
        if let Some(updates) = &self.updates {
            updates.push(json);
        }
        let webhooks = lock(&self.webhooks);
        let posted = webhooks.iter().filter(|webhook| webhook.send(json.to_owned()).is_ok()).count();
        drop(webhooks);
        posted + self.push_frame(&ws::text(format!("{json}\n")))
    }
}

/// Makes all events those of an account.
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

/// What a panic said.
pub(super) fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("something that is no text")
}
