//! A second process of the same program, so that the two sides of a connection are measured apart.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, io, process, thread};

/// The environment variable that makes this program the second process.
const VARIABLE: &str = "CQHTTP_BENCH_OTHER";

/// Returns `true` if this is the second process.
pub fn is_other() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// The second process. It ends when this value is dropped or this process ends, since it reads from a pipe between the two.
pub struct Other {
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Other {
    /// Starts the second process.
    pub fn start() -> Self {
        let program = env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        let command = command.env(VARIABLE, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let says = BufReader::new(process.stdout.take().expect("it is a pipe"));
        Self { process, says }
    }

    /// Returns the next line that the second process prints.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.says.read_line(&mut line).expect("it prints a line");
        line.trim().to_owned()
    }

    /// Sends a line to the second process.
    pub fn tell(&mut self, line: &str) {
        let pipe = self.process.stdin.as_mut().expect("it is a pipe");
        writeln!(pipe, "{line}").expect("it reads its input");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Its exit status does not matter.
        let _ = self.process.wait();
    }
}

/// Ends the second process when the first one closes the pipe to its standard input.
pub fn end_with_the_first() {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
}
