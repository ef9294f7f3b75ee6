//! Printing, by a thread of its own: if nobody reads the output, nothing else waits.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, Sender};
use tokio::sync::oneshot;

/// The number of lines that can wait to be written.
const QUEUE_CAPACITY: usize = 1024;

/// The queue of lines to print.
#[derive(Clone)]
pub(crate) struct Printer {
    lines: Sender<Line>,
    /// The number of lines that were left out since the queue was last empty.
    left_out: Arc<Mutex<usize>>,
}

enum Line {
    Out(String),
    Err(String),
    /// Sent once everything before it is written.
    End(oneshot::Sender<()>),
}

impl Printer {
    pub(crate) fn start() -> Self {
        let (sender, mut lines) = mpsc::channel(QUEUE_CAPACITY);
        let printer = Self { lines: sender, left_out: Arc::default() };
        let left_out = printer.left_out.clone();
        std::thread::spawn(move || {
            while let Some(line) = lines.blocking_recv() {
                write(line);
                if lines.is_empty()
                    && let Some(line) = take(&left_out)
                {
                    write(line);
                }
            }
        });
        printer
    }

    /// Prints a line on standard output; it is left out if the queue is full.
    pub(crate) fn line(&self, line: fmt::Arguments<'_>) {
        self.put(Line::Out(line.to_string()));
    }

    /// Prints a line on standard error; it is left out if the queue is full.
    pub(crate) fn error(&self, error: impl fmt::Display) {
        self.put(Line::Err(format!("cqhttp-mock: {error}")));
    }

    fn put(&self, line: Line) {
        let mut left_out = lock(&self.left_out);
        // Once a line is left out, so are all until the queue is empty: the gap is reported in one place.
        if *left_out > 0 || self.lines.try_send(line).is_err() {
            *left_out += 1;
        }
    }

    /// Prints the last line, and waits until it is written; that takes for ever if nobody reads.
    pub(crate) async fn end(&self, last: fmt::Arguments<'_>) {
        let (written, wait) = oneshot::channel();
        for line in take(&self.left_out).into_iter().chain([Line::Out(last.to_string()), Line::End(written)]) {
            // The thread lives as long as this queue.
            let _ = self.lines.send(line).await;
        }
        let _ = wait.await;
    }
}

/// Returns a line with the number of lines left out, if any, and resets it.
fn take(left_out: &Mutex<usize>) -> Option<Line> {
    let count = std::mem::take(&mut *lock(left_out));
    (count > 0).then(|| Line::Out(format!("… {count} lines are left out: they were not read in time")))
}

fn lock(left_out: &Mutex<usize>) -> MutexGuard<'_, usize> {
    left_out.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a line; a failure to write is ignored.
fn write(line: Line) {
    let _ = match line {
        Line::Out(line) => writeln!(io::stdout(), "{line}"),
        Line::Err(line) => writeln!(io::stderr(), "{line}"),
        Line::End(written) => {
            let _ = written.send(());
            Ok(())
        }
    };
}
