//! What is printed. A thread of its own writes it: nothing else waits where nobody reads.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, Sender};
use tokio::sync::oneshot;

/// So many lines wait to be written.
const WAITING: usize = 1024;

/// Where lines are handed in.
#[derive(Clone)]
pub(crate) struct Printer {
    lines: Sender<Line>,
    /// How many had no place since the last time that none waited.
    left_out: Arc<Mutex<usize>>,
}

enum Line {
    Out(String),
    Err(String),
    /// Everything before it is written.
    End(oneshot::Sender<()>),
}

impl Printer {
    pub(crate) fn start() -> Self {
        let (sender, mut lines) = mpsc::channel(WAITING);
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

    /// A line on standard output; it is left out where too many wait.
    pub(crate) fn line(&self, line: fmt::Arguments<'_>) {
        self.put(Line::Out(line.to_string()));
    }

    /// The same on standard error.
    pub(crate) fn error(&self, error: impl fmt::Display) {
        self.put(Line::Err(format!("cqhttp-mock: {error}")));
    }

    fn put(&self, line: Line) {
        let mut left_out = lock(&self.left_out);
        // Once a line is left out, all are until the others are written: none is missing between two without a word.
        if *left_out > 0 || self.lines.try_send(line).is_err() {
            *left_out += 1;
        }
    }

    /// Waits until the last line is written, which takes as long as nobody reads.
    pub(crate) async fn end(&self, last: fmt::Arguments<'_>) {
        let (written, wait) = oneshot::channel();
        for line in take(&self.left_out).into_iter().chain([Line::Out(last.to_string()), Line::End(written)]) {
            // The thread lives as long as this does.
            let _ = self.lines.send(line).await;
        }
        let _ = wait.await;
    }
}

/// Says how many lines were left out, if any; they count anew.
fn take(left_out: &Mutex<usize>) -> Option<Line> {
    let count = std::mem::take(&mut *lock(left_out));
    (count > 0).then(|| Line::Out(format!("… {count} lines are left out: they were not read in time")))
}

fn lock(left_out: &Mutex<usize>) -> MutexGuard<'_, usize> {
    left_out.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What cannot be written is not missed.
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
