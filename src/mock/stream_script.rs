//! The responses of an answer in parts.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::refusal::Refusal;
use super::stream_fault::StreamFault;

/// The `data` of the parts, and of the last answer, as JSON.
pub(super) struct StreamScript {
    pub(super) parts: Box<dyn Iterator<Item = String> + Send>,
    pub(super) last: String,
}

pub(super) type StreamHandler = Arc<dyn Fn(&[u8]) -> Result<StreamScript, Refusal> + Send + Sync>;

/// The next step of an answer in parts.
pub(super) enum StreamStep {
    /// A response.
    Frame(Vec<u8>),
    /// The beginning of a response, and the end of the connection.
    Cut(Vec<u8>),
    /// Nothing is sent any longer, and the connection stays open.
    Silence,
}

/// The responses of an answer in parts, made when they are taken.
pub(super) struct StreamFrames {
    script: StreamScript,
    echo: Option<Box<RawValue>>,
    fault: Option<StreamFault>,
    /// The number of the next part.
    number: usize,
    /// Parts that come before the next one.
    ahead: VecDeque<String>,
    ended: bool,
}

impl StreamScript {
    pub(super) fn empty() -> Self {
        Self { parts: Box::new(std::iter::empty()), last: String::new() }
    }
}

impl StreamFrames {
    pub(super) fn new(script: StreamScript, echo: Option<Box<RawValue>>, fault: Option<StreamFault>) -> Self {
        Self { script, echo, fault, number: 0, ahead: VecDeque::new(), ended: false }
    }

    /// Returns the next step; `None` at the end.
    pub(super) fn next_step(&mut self) -> Option<StreamStep> {
        if self.ended {
            return None;
        }
        if let Some(part) = self.ahead.pop_front() {
            return Some(StreamStep::Frame(self.frame(&part, "stream")));
        }
        let number = self.number;
        self.number += 1;
        match self.fault.clone() {
            Some(StreamFault::Silent(at)) if at == number => return self.end(StreamStep::Silence),
            Some(StreamFault::Refused(at, refusal)) if at == number => {
                let frame = self.refused(&refusal);
                return self.end(StreamStep::Frame(frame));
            }
            _ => {}
        }
        let Some(part) = self.script.parts.next() else { return self.last(number) };
        match self.fault.clone() {
            Some(StreamFault::Cut(at)) if at == number => {
                let mut frame = self.frame(&part, "stream");
                frame.truncate(frame.len() / 2);
                self.end(StreamStep::Cut(frame))
            }
            Some(StreamFault::Garbage(at)) if at == number => {
                let frame = self.frame(&part, "stream");
                Some(StreamStep::Frame(String::from_utf8_lossy(&frame).replacen("\"type\"", "\"type", 1).into_bytes()))
            }
            Some(fault) => {
                self.ahead = apply(fault, number, part, &mut self.script.parts);
                self.next_step()
            }
            None => Some(StreamStep::Frame(self.frame(&part, "stream"))),
        }
    }

    /// Returns the last answer, or the fault in its place.
    fn last(&mut self, number: usize) -> Option<StreamStep> {
        self.ended = true;
        match &self.fault {
            Some(StreamFault::NoEnd) => None,
            Some(StreamFault::Cut(at)) if *at == number => Some(StreamStep::Cut(Vec::new())),
            _ => Some(StreamStep::Frame(self.frame(&self.script.last, "response"))),
        }
    }

    fn end(&mut self, step: StreamStep) -> Option<StreamStep> {
        self.ended = true;
        Some(step)
    }

    /// Writes a response as NapCat does.
    fn frame(&self, data: &str, kind: &str) -> Vec<u8> {
        let data = match data.strip_prefix('{') {
            Some("}") => Cow::Owned(format!("{{\"type\":\"{kind}\"}}")),
            Some(rest) if !rest.starts_with("\"type\":") => Cow::Owned(format!("{{\"type\":\"{kind}\",{rest}")),
            _ => Cow::Borrowed(data),
        };
        let head = format!("{{\"status\":\"ok\",\"retcode\":0,\"data\":{data},\"message\":\"\",\"wording\":\"\"");
        self.with_echo(head)
    }

    fn refused(&self, refusal: &Refusal) -> Vec<u8> {
        let (retcode, wording) = (refusal.retcode, Value::from(&*refusal.wording));
        self.with_echo(format!(
            "{{\"status\":\"failed\",\"retcode\":{retcode},\"data\":{{\"type\":\"error\",\"data_type\":\"error\"}},\
             \"message\":{wording},\"wording\":{wording}"
        ))
    }

    fn with_echo(&self, mut head: String) -> Vec<u8> {
        if let Some(echo) = &self.echo {
            head += ",\"echo\":";
            head += echo.get();
        }
        head += ",\"stream\":\"stream-action\"}";
        head.into_bytes()
    }
}

/// Returns the parts that a fault puts in place of a part.
fn apply(fault: StreamFault, number: usize, part: String, parts: &mut dyn Iterator<Item = String>) -> VecDeque<String> {
    match fault {
        StreamFault::LeftOut(at) if at == number => parts.next().into_iter().collect(),
        StreamFault::Swapped(at) if at == number => parts.next().into_iter().chain([part]).collect(),
        StreamFault::Twice(at) if at == number => [part.clone(), part].into(),
        StreamFault::Damaged(at) if at == number => [damaged(&part)].into(),
        _ => [part].into(),
    }
}

/// Changes the first character of the text `data` of a part.
fn damaged(part: &str) -> String {
    let mut part: Value = serde_json::from_str(part).unwrap_or_default();
    if let Some(data) = part["data"].as_str() {
        let other = if data.starts_with('A') { "B" } else { "A" };
        part["data"] = format!("{other}{}", data.get(1..).unwrap_or_default()).into();
    }
    part.to_string()
}
