//! What happens because a line on standard input says so.

use std::io::{self, BufRead};
use std::time::SystemTime;
#[cfg(unix)]
use std::{io::IsTerminal, time::Duration};

use cqhttp::mock::{MockServer, World};
use cqhttp::serde_json::{Value, json};
use cqhttp::{Event, GroupId, Message, UserId};
use tokio::sync::mpsc;

/// For so long a program in the background of a terminal waits until it looks again whether it is in front.
#[cfg(unix)]
const BACKGROUND: Duration = Duration::from_millis(500);

/// The lines as they come, or what is wrong with them. A thread of its own reads them: nothing waits for it when the
/// program ends.
pub(crate) fn lines() -> mpsc::UnboundedReceiver<Result<String, String>> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        not_stopped_by_the_terminal();
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

/// A program that reads from a terminal in whose background it runs (`cqhttp-mock &`) is stopped by a signal; where the
/// thread that reads blocks that signal, it gets an error in its place.
fn not_stopped_by_the_terminal() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};

        let mut signals = SigSet::empty();
        signals.add(Signal::SIGTTIN);
        // Else it is stopped, until it is brought to the front.
        let _ = signals.thread_block();
    }
}

#[cfg(unix)]
fn is_in_background(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::EIO as i32) && io::stdin().is_terminal()
}

/// Lets happen what a line says, and says what it was.
pub(crate) fn happen(server: &MockServer, line: &str, has_world: bool) -> Result<String, String> {
    let line = line.trim();
    if !line.starts_with('{') {
        return says(server, line, has_world);
    }
    let event = event(line, server.self_id()).map_err(|error| with_reasons(&*error))?;
    let kind = event.kind();
    let bots = server.push(event);
    Ok(format!("{kind:?} sent to {bots} listeners"))
}

/// `10086@42 hello`, or `10086 hello`.
fn says(server: &MockServer, line: &str, has_world: bool) -> Result<String, String> {
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
