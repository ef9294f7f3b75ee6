//! Repeated HTTP POSTs of an account.
//!
//! A message or a request that comes again is a repetition, since its id says so. Other events have no id: real ones may be
//! equal to the byte, such as two pokes within a second. They are repetitions only if the POST before got no answer, since
//! servers then send it again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::value::RawValue;

use crate::events::dedupe::Dedupe;
use crate::raw_fields::raw_fields;
use crate::sync::lock;

/// The recent HTTP POSTs of an account; `None` if repetitions are not dropped.
#[derive(Clone)]
pub(super) struct RecentPosts(Option<Arc<Mutex<Recent>>>);

struct Recent {
    /// The ids of messages and requests.
    ids: Dedupe,
    /// The bodies whose last POST got no answer.
    unanswered: Dedupe,
}

impl RecentPosts {
    /// Remembers POSTs for the length of the window; zero drops nothing.
    pub(super) fn new(window: Duration) -> Self {
        let recent = || Recent { ids: Dedupe::new(window), unanswered: Dedupe::new(window) };
        Self((!window.is_zero()).then(|| Arc::new(Mutex::new(recent()))))
    }

    /// Takes a POST. Returns `None` if it is a repetition, else a value that waits for its answer.
    pub(super) fn take(&self, body: &[u8]) -> Option<Unanswered> {
        let Some(recent) = &self.0 else { return Some(Unanswered(None)) };
        let identity = identity(body);
        let mut known = lock(recent);
        let repeated = known.unanswered.forget(body);
        if identity.is_some_and(|identity| known.ids.is_known(identity.as_bytes())) || repeated {
            return None;
        }
        let hash = known.unanswered.hash(body);
        Some(Unanswered(Some((recent.clone(), hash))))
    }
}

/// A POST that has not been answered yet. If it is dropped before it is answered, another POST with the same body is a
/// repetition.
pub(super) struct Unanswered(Option<(Arc<Mutex<Recent>>, u64)>);

impl Unanswered {
    pub(super) fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some((recent, hash)) = self.0.take() {
            lock(&recent).unanswered.remember(hash);
        }
    }
}

/// Returns what identifies a message or a request: its id, within its chat. Other events have no id of their own: the
/// `message_id` of a recall or a reaction is that of a message.
fn identity(body: &[u8]) -> Option<String> {
    let keys = ["post_type", "message_id", "flag", "group_id", "user_id"];
    let [post_type, message_id, flag, group_id, user_id] = raw_fields(body, keys).ok()?;
    let post_type = text(post_type)?;
    let id = match post_type {
        "message" | "message_sent" => text(message_id)?,
        "request" => text(flag)?,
        _ => return None,
    };
    let [group, user] = [group_id, user_id].map(|id| text(id).unwrap_or_default());
    Some(format!("{post_type} {group} {user} {id}"))
}

/// Returns a string or a number as text; `None` if it is missing, null, empty or 0.
fn text(value: Option<&RawValue>) -> Option<&str> {
    let text = value?.get().trim_matches('"');
    Some(text).filter(|text| !["", "0", "null"].contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_requests_have_an_id_and_nothing_else_has() {
        for (body, expected) in [
            (r#"{"post_type":"message","message_id":-7,"group_id":42,"user_id":"1"}"#, Some("message 42 1 -7")),
            (r#"{"post_type":"message_sent","message_id":"7","user_id":1}"#, Some("message_sent  1 7")),
            (r#"{"post_type":"request","flag":"x y","user_id":1,"message_id":7}"#, Some("request  1 x y")),
            (r#"{"post_type":"message","message_id":0,"user_id":1}"#, None),
            (r#"{"post_type":"message","flag":"7","user_id":1}"#, None),
            (r#"{"post_type":"request","flag":"","user_id":1}"#, None),
            (r#"{"post_type":"notice","notice_type":"group_recall","message_id":7,"group_id":42}"#, None),
            (r#"{"post_type":["message"],"message_id":7}"#, None),
            ("[]", None),
        ] {
            assert_eq!(identity(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn a_body_is_repeated_if_the_one_before_got_no_answer() {
        let posts = RecentPosts::new(Duration::from_secs(60));
        for _ in 0..3 {
            assert!(posts.take(b"poke").map(Unanswered::answered).is_some());
        }
        // Two at once are two.
        let both = [posts.take(b"poke"), posts.take(b"poke")];
        assert!(both.iter().all(Option::is_some));
        drop(both);
        assert!(posts.take(b"poke").is_none());
        assert!(posts.take(b"poke").map(Unanswered::answered).is_some());
        assert!(posts.take(b"another").is_some());
        assert!(
            RecentPosts::new(Duration::ZERO)
                .take(b"poke")
                .and_then(|_| RecentPosts::new(Duration::ZERO).take(b"poke"))
                .is_some()
        );
    }
}
