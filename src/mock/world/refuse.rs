//! Refusals by a world.

use crate::mock::refusal::{Refusal, refuse};
use crate::types::RefusalCode;

/// The result of an action that a world carries out.
pub(super) type WorldResult<T> = Result<T, Refusal>;

/// Refuses a call with a reason in English; go-cqhttp's are in Chinese.
pub(super) fn refuse_because(code: RefusalCode, why: impl Into<String>) -> Refusal {
    refuse(code).wording(why)
}
