//! The log of calls: those that came, their outcomes, and waiting for them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::call::{CallEnd, PanicSource, ReceivedCall, Rejected, Via, panic_message};
use super::fault::Fault;
use super::params::Reading;
use super::schema::ActionInfo;
use super::sync::lock;

pub(super) type OnCall = Arc<dyn Fn(&ReceivedCall) + Send + Sync>;

pub(super) type OnRejected = Arc<dyn Fn(&Rejected) + Send + Sync>;

/// The calls that a test waits for.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) actions: &'static [&'static str],
    /// Leaves out calls that were refused, dropped or addressed to nobody.
    pub(super) carried_out: bool,
}

/// A call, as little as is needed of it: there may be a hundred thousand.
struct CallRecord {
    action: Box<str>,
    /// The action that answers to this name, where there is one.
    known: Option<&'static ActionInfo>,
    params: Box<[u8]>,
    via: Via,
    fault: Option<Box<Fault>>,
    end: CallEnd,
    /// By a test that expected it.
    taken: bool,
}

impl CallRecord {
    fn name(&self) -> &str {
        self.known.map_or(&self.action, |info| info.name)
    }

    /// Whether a test may expect it, as far as it is known.
    fn matches(&self, action: &str, carried_out: bool) -> bool {
        let not_carried_out = matches!(self.end, CallEnd::Refused(_) | CallEnd::Dropped | CallEnd::NoTarget);
        !self.taken && self.name() == action && !(carried_out && not_carried_out)
    }

    fn received(&self) -> ReceivedCall {
        ReceivedCall {
            action: self.action.to_string(),
            params: serde_json::from_slice(&self.params).unwrap_or_default(),
            via: self.via,
            fault: self.fault.as_deref().cloned().unwrap_or_default(),
            outcome: self.end.outcome(),
        }
    }
}

/// `send_msg {"message":"hi"} over HTTP: answered with {"message_id":1}`
impl fmt::Display for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params = String::from_utf8_lossy(&self.params);
        write!(f, "{} {} {}: ", self.action, Short(&params), self.via.describe())?;
        match &self.end {
            CallEnd::Pending => f.write_str("not answered yet")?,
            CallEnd::Answered(data) => write!(f, "answered with {}", Short(data.get()))?,
            CallEnd::NoTarget => f.write_str("answered with {}, since it names no target")?,
            CallEnd::Refused(refusal) => write!(f, "refused with {refusal}")?,
            CallEnd::Dropped => f.write_str("dropped before it was acted on")?,
            CallEnd::Panicked(PanicSource::Handler, message) => write!(f, "its handler panicked: {message}")?,
            CallEnd::Panicked(PanicSource::Faults, message) => {
                write!(f, "the closure of `faults` panicked: {message}")?
            }
        }
        match &self.fault {
            Some(fault) => write!(f, " (fault: {fault:?})"),
            None => Ok(()),
        }
    }
}

/// The beginning of a text that may be long.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.trim_end();
        match text.char_indices().nth(300) {
            Some((end, _)) => write!(f, "{}… ({} bytes)", &text[..end], text.len()),
            None => f.write_str(text),
        }
    }
}

/// All calls, in the order in which they came.
pub(super) struct CallLog {
    entries: Mutex<Entries>,
    /// Changes whenever a call has come to something.
    ended: watch::Sender<()>,
    /// How many at most, besides those that have come to nothing yet.
    keep: usize,
    on_call: Option<OnCall>,
    on_rejected: Option<OnRejected>,
}

#[derive(Default)]
struct Entries {
    /// By their numbers, from 0.
    records: BTreeMap<usize, CallRecord>,
    /// How many calls have come.
    count: usize,
    /// Up to where there is nothing to take of an action, of all its calls and of those alone that were carried out: who
    /// waits among many other calls looks at each once.
    looked_at: HashMap<(&'static str, bool), usize>,
    /// Of handlers and other closures of the test's, and not told yet.
    panics: Vec<String>,
    /// How many requests were refused before they were calls, and the last of them.
    rejected: (usize, Option<Rejected>),
}

impl Entries {
    /// The next call that is expected and was not taken, if it has come to something: the action and its number.
    fn next(&mut self, wanted: Wanted) -> Option<(&'static str, usize)> {
        let Self { records, count, looked_at, .. } = self;
        let next = wanted.actions.iter().filter_map(|action| {
            let from = looked_at.entry((action, wanted.carried_out)).or_default();
            let mut left = records.range(*from..).filter(|(_, record)| record.matches(action, wanted.carried_out));
            let next = left.next();
            *from = next.map_or(*count, |(number, _)| *number);
            next.map(|(number, record)| (*action, *number, record))
        });
        let (action, number, record) = next.min_by_key(|(_, number, _)| *number)?;
        (!matches!(record.end, CallEnd::Pending)).then_some((action, number))
    }

    /// Forgets the oldest calls that have come to something, until there are no more than so many.
    fn forget(&mut self, keep: usize) {
        while self.records.len() > keep {
            let oldest = self.records.iter().find(|(_, record)| !matches!(record.end, CallEnd::Pending));
            let Some((&oldest, _)) = oldest else { return };
            self.records.remove(&oldest);
        }
    }
}

impl CallLog {
    pub(super) fn new(keep: usize, on_call: Option<OnCall>, on_rejected: Option<OnRejected>) -> Self {
        Self { entries: Mutex::default(), ended: watch::Sender::new(()), keep, on_call, on_rejected }
    }

