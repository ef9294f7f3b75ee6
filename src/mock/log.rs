//! The log of calls and their outcomes, and waiting for them.

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

/// A call, stored compactly: there may be a hundred thousand.
struct CallRecord {
    action: Box<str>,
    /// The action that answers to this name, if there is one.
    known: Option<&'static ActionInfo>,
    params: Box<[u8]>,
    via: Via,
    fault: Option<Box<Fault>>,
    end: CallEnd,
    /// Set once a test has expected it.
    taken: bool,
}

impl CallRecord {
    fn name(&self) -> &str {
        self.known.map_or(&self.action, |info| info.name)
    }

    /// Returns `true` if a test may still expect the call. A pending call counts as carried out.
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
            CallEnd::Dropped => f.write_str("dropped before it was carried out")?,
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

/// The beginning of a long text.
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
    /// Changes whenever a call has ended.
    ended: watch::Sender<()>,
    /// The number of calls to keep, besides the pending ones.
    keep: usize,
    on_call: Option<OnCall>,
    on_rejected: Option<OnRejected>,
}

#[derive(Default)]
struct Entries {
    /// The calls by their numbers, from 0.
    records: BTreeMap<usize, CallRecord>,
    /// The number of calls so far.
    count: usize,
    /// The number below which no call of an action is left to take; the flag is [`Wanted::carried_out`]. With it,
    /// waiting among many other calls looks at each of them once.
    looked_at: HashMap<(&'static str, bool), usize>,
    /// The panics of handlers and other closures of the test that were not reported yet.
    panics: Vec<String>,
    /// The number of requests that were refused before they became calls, and the last of them.
    rejected: (usize, Option<Rejected>),
}

impl Entries {
    /// Returns the action and the number of the next wanted call that was not taken, if that call has ended.
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

    /// Removes the oldest ended calls until at most `keep` calls are left.
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

    /// Records a request that was refused before it became a call.
    pub(super) fn reject(&self, rejected: Rejected) {
        let mut entries = lock(&self.entries);
        entries.rejected = (entries.rejected.0 + 1, Some(rejected.clone()));
        drop(entries);
        if let Some(on_rejected) = &self.on_rejected {
            self.catch(format_args!("the closure of `on_rejected`"), || on_rejected(&rejected));
        }
    }

    /// Records a call, and returns its number.
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

    /// Records the outcome of a call.
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

    /// Runs a closure of the test. Its panic is kept for the test, and has no other effect.
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

    /// Waits until `is_there` returns something; it is asked again whenever a call has ended.
    pub(super) async fn until<T>(&self, is_there: impl Fn(&Self) -> Option<T>) -> T {
        let mut ended = self.ended.subscribe();
        loop {
            if let Some(found) = is_there(self) {
                return found;
            }
            if ended.changed().await.is_err() {
                // Unreachable: `self` holds the sender.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns `Some` if the next wanted call that was not taken has ended.
    pub(super) fn find(&self, wanted: Wanted) -> Option<()> {
        lock(&self.entries).next(wanted).map(drop)
    }

    /// Takes the next wanted call, once it has ended.
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
            (_, None) => Err(format!("`{action}` is not in a known schema")),
            (_, Some(info)) => read(action, &Reading::new(info, &record.params).json)
                .map_err(|error| format!("`{action}` came, and cannot be read: {error}\n    {record}")),
        })
    }

    /// Describes the calls that were not taken, the panics and the refused requests, for the message of a failed test.
    pub(super) fn report(&self) -> String {
        const MOST: usize = 20;
        let entries = lock(&self.entries);
        let left: Vec<_> = entries.records.iter().filter(|(_, record)| !record.taken).collect();
        let mut report = String::new();
        if left.is_empty() {
            let _ = write!(report, "\n  no other call has come ({} were taken before)", entries.records.len());
        } else {
            report += "\n  calls that no test has taken, by their number among all:";
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
