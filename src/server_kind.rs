//! The kind of the server behind a client, and the actions that it has.

use std::sync::Mutex;

use crate::action::KnownAction;
use crate::generated::server::ServerKind;
use crate::sync::lock;

impl ServerKind {
    /// Returns whether the server has an action, by a list that was made of one version of it; `None` for a program that no
    /// list describes, and for an action that is in no list.
    ///
    /// The list may be older or newer than the server. No call is refused because of it: try the call, and ask
    /// [`Error::is_unsupported`](crate::Error::is_unsupported). This is a hint, to hide a button for example.
    ///
    /// ```
    /// use cqhttp::ServerKind;
    /// use cqhttp::action::SetGroupBan;
    ///
    /// assert_eq!(ServerKind::NapCat.supports::<SetGroupBan>(), Some(true));
    /// assert_eq!(ServerKind::from("another program").supports::<SetGroupBan>(), None);
    /// ```
    #[must_use]
    pub fn supports<A: KnownAction>(&self) -> Option<bool> {
        let listed = !matches!(self, Self::Other(_)) && !A::SERVERS.is_empty();
        listed.then(|| A::SERVERS.contains(self))
    }
}

/// The kind of the server, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct KindCell {
    by_hand: Option<ServerKind>,
    detected: Mutex<Detected>,
}

#[derive(Debug, Default)]
struct Detected {
    /// The number of connections that have ended.
    ended: u64,
    kind: Option<ServerKind>,
}

/// A connection, to tell whether an answer came over the one that exists now.
#[derive(Clone, Copy)]
pub(crate) struct ConnectionNumber(u64);

impl KindCell {
    #[cfg(any(feature = "http", feature = "ws"))]
    pub(crate) fn new(by_hand: Option<ServerKind>) -> Self {
        Self { by_hand, detected: Mutex::default() }
    }

    pub(crate) fn get(&self) -> Option<ServerKind> {
        self.by_hand.clone().or_else(|| lock(&self.detected).kind.clone())
    }

    pub(crate) fn connection(&self) -> ConnectionNumber {
        ConnectionNumber(lock(&self.detected).ended)
    }

    /// Keeps the kind that a server has answered, unless its connection has ended. Returns the kind that counts.
    pub(crate) fn detect(&self, kind: ServerKind, over: ConnectionNumber) -> ServerKind {
        let mut detected = lock(&self.detected);
        if detected.ended == over.0 {
            detected.kind = Some(kind.clone());
        }
        self.by_hand.clone().unwrap_or(kind)
    }

    /// Forgets a detected kind, since the connection has ended: the next one may lead to another server.
    #[cfg(any(feature = "sse", feature = "ws"))]
    pub(crate) fn forget(&self) {
        let mut detected = lock(&self.detected);
        detected.ended += 1;
        detected.kind = None;
    }
}
