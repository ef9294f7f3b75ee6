//! Time limits among the causes of an error.

use std::error::Error as StdError;
use std::io;

#[cfg(any(feature = "sse", feature = "ws"))]
use crate::error::connection::ConnectionError;
use crate::error::reason::TimedOut;

/// Returns `true` if an error, or one of its causes, is a time limit.
pub(super) fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        if error.is::<TimedOut>()
            || error.is::<tower::timeout::error::Elapsed>()
            || error.is::<tokio::time::error::Elapsed>()
            || io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut)
        {
            return true;
        }
        #[cfg(any(feature = "sse", feature = "ws"))]
        if matches!(error.downcast_ref(), Some(ConnectionError::TimedOut(_))) {
            return true;
        }
        next = error.source();
    }
    false
}
