//! Paginated actions: a call that becomes a stream of its pages.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::action::KnownAction;
use crate::call::Call;
use crate::error::Error;

/// An action whose answer comes in pages.
pub trait Paged: KnownAction + Clone {
    /// The request for the page after `answer`; `None` where there is none.
    fn next_page(&self, answer: &Self::Response) -> Option<Self>;
}

impl<A: Paged> Call<A> {
    /// Asks for one page after the other, beginning with this call's: a stream of answers.
    ///
    /// It ends with the last page, or with the first error. Each page is a call of its own with this call's time limit,
    /// and is asked for when the stream is.
    ///
    /// ```no_run
    /// # async fn run(client: cqhttp::Client) -> Result<(), cqhttp::Error> {
    /// let mut pages = client.get_guild_member_list(6000001000000001).pages();
    /// while let Some(page) = pages.next().await {
    ///     for member in page?.members {
    ///         println!("{}", member.nickname);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(self) -> Pages<A> {
        Pages { next: Some(self), asked: None }
    }
}

/// The pages of an answer, see [`Call::pages`]: a [`Stream`], and with [`Pages::next`] to be had without its extensions.
#[must_use = "a stream does nothing until it is asked"]
pub struct Pages<A: Paged> {
    next: Option<Call<A>>,
    asked: Option<Asked<A>>,
}

/// A call on its way, kept to make the next one from it.
struct Asked<A: Paged> {
    call: Call<A>,
    answer: <Call<A> as IntoFuture>::IntoFuture,
}

impl<A: Paged> Pages<A> {
    /// The next page; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the call says; the stream ends with it.
    pub async fn next(&mut self) -> Option<Result<A::Response, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

// Nothing in it is pinned in place: the call on its way is boxed.
impl<A: Paged> Unpin for Pages<A> {}

impl<A: Paged> Stream for Pages<A> {
    type Item = Result<A::Response, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(call) = self.next.take() {
            self.asked = Some(Asked { answer: call.clone().into_future(), call });
        }
        let Some(asked) = &mut self.asked else { return Poll::Ready(None) };
        let answer = ready!(asked.answer.as_mut().poll(cx));
        let asked = self.asked.take();
        if let (Ok(answer), Some(asked)) = (&answer, asked) {
            self.next = asked.call.next_page(answer);
        }
        Poll::Ready(Some(answer))
    }
}

impl<A: Paged> Call<A> {
    fn next_page(self, answer: &A::Response) -> Option<Self> {
        let next = self.request().next_page(answer)?;
        Some(self.map_request(|_| next))
    }
}

impl<A: Paged + fmt::Debug> fmt::Debug for Pages<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("next", &self.next).finish_non_exhaustive()
    }
}
