//! Paginated actions: a call that becomes a stream of its pages.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::action::KnownAction;
use crate::call::{Answered, Call, WithRaw};
use crate::decode::DecodeWarning;
use crate::error::Error;
use crate::generated::server::ServerKind;

/// An action that answers in pages.
pub trait Paged: KnownAction + Clone {
    /// Returns the request for the page after `answer`; `None` after the last page.
    fn next_page(&self, answer: &Self::Response) -> Option<Self>;

    /// Removes from the answer to a request of [`next_page`](Self::next_page) what belongs to an earlier page. `previous` are the
    /// ids of the messages of all pages before, in a history, in ascending order. Returns `false` if nothing is left, since the
    /// server does not read the request.
    fn keep_page(&self, answer: &mut Self::Response, previous: &[i64]) -> bool {
        let _ = (answer, previous);
        true
    }

    /// `true` for a history, which some servers count by the ids of messages.
    #[doc(hidden)]
    const HAS_IDS: bool = false;

    /// Returns the request for the first page: one that goes back from a message.
    #[doc(hidden)]
    #[must_use]
    fn first_page(self) -> Self {
        self
    }

    /// Returns the request for the page after `answer`, for a server that counts by ids.
    #[doc(hidden)]
    fn next_page_by_id(&self, answer: &Self::Response) -> Option<Self> {
        let _ = answer;
        None
    }

    /// Returns `true` if the answer shows that the server counts by ids; `None` if it does not show it.
    #[doc(hidden)]
    fn counts_by_ids(&self, answer: &Self::Response) -> Option<bool> {
        let _ = answer;
        None
    }

    /// Returns a hash of a page's lists and further fields, but not of the token of the next page; `None` for a page of empty
    /// lists. A server that does not read the token repeats the page.
    #[doc(hidden)]
    fn content(answer: &Self::Response) -> Option<u64> {
        let _ = answer;
        None
    }

    /// Returns the ids of the messages in an answer.
    #[doc(hidden)]
    fn message_ids(answer: &Self::Response) -> Vec<i64> {
        let _ = answer;
        Vec::new()
    }
}

impl<A: Paged> Call<A> {
    /// Returns a stream of the answer's pages, beginning with this call's.
    ///
    /// The stream ends with the last page, or with the first error. A server that leads back to an earlier page, or that does
    /// not read the request for the next one and repeats a page, ends it as well; the page is not returned again. Each page is a
    /// call of its own, with this call's time limit, and is sent when the stream is polled for it. Keep the pages that came before
    /// an error: some servers, such as Lagrange, refuse the page before the first message of a group.
    ///
    /// The pages of a history go back in time; within a page, the messages are in the server's order.
    ///
    /// Servers count the messages of a history by their running numbers, or by their ids: see
    /// [`Client::server_kind`](crate::Client::server_kind). If the kind of the server is not known, the first page shows it
    /// on most servers; on SnowLuma one further call does. [`Client::detect_server`](crate::Client::detect_server) asks the
    /// server, and [`ClientBuilder::server_kind`](crate::ClientBuilder::server_kind) and
    /// [`Connect::server_kind`](crate::Connect::server_kind) set it by hand.
    ///
    /// ```no_run
    /// # async fn run(client: cqhttp::Client) -> Result<(), cqhttp::Error> {
    /// use cqhttp::Event;
    ///
    /// let mut pages = client.get_group_msg_history(10001000).pages();
    /// while let Some(page) = pages.next().await {
    ///     for event in page?.messages {
    ///         match event {
    ///             Event::GroupMessage(from) => println!("{}: {:?}", from.user_id, from.message),
    ///             Event::GroupMessageSent(own) => println!("the bot: {:?}", own.message),
    ///             _ => {}
    ///         }
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(self) -> Pages<A> {
        let first = self.map_request(A::first_page);
        Pages {
            next: Some(first),
            by_id: None,
            counts_by_ids: None,
            previous: Vec::new(),
            asked: HashSet::new(),
            contents: HashSet::new(),
            pending: None,
            is_first: true,
            warnings: Vec::new(),
        }
    }
}

/// A stream of the pages of an answer: see [`Call::pages`].
///
/// It is a [`Stream`]; [`Pages::next`] needs no extension trait.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<A: Paged> {
    next: Option<Call<A>>,
    /// The call for the same page by an id, for a server that repeats the page before in answer to the other.
    by_id: Option<Call<A>>,
    /// Set once it is known whether the server counts the messages of a history by their ids.
    counts_by_ids: Option<bool>,
    /// The ids of the messages of all pages before, in ascending order.
    previous: Vec<i64>,
    /// The parameters of all calls before.
    asked: HashSet<Vec<u8>>,
    /// What [`Paged::content`] returned for all pages before.
    contents: HashSet<u64>,
    pending: Option<PendingPage<A>>,
    /// `true` until the first page has come.
    is_first: bool,
    /// Those of the page that was returned last.
    warnings: Vec<DecodeWarning>,
}

type AnsweredPage<A> = Result<Answered<A>, Error>;

/// The page that is being fetched, with its call, from which the next call is made.
struct PendingPage<A: Paged> {
    call: Call<A>,
    answer: Pin<Box<dyn Future<Output = AnsweredPage<A>> + Send>>,
}

