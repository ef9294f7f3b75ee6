//! The handlers and faults that a test has set.

use std::collections::VecDeque;
use std::sync::Arc;

use super::call::{ActionResult, Outcome, ReceivedCall, Via};
use super::fault::Fault;
use super::schema::ActionInfo;

pub(super) type Handler = Arc<dyn Fn(&[u8]) -> ActionResult + Send + Sync>;

pub(super) type HandlerOnce = Box<dyn FnOnce(&[u8]) -> ActionResult + Send>;

pub(super) type FaultClosure = Box<dyn FnMut(&ReceivedCall) -> Fault + Send>;

/// The handlers of an action.
#[derive(Default)]
pub(super) struct Handlers {
    /// Handlers for one call each; they take precedence.
    pub(super) once: VecDeque<HandlerOnce>,
    pub(super) always: Option<Handler>,
}

/// The faults to come.
#[derive(Default)]
pub(super) struct FaultPlan {
    /// Each for the next call of an action.
    pub(super) once: VecDeque<(&'static str, Fault)>,
    pub(super) always: Option<FaultClosure>,
}

impl FaultPlan {
    /// Returns the fault of a call.
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
