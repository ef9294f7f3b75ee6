//! Events from lines on standard input.

use std::io::{self, BufRead};
use std::time::SystemTime;
#[cfg(unix)]
use std::{io::IsTerminal, time::Duration};

use cqhttp::mock::{MockServer, World};
use cqhttp::serde_json::{Value, json};
use cqhttp::{Event, GroupId, Message, UserId};
use tokio::sync::mpsc;

/// The interval at which a background job of a terminal checks whether it is in the foreground.
#[cfg(unix)]
const BACKGROUND: Duration = Duration::from_millis(500);

/// Returns the lines as they come, or an error for a line. A thread reads them, which the end of the program does not wait
/// for.
pub(crate) fn lines() -> mpsc::UnboundedReceiver<Result<String, String>> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        block_background_stop();
        let mut stdin = io::stdin().lock();
        let mut line = Vec::new();
        loop {
            match stdin.read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) if line.trim_ascii().is_empty() => {}
                Ok(_) => {
                    if sender.send(text(&line)).is_err() {
                        break;
                    }
                }
                #[cfg(unix)]
                Err(error) if is_in_background(&error) => {
                    std::thread::sleep(BACKGROUND);
                    continue;
                }
                Err(error) => {
                    let _ = sender.send(Err(format!("standard input cannot be read any longer: {error}")));
                    break;
                }
            }
            line.clear();
        }
    });
    lines
}

fn text(line: &[u8]) -> Result<String, String> {
    let lossy = || format!("a line on standard input is not UTF-8: {}", String::from_utf8_lossy(line).trim());
    std::str::from_utf8(line).map(str::to_owned).map_err(|_| lossy())
}

/// Blocks the signal that stops a background job (`cqhttp-mock &`) when it reads from its terminal: the thread that reads
/// gets an error instead.
fn block_background_stop() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};

        let mut signals = SigSet::empty();
        signals.add(Signal::SIGTTIN);
        // On failure, the job is stopped until it is brought to the foreground.
        let _ = signals.thread_block();
    }
}

#[cfg(unix)]
fn is_in_background(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::EIO as i32) && io::stdin().is_terminal()
}

/// Sends the event of a line, and describes it.
pub(crate) fn send_line(server: &MockServer, line: &str, has_world: bool) -> Result<String, String> {
    let line = line.trim();
    if !line.starts_with('{') {
        return send_message(server, line, has_world);
    }
    let event = event(line, server.self_id()).map_err(|error| with_sources(&*error))?;
    let kind = event.kind();
    let bots = server.push(event);
    Ok(format!("{kind:?} sent to {bots} listeners"))
}

/// `10086@42 hello`, or `10086 hello`.
fn send_message(server: &MockServer, line: &str, has_world: bool) -> Result<String, String> {
    let (who, text) = line.split_once(' ').unwrap_or((line, ""));
    let (user, group) = who.split_once('@').map_or((who, None), |(user, group)| (user, Some(group)));
    let group = group.map(str::parse::<GroupId>).transpose();
    let (Ok(user), Ok(group), false) = (user.parse::<UserId>(), group, text.is_empty()) else {
        return Err(format!("`{line}` is neither an event as JSON nor a message: `10086@42 hello` or `10086 hello`"));
    };
    let message = Message::cq(text);
    let id = match (has_world, group) {
        (true, Some(group)) => server
            .world(|world: &mut World| world.says_in_group(user, group, message))
            .map_err(|why| why.to_string())?,
        (true, None) => server.world(|world| world.says_in_private(user, message)).map_err(|why| why.to_string())?,
        (false, Some(group)) => server.user(user).says(message).in_group(group),
        (false, None) => server.user(user).says(message).in_private(),
    };
    Ok(format!("said as message {id} to {} listeners", server.listeners()))
}

fn event(line: &str, self_id: UserId) -> Result<Event, Box<dyn std::error::Error>> {
    let mut event: Value = cqhttp::serde_json::from_str(line)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    for (name, value) in [("time", json!(now)), ("self_id", json!(self_id))] {
        if event[name].is_null() {
            event[name] = value;
        }
    }
    let event = Event::from_slice(event.to_string().as_bytes())?;
    // Bots fail to read an event of a known kind that lacks a field.
    if let Event::Unknown(unknown) = &event
        && let Some(error) = &unknown.error
    {
        return Err(error.clone().into());
    }
    Ok(event)
}

/// Returns an error and its sources on one line.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let reasons = std::iter::successors(Some(error), |error| error.source());
    reasons.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
