//! The faults that a test can inject into the middle of an answer in parts.

use super::refusal::Refusal;

/// A fault in the middle of an answer in parts: [`Fault::Stream`](super::Fault::Stream). Parts count from 0.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StreamFault {
    /// The connection ends in the middle of this part.
    Cut(usize),
    /// Nothing is sent from this part on, and the connection stays open.
    Silent(usize),
    /// This part is left out.
    LeftOut(usize),
    /// This part comes after the next one.
    Swapped(usize),
    /// This part comes twice.
    Twice(usize),
    /// The text `data` of this part begins with another character.
    Damaged(usize),
    /// This part is not JSON.
    Garbage(usize),
    /// The answer ends with this refusal in place of this part.
    Refused(usize, Refusal),
    /// The last answer is not sent. Over HTTP the body ends.
    NoEnd,
}
