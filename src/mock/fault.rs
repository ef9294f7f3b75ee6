//! The faults that a test can inject.

use std::time::Duration;

use super::refusal::Refusal;
use super::stream_fault::StreamFault;

/// A fault that is injected into a call: [`MockServer::faults`](super::MockServer::faults),
/// [`MockServer::fault_once`](super::MockServer::fault_once).
///
/// Over HTTP there is no echo, no second answer and no frame: [`WrongEcho`](Self::WrongEcho) to
/// [`Shuffle`](Self::Shuffle) and [`Binary`](Self::Binary) have no effect, [`HalfAnswer`](Self::HalfAnswer) sends half
/// a body, and [`Unauthorised`](Self::Unauthorised) is HTTP status 403.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// No fault.
    #[default]
    None,
    /// The answer is delayed; later answers overtake it.
    Delay(Duration),
    /// The call is carried out, and no answer comes.
    NoAnswer,
    /// The call is refused, and not carried out.
    Refuse(Refusal),
    /// The connection ends, without a close frame, before the call is carried out.
    DropBefore,
    /// The call is carried out, and the connection ends in place of the answer.
    DropAfter,
    /// The call is carried out, and the connection ends in the middle of the answer.
    HalfAnswer,
    /// The call is not carried out. In place of the answer comes a frame that refuses the token with this retcode, with
    /// the echo null, and the connection is closed. NapCat's retcode is 1403.
    Unauthorised(i64),
    /// The echo is not that of any call.
    WrongEcho,
    /// The echo is a number.
    NumberEcho,
    /// The echo is null.
    NullEcho,
    /// The answer has no echo.
    NoEcho,
    /// The answer comes twice.
    Twice,
    /// Answers are held back until the connection has this many, and are then sent in random order, the same in every
    /// run. When no call comes for 50 ms, the answers that are held back are sent too.
    Shuffle(usize),
    /// The answer has no `data`.
    NoData,
    /// The answer is not JSON.
    Garbage,
    /// This text in place of the answer. `{echo}` in it stands for the call's echo as JSON, `null` if the call has none: without it
    /// the text answers no call over a WebSocket.
    Text(String),
    /// The answer comes as a binary frame.
    Binary,
    /// A fault in the middle of an answer in parts. It has no effect on other answers.
    Stream(StreamFault),
    /// The answer comes byte by byte, with this pause between them.
    SlowBytes(Duration),
}
