//! What goes wrong on purpose.

use std::time::Duration;

use super::refusal::Refusal;

/// What goes wrong with a call: [`MockServer::faults`](super::MockServer::faults), [`MockServer::fault_once`](super::MockServer::fault_once).
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
