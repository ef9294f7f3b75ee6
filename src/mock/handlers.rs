//! What a test has set for the calls to come: handlers and faults.

use std::collections::VecDeque;
use std::sync::Arc;

use super::call::{ActionResult, Outcome, ReceivedCall, Via};
use super::fault::Fault;
use super::schema::ActionInfo;

pub(super) type Handler = Arc<dyn Fn(&[u8]) -> ActionResult + Send + Sync>;

pub(super) type HandlerOnce = Box<dyn FnOnce(&[u8]) -> ActionResult + Send>;

pub(super) type AskedFaults = Box<dyn FnMut(&ReceivedCall) -> Fault + Send>;

/// The handlers of an action.
#[derive(Default)]
pub(super) struct Handlers {
    /// Each for one call, and before the other.
    pub(super) once: VecDeque<HandlerOnce>,
    pub(super) always: Option<Handler>,
}

/// What goes wrong, and with what.
#[derive(Default)]
pub(super) struct FaultPlan {
    /// With the next call of an action.
    pub(super) once: VecDeque<(&'static str, Fault)>,
    pub(super) always: Option<AskedFaults>,
}

impl FaultPlan {
    /// What goes wrong with a call.
    pub(super) fn draw(&mut self, info: Option<&ActionInfo>, action: &str, params: &[u8], via: Via) -> Fault {
        let once = self.once.iter().position(|(name, _)| info.is_some_and(|info| info.name == *name));
        if let Some((_, fault)) = once.and_then(|place| self.once.remove(place)) {
            return fault;
        }
        let Some(always) = &mut self.always else { return Fault::None };
        always(&ReceivedCall {
            action: action.to_owned(),
            params: serde_json::from_slice(params).unwrap_or_default(),
            via,
            fault: Fault::None,
            outcome: Outcome::Pending,
        })
    }
}
