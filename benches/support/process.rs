//! The same program as another process, so that what both do can be told apart.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, io, process, thread};

/// Tells this program to be the other process.
const VARIABLE: &str = "CQHTTP_BENCH_OTHER";

/// Whether this is the other process.
pub fn is_other() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// The other process. It ends with this value, or when this process does, since it reads from a pipe between the two.
pub struct Other {
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Other {
    pub fn start() -> Self {
        let program = env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        let command = command.env(VARIABLE, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let says = BufReader::new(process.stdout.take().expect("it is a pipe"));
        Self { process, says }
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.says.read_line(&mut line).expect("it says something");
        line.trim().to_owned()
    }

    /// A line for it to read.
    pub fn tell(&mut self, line: &str) {
        let pipe = self.process.stdin.as_mut().expect("it is a pipe");
        writeln!(pipe, "{line}").expect("it listens");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It has nothing to say at its end.
        let _ = self.process.wait();
    }
}

/// Ends the other process as soon as nobody holds the other end of its standard input.
pub fn end_with_the_first() {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
}