impl<A: Paged> Pages<A> {
    /// Returns the next page; `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns the error of the call that fetches the page. The stream ends with it.
    pub async fn next(&mut self) -> Option<Result<A::Response, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Also returns each page's raw JSON response, for fields that the schema does not cover.
    ///
    /// ```no_run
    /// # async fn run(client: cqhttp::Client) -> Result<(), cqhttp::Error> {
    /// use cqhttp::Event;
    ///
    /// let mut pages = client.get_group_msg_history(10001000).pages().with_raw();
    /// while let Some(page) = pages.next().await {
    ///     let page = page?;
    ///     println!("{} messages in {} bytes", page.answer.messages.len(), page.text().len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_raw(self) -> RawPages<A> {
        RawPages(self)
    }

    /// Returns a warning for each part of the last page that could not be read and was passed over. Each path is also logged at
    /// `warn`, once per process.
    pub fn decode_warnings(&self) -> &[DecodeWarning] {
        &self.warnings
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<AnsweredPage<A>>> {
        loop {
            if let Some(call) = self.next.take() {
                self.pending = Some(PendingPage { answer: Box::pin(call.clone().send()), call });
            }
            let Some(pending) = &mut self.pending else { return Poll::Ready(None) };
            let mut page = ready!(pending.answer.as_mut().poll(cx));
            let pending = self.pending.take();
            let is_first = std::mem::replace(&mut self.is_first, false);
            let by_id = self.by_id.take();
            if let (Ok(page), Some(pending)) = (&mut page, pending) {
                if !is_first && !pending.call.request().keep_page(&mut page.answer, &self.previous) {
                    let Some(by_id) = by_id else { return Poll::Ready(None) };
                    (self.next, self.counts_by_ids) = (Some(by_id), Some(true));
                    continue;
                }
                if A::content(&page.answer).is_some_and(|content| !self.contents.insert(content)) {
                    let action = pending.call.request().name();
                    tracing::warn!(action, "the server repeats a page: it does not read the request for the next one");
                    return Poll::Ready(None);
                }
                if !is_first {
                    // The server has read the request.
                    self.counts_by_ids.get_or_insert(false);
                }
                self.turn(pending.call, &page.answer);
            }
            return Poll::Ready(Some(page));
        }
    }

    /// Makes the call for the page after `answer`.
    fn turn(&mut self, call: Call<A>, answer: &A::Response) {
        self.previous.extend(A::message_ids(answer));
        self.previous.sort();
        self.asked.extend(serde_json::to_vec(call.request()));
        self.counts_by_ids = self.counts_by_ids.or_else(|| call.counts_by_ids(answer));
        let by_id = || call.request().next_page_by_id(answer);
        let (next, otherwise) = match self.counts_by_ids {
            Some(true) => (by_id(), None),
            Some(false) => (call.request().next_page(answer), None),
            None => (call.request().next_page(answer), by_id()),
        };
        // A server whose pages lead back to an earlier one would never come to an end.
        let is_new = |request: &A| serde_json::to_vec(request).is_ok_and(|params| !self.asked.contains(&params));
        let (next, otherwise) = (next.filter(is_new), otherwise.filter(is_new));
        let with = |request: A| call.clone().map_request(|_| request);
        (self.next, self.by_id) = (next.map(with), otherwise.map(with));
    }
}

/// A stream of the pages of an answer with their texts: see [`Pages::with_raw`].
///
/// It is a [`Stream`]; [`RawPages::next`] needs no extension trait.
#[must_use = "a stream does nothing until it is polled"]
pub struct RawPages<A: Paged>(Pages<A>);

impl<A: Paged> RawPages<A> {
    /// Returns the next page; `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns the error of the call that fetches the page. The stream ends with it.
    pub async fn next(&mut self) -> Option<Result<WithRaw<A::Response>, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

// No field is pinned in place: the pending future is boxed.
impl<A: Paged> Unpin for Pages<A> {}

impl<A: Paged> Stream for Pages<A> {
    type Item = Result<A::Response, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(self.poll_page(cx)).map(|page| {
            page.map(|page| {
                self.warnings = page.warnings;
                page.answer
            })
        }))
    }
}

// The pages within are not pinned in place.
impl<A: Paged> Unpin for RawPages<A> {}

impl<A: Paged> Stream for RawPages<A> {
    type Item = Result<WithRaw<A::Response>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(self.0.poll_page(cx)).map(|page| page.map(Answered::with_raw)))
    }
}

impl<A: Paged> Call<A> {
    /// Returns whether the server counts by ids, by its kind or by its answer; `None` if neither shows it.
    fn counts_by_ids(&self, answer: &A::Response) -> Option<bool> {
        if !A::HAS_IDS {
            return Some(false);
        }
        match self.client().server_kind() {
            Some(ServerKind::NapCat | ServerKind::SnowLuma | ServerKind::Lagrange) => Some(true),
            Some(ServerKind::GoCqhttp | ServerKind::LLOneBot) => Some(false),
            _ => self.request().counts_by_ids(answer),
        }
    }
}

impl<A: Paged + fmt::Debug> fmt::Debug for Pages<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("next", &self.next).finish_non_exhaustive()
    }
}

impl<A: Paged + fmt::Debug> fmt::Debug for RawPages<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawPages").field(&self.0).finish()
    }
}
