//! Faults by a script, and on a share of the calls.

use super::call::ReceivedCall;
use super::dice::Dice;
use super::fault::Fault;

impl Fault {
    /// The n-th of these faults for the n-th call to arrive, and none when they are used up. Which call that is, bots settle
    /// that call over several connections at once; [`MockServer::calls`](super::MockServer::calls) have the order.
    ///
    /// ```
    /// # async fn run() -> std::io::Result<()> {
    /// use cqhttp::mock::{Fault, MockServer};
    ///
    /// let server = MockServer::start().await?;
    /// server.faults(Fault::script([Fault::NoAnswer, Fault::None, Fault::DropAfter]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn script(
        faults: impl IntoIterator<Item = Self, IntoIter: Send + 'static>,
    ) -> impl FnMut(&ReceivedCall) -> Self + Send + 'static {
        let mut faults = faults.into_iter().fuse();
        move |_| faults.next().unwrap_or_default()
    }

    /// This fault for a share of the calls, from 0 to 1, and none for the others. The seed says whether the n-th call to
    /// arrive is one of them: the same at every run, as far as the calls come in the same order.
    ///
    /// ```
    /// # async fn run() -> std::io::Result<()> {
    /// use cqhttp::mock::{Fault, MockServer};
    ///
    /// let server = MockServer::start().await?;
    /// server.faults(Fault::Twice.for_share(0.1, 42));
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_share(self, share: f64, seed: u64) -> impl FnMut(&ReceivedCall) -> Self + Send + 'static {
        let mut dice = Dice::new(seed);
        move |_| if dice.roll() < share { self.clone() } else { Self::None }
    }
}
