//! Answers that break off.

use bytes::Bytes;

use crate::transport::failure::Failure;

/// Returns the failure of a request whose answer broke off.
pub(super) fn amid_answer(error: reqwest::Error, status: u16, arrived: &[u8]) -> Failure {
    let failure = match status {
        200 => Failure::new("the connection was lost in the middle of the answer"),
        _ => {
            Failure::new(format!("the connection was lost in the middle of the answer, which has HTTP status {status}"))
        }
    };
    failure
        .closed((200..300).contains(&status))
        .with_partial_body(Bytes::copy_from_slice(arrived))
        .with_source(error.without_url())
}
