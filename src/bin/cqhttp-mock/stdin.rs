//! What happens because a line on standard input says so.

use std::io::BufRead;
use std::time::SystemTime;

use cqhttp::Event;
use cqhttp::mock::Server;
use cqhttp::serde_json::{Value, json};
use tokio::sync::mpsc;

/// The lines as they come. A thread of its own reads them: nothing waits for it when the program ends.
pub(crate) fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let read = std::io::stdin().lock().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty());
        for line in read {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Lets happen what a line says, and says what it was.
pub(crate) fn happen(server: &Server, line: &str, self_id: i64) -> Result<String, String> {
    let line = line.trim();
    if !line.starts_with('{') {
        return Err(format!("`{line}` is no event: a JSON object on one line is expected"));
    }
    let event = event(line, self_id).map_err(|error| with_reasons(&*error))?;
    let kind = event.kind();
    let bots = server.push(event);
    Ok(format!("{kind:?} sent to {bots} connections"))
}

fn event(line: &str, self_id: i64) -> Result<Event, Box<dyn std::error::Error>> {
    let mut event: Value = cqhttp::serde_json::from_str(line)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    for (name, value) in [("time", json!(now)), ("self_id", json!(self_id))] {
        if event[name].is_null() {
            event[name] = value;
        }
    }
    let event = Event::from_slice(event.to_string().as_bytes())?;
    // Bots would choke on one of a known kind that lacks something.
    if let Event::Unknown(unknown) = &event
        && let Some(error) = &unknown.error
    {
        return Err(error.clone().into());
    }
    Ok(event)
}

/// An error and what lies under it, on one line.
pub(crate) fn with_reasons(error: &dyn std::error::Error) -> String {
    let reasons = std::iter::successors(Some(error), |error| error.source());
    reasons.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
