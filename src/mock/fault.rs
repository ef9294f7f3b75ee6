//! What goes wrong on purpose.

use std::time::Duration;

use super::{Received, Refusal};

/// What goes wrong with a call: [`Server::faults`](super::Server::faults), [`Server::fault_once`](super::Server::fault_once).
///
/// Over HTTP there is no echo, no second answer and no frame: [`WrongEcho`](Self::WrongEcho) to
/// [`Shuffle`](Self::Shuffle) and [`Binary`](Self::Binary) do nothing there, [`HalfAnswer`](Self::HalfAnswer) is half a
/// body, and [`Unauthorised`](Self::Unauthorised) is HTTP status 403.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The answer comes so much later; others overtake it.
    Delay(Duration),
    /// The call is acted on, and no answer comes.
    NoAnswer,
    /// The call is refused, and not acted on.
    Refuse(Refusal),
    /// The connection ends, without a close frame, before the call is acted on.
    DropBefore,
    /// The call is acted on, and the connection ends in place of the answer.
    DropAfter,
    /// The call is acted on, and the connection ends in the middle of the answer.
    HalfAnswer,
    /// The call is not acted on. In place of the answer comes a frame that refuses the token with this retcode, with the
    /// echo null, and the connection is closed. NapCat's retcode is 1403.
    Unauthorised(i64),
    /// The echo is one that nobody sent.
    WrongEcho,
    /// The echo is a number.
    NumberEcho,
    /// The echo is null.
    NullEcho,
    /// The answer has no echo.
    NoEcho,
    /// The answer comes twice.
    Twice,
    /// Answers are held back until there are so many on the connection, and come in disorder: the same at every run. When
    /// no call comes for 50 ms, those that are held come too.
    Shuffle(usize),
    /// The answer has no `data`.
    NoData,
    /// The answer is no JSON.
    Garbage,
    /// This text in place of the answer.
    Text(String),
    /// The answer comes as a binary frame.
    Binary,
    /// The answer comes byte by byte, with this pause between them.
    SlowBytes(Duration),
}

impl Fault {
    /// The n-th of these faults for the n-th call to arrive, and none when they are used up. Which call that is, bots settle
    /// that call over several connections at once; [`Server::calls`](super::Server::calls) have the order.
    ///
    /// ```
    /// # async fn run() -> std::io::Result<()> {
    /// use cqhttp::mock::{Fault, Server};
    ///
    /// let server = Server::start().await?;
    /// server.faults(Fault::script([Fault::NoAnswer, Fault::None, Fault::DropAfter]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn script(
        faults: impl IntoIterator<Item = Self, IntoIter: Send + 'static>,
    ) -> impl FnMut(&Received) -> Self + Send + 'static {
        let mut faults = faults.into_iter().fuse();
        move |_| faults.next().unwrap_or_default()
    }

    /// This fault for a share of the calls, from 0 to 1, and none for the others. The seed says whether the n-th call to
    /// arrive is one of them: the same at every run, as far as the calls come in the same order.
    ///
    /// ```
    /// # async fn run() -> std::io::Result<()> {
    /// use cqhttp::mock::{Fault, Server};
    ///
    /// let server = Server::start().await?;
    /// server.faults(Fault::Twice.for_share(0.1, 42));
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_share(self, share: f64, seed: u64) -> impl FnMut(&Received) -> Self + Send + 'static {
        let mut dice = Dice(seed);
        move |_| if dice.roll() < share { self.clone() } else { Self::None }
    }
}

/// SplitMix64: the same throws for the same seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    fn roll(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}
