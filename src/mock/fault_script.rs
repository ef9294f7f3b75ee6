//! Faults by a script, and for a share of the calls.

use super::call::ReceivedCall;
use super::dice::Dice;
use super::fault::Fault;

impl Fault {
    /// Returns the n-th of these faults for the n-th call to arrive, and none when they are used up. A bot that calls
    /// over several connections at once determines the order; [`MockServer::calls`](super::MockServer::calls) returns
    /// it.
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

    /// Returns this fault for a share of the calls, from 0 to 1, and none for the others. The seed decides for the n-th
    /// call to arrive, and does so alike in every run in which the calls come in the same order.
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
