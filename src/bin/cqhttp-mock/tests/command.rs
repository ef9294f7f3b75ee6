//! The real program in a process of its own.

#![cfg(unix)] // Ctrl-C is a signal there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use cqhttp::{Client, Event, RefusalCode, connect};

struct Program {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cqhttp-mock"));
        command.args(["--port", "0"]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { stdin: child.stdin.take().unwrap(), stdout, child }
    }

    fn line(&mut self) -> String {
        self.stdout.next().expect("it goes on").unwrap()
    }

    /// What a line says behind its label.
    fn said(&mut self, label: &str) -> String {
        let line = self.line();
        line.strip_prefix(label).unwrap_or_else(|| panic!("`{line}` begins with `{label}`")).trim().to_owned()
    }

    fn happens(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    /// Ctrl-C; gives the last lines.
    fn interrupt(mut self) -> Vec<String> {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let lines = self.stdout.by_ref().map(Result::unwrap).collect();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        lines
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What it says when it does not start, and its exit code.
fn refused(arguments: &[&str]) -> (String, Option<i32>) {
    let Output { stderr, status, .. } =
        Command::new(env!("CARGO_BIN_EXE_cqhttp-mock")).args(arguments).stdin(Stdio::null()).output().unwrap();
    (String::from_utf8(stderr).unwrap(), status.code())
}

#[tokio::test]
async fn it_answers_prints_each_call_and_ends_on_ctrl_c() {
    let mut program = Program::start(&["--token", "s"]);
    let url = program.said("HTTP");
    assert_eq!(program.said("WebSocket"), url.replace("http:", "ws:"));

    let client = Client::builder(&url).access_token("s").build().unwrap();
    assert_eq!(client.get_login_info().await.unwrap().user_id, 10010.into());
    let line = program.line();
    assert!(line.ends_with(r#"Z get_login_info {} -> ok {"user_id":10010,"nickname":"bot"}"#), "{line}");

    let unknown = client.call(cqhttp::Raw::new("no_such", cqhttp::serde_json::json!({}))).await.unwrap_err();
    assert_eq!(unknown.code(), Some(RefusalCode::ApiNotFound));
    let line = program.line();
    assert!(line.contains("no_such {} -> API_NOT_FOUND (retcode 404)"), "{line}");

    let long = "long ".repeat(1000);
    client.send_private_msg(10086, long).await.unwrap();
    let line = program.line();
    assert!(line.len() < 400 && line.contains("… -> ok"), "{line}");

    let stranger = Client::builder(&url).build().unwrap();
    assert!(stranger.get_login_info().await.unwrap_err().report().contains("access token"));
    assert_eq!(program.interrupt(), ["stopped after 3 calls"]);
    TcpListener::bind(url.strip_prefix("http://").unwrap()).expect("the port is free");
}

#[tokio::test]
async fn events_come_from_standard_input() {
    let mut program = Program::start(&["--self-id", "77"]);
    program.said("HTTP");
    let (_client, mut events) = connect(program.said("WebSocket")).await.unwrap();
    program.happens("");
    program.happens(r#"{"post_type":"notice","notice_type":"friend_add","user_id":10086}"#);
    let event = loop {
        match events.next().await.unwrap().event {
            Event::FriendAdd(event) => break event,
            Event::Lifecycle(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((event.user_id.get(), event.self_id.get()), (10086, 77));
    assert!(event.time.seconds() > 1_700_000_000);
    assert!(program.line().ends_with("Z FriendAdd sent to 1 connections"));
    program.interrupt();
}

#[test]
fn what_it_cannot_do_it_says() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (said, code) = refused(&["--port", &port]);
    assert_eq!(
        (said.as_str(), code),
        (
            &*format!("cqhttp-mock: port {port} is taken; stop what listens there, or choose another with --port\n"),
            Some(1)
        )
    );

    for (arguments, part) in [
        (&["--prot", "1"][..], "a similar argument exists: '--port'"),
        (&["--port", "99999"], "99999 is not in 0..=65535"),
        (&["--reverse", "http://127.0.0.1:1"], "an address that begins with `ws://` is expected"),
        (&["--webhook", "127.0.0.1:1"], "an address that begins with `http://` is expected"),
        (&["--secret", "s"], "--webhook"),
        (&["--heartbeat", "0"], "0 is not in 1.."),
    ] {
        let (said, code) = refused(arguments);
        assert!(said.contains(part) && code == Some(2), "{arguments:?}: {said}");
    }
}