    /// Notes a request that was refused before it was a call.
    pub(super) fn reject(&self, rejected: Rejected) {
        let mut entries = lock(&self.entries);
        entries.rejected = (entries.rejected.0 + 1, Some(rejected.clone()));
        drop(entries);
        if let Some(on_rejected) = &self.on_rejected {
            self.catch(format_args!("the closure of `on_rejected`"), || on_rejected(&rejected));
        }
    }

    /// Notes a call that has come, and gives its number.
    pub(super) fn begin(
        &self,
        action: &str,
        known: Option<&'static ActionInfo>,
        params: &[u8],
        via: Via,
        fault: &Fault,
    ) -> usize {
        let fault = (*fault != Fault::None).then(|| Box::new(fault.clone()));
        let (action, params, end) = (action.into(), params.into(), CallEnd::Pending);
        let record = CallRecord { action, known, params, via, fault, end, taken: false };
        let mut entries = lock(&self.entries);
        let number = entries.count;
        entries.records.insert(number, record);
        entries.count += 1;
        number
    }

    /// Notes what a call has come to.
    pub(super) fn end(&self, call: usize, end: CallEnd) {
        let mut entries = lock(&self.entries);
        let Some(record) = entries.records.get_mut(&call) else { return };
        record.end = end;
        if let CallEnd::Panicked(source, message) = &record.end {
            let panic = source.describe(record.name(), message);
            entries.panics.push(panic);
        }
        let told = self.on_call.as_ref().zip(entries.records.get(&call).map(CallRecord::received));
        entries.forget(self.keep);
        drop(entries);
        if let Some((on_call, call)) = told {
            self.catch(format_args!("the closure of `on_call` at `{}`", call.action), || on_call(&call));
        }
        self.ended.send_modify(|()| {});
    }

    /// Runs a closure of the test's: its panic is for the test, and stops nothing here.
    pub(super) fn catch(&self, closure: fmt::Arguments<'_>, run: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            let panic = format!("{closure} panicked: {}", panic_message(&*panic));
            lock(&self.entries).panics.push(panic);
        }
    }

    pub(super) fn all(&self) -> Vec<ReceivedCall> {
        lock(&self.entries).records.values().map(CallRecord::received).collect()
    }

    pub(super) fn count(&self) -> usize {
        lock(&self.entries).count
    }

    pub(super) fn take_panics(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.entries).panics)
    }

    /// Waits until there is something, which may be whenever a call has come to something.
    pub(super) async fn until<T>(&self, is_there: impl Fn(&Self) -> Option<T>) -> T {
        let mut ended = self.ended.subscribe();
        loop {
            if let Some(found) = is_there(self) {
                return found;
            }
            if ended.changed().await.is_err() {
                // The sender is the server's own.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns `Some` if a call that is wanted was not taken yet, and is over.
    pub(super) fn find(&self, wanted: Wanted) -> Option<()> {
        lock(&self.entries).next(wanted).map(drop)
    }

    /// The next call that is expected and was not taken, once it has come to something.
    pub(super) fn take<T>(
        &self,
        wanted: Wanted,
        read: fn(&str, &[u8]) -> serde_json::Result<T>,
    ) -> Option<Result<T, String>> {
        let mut entries = lock(&self.entries);
        let (action, number) = entries.next(wanted)?;
        let record = entries.records.get_mut(&number)?;
        record.taken = true;
        Some(match (&record.end, record.known) {
            (CallEnd::Panicked(source, message), _) => Err(source.describe(action, message)),
            (_, None) => Err(format!("no schema knows `{action}`")),
            (_, Some(info)) => read(action, &Reading::new(info, &record.params).json)
                .map_err(|error| format!("`{action}` came, and cannot be read: {error}\n    {record}")),
        })
    }

    /// What was not taken, the panics and what was refused, for somebody who looks for something else.
    pub(super) fn report(&self) -> String {
        const MOST: usize = 20;
        let entries = lock(&self.entries);
        let left: Vec<_> = entries.records.iter().filter(|(_, record)| !record.taken).collect();
        let mut report = String::new();
        if left.is_empty() {
            let _ = write!(report, "\n  no other call has come ({} were taken before)", entries.records.len());
        } else {
            report += "\n  calls that nobody has taken, by their place among all:";
        }
        if left.len() > MOST {
            let _ = write!(report, "\n    … {} before these", left.len() - MOST);
        }
        for (number, record) in &left[left.len().saturating_sub(MOST)..] {
            let _ = write!(report, "\n    {}. {record}", *number + 1);
        }
        let forgotten = entries.count - entries.records.len();
        if forgotten > 0 {
            let _ = write!(report, "\n  calls that are not kept: {forgotten}");
        }
        for panic in &entries.panics {
            let _ = write!(report, "\n  {panic}");
        }
        if let (count, Some(last)) = &entries.rejected {
            let _ = write!(report, "\n  requests that were refused: {count}, the last: {last}");
        }
        report
    }
}
