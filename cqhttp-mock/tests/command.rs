//! The program in a process of its own.

#![cfg(unix)] // Ctrl-C is a signal there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use cqhttp::event::GroupMessageOperation;
use cqhttp::server::Server;
use cqhttp::{Client, Event, Message, Received, RefusalCode, connect};

struct Program {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cqhttp-mock"));
        command
            .args(["--port", "0"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { stderr, stdin: child.stdin.take().unwrap(), stdout, child }
    }

    fn line(&mut self) -> String {
        self.stdout.next().expect("it goes on").unwrap()
    }

    /// Returns the next line without its label.
    fn said(&mut self, label: &str) -> String {
        let line = self.line();
        line.strip_prefix(label).unwrap_or_else(|| panic!("`{line}` begins with `{label}`")).trim().to_owned()
    }

    /// Checks that the next lines contain these parts, in any order: a bot may be faster than the program's own line.
    fn say(&mut self, parts: &[&str]) {
        let lines: Vec<_> = parts.iter().map(|_| self.line()).collect();
        for part in parts {
            assert!(lines.iter().any(|line| line.contains(part)), "{part} in {lines:#?}");
        }
    }

    fn happens(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    fn signal(&self, signal: &str) {
        let killed = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Sends Ctrl-C, and returns the last lines.
    fn interrupt(self) -> Vec<String> {
        self.end("-INT")
    }

    fn end(mut self, signal: &str) -> Vec<String> {
        self.signal(signal);
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

/// A process that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the output of a program that does not start, and its exit code.
fn refused(arguments: &[&str]) -> (String, Option<i32>) {
    let Output { stderr, status, .. } =
        Command::new(env!("CARGO_BIN_EXE_cqhttp-mock")).args(arguments).stdin(Stdio::null()).output().unwrap();
    (String::from_utf8(stderr).unwrap(), status.code())
}

// The test blocks on lines while the bot runs.
#[tokio::test(flavor = "multi_thread")]
async fn it_answers_prints_each_call_and_ends_on_ctrl_c() {
    let mut program = Program::start(&["--token", "s"]);
    let url = program.said("HTTP");
    assert_eq!(program.said("WebSocket"), url.replace("http:", "ws:"));

    let client = Client::builder(&url).access_token("s").build().unwrap();
    assert_eq!(client.get_login_info().await.unwrap().user_id, 10010.into());
    let line = program.line();
    assert!(line.ends_with(r#"Z get_login_info {} -> ok {"nickname":"bot","user_id":10010}"#), "{line}");

    let unknown = client.call(cqhttp::Raw::new("no_such", cqhttp::serde_json::json!({}))).await.unwrap_err();
    assert_eq!(unknown.code(), Some(RefusalCode::ApiNotFound));
    let line = program.line();
    assert!(line.contains("no_such {} -> API_NOT_FOUND (404)"), "{line}");

    let long = "long ".repeat(1000);
    client.send_private_msg(10086, long).await.unwrap();
    let line = program.line();
    assert!(line.len() < 400 && line.contains("… -> ok"), "{line}");

    let stranger = Client::builder(&url).build().unwrap();
    assert!(stranger.get_login_info().await.unwrap_err().report().contains("access token"));
    let line = program.line();
    assert!(line.ends_with("Z POST /get_login_info -> 401 no access token"), "{line}");
    assert_eq!(program.interrupt(), ["stopped after 3 calls"]);
    TcpListener::bind(url.strip_prefix("http://").unwrap()).expect("the port is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_printed_whole_if_asked_for() {
    let mut program = Program::start(&["--whole"]);
    let client = Client::builder(program.said("HTTP")).build().unwrap();
    program.said("WebSocket");
    let long = "long ".repeat(1000);
    client.send_private_msg(10086, &*long).await.unwrap();
    let line = program.line();
    assert!(line.contains(&long) && !line.contains('…'), "{line}");
    program.interrupt();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_from_standard_input() {
    let mut program = Program::start(&["--self-id", "77"]);
    program.said("HTTP");
    let (client, mut events) = connect(program.said("WebSocket")).await.unwrap();
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
    assert!(program.line().ends_with("Z FriendAdd sent to 1 listeners"));
    assert_eq!(client.get_login_info().await.unwrap().user_id, 77.into());
    program.interrupt();
}

#[test]
fn a_line_that_is_no_text_is_reported_and_the_next_is_read() {
    let mut program = Program::start(&[]);
    for label in ["HTTP", "WebSocket"] {
        program.said(label);
    }
    program.stdin.write_all(b"10086@42 \xff\n").unwrap();
    program.happens("10086@42 hello");
    program.say(&["Z said as message "]);
    let error = program.stderr.next().unwrap().unwrap();
    assert_eq!(error, "cqhttp-mock: a line on standard input is not UTF-8: 10086@42 \u{fffd}");
    program.interrupt();
}

/// Started beside a bot, as `cqhttp-mock &` in a terminal. Only the foreground job may read from the terminal.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn it_runs_in_the_background_of_a_terminal() {
    let program = env!("CARGO_BIN_EXE_cqhttp-mock");
    let shell = format!("stty -echo; exec 2>&1; {program} --port 0 & read line; fg");
    // A terminal, and a shell with job control in it.
    let terminal = Command::new("script")
        .args(["--quiet", "--return", "--command", &format!("sh -mc '{shell}'"), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(terminal) = terminal else {
        eprintln!("SKIPPED: there is no command `script` (util-linux), which gives a terminal");
        return;
    };
    let mut terminal = Killed(terminal);
    let (mut stdin, stdout) = (terminal.0.stdin.take().unwrap(), terminal.0.stdout.take().unwrap());
    let mut lines = BufReader::new(stdout).lines().map(Result::unwrap);
    let mut line_with = |part: &str| lines.find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part}"));

    let url = line_with("HTTP").trim_start_matches("HTTP").trim().to_owned();
    line_with("WebSocket");
    let client = Client::builder(url).timeout(Duration::from_secs(30)).build().unwrap();
    for _ in 0..20 {
        client.get_login_info().await.expect("it is not stopped");
    }
    // In front it reads.
    stdin.write_all(b"\n10086@42 hello\n").unwrap();
    line_with("Z said as message ");
    stdin.write_all(b"\x03").unwrap();
    line_with("stopped after 20 calls");
    terminal.0.wait().unwrap();
}

/// The standard output is a pipe that nobody reads.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_for_a_reader_of_what_it_prints() {
    let mut program = Program::start(&[]);
    let client = Client::builder(program.said("HTTP")).timeout(Duration::from_secs(30)).build().unwrap();
    program.said("WebSocket");
    let long = "long ".repeat(100);
    for _ in 0..2000 {
        client.send_private_msg(10086, &*long).await.expect("it answers");
    }
    // The test reads again.
    let left_out = program.stdout.by_ref().map(Result::unwrap).find(|line| line.contains("left out"));
    assert!(left_out.is_some_and(|line| line.ends_with(" lines are left out: they were not read in time")));
    for _ in 0..2000 {
        client.send_private_msg(10086, &*long).await.expect("it answers");
    }
    program.signal("-INT");
    let ended = tokio::task::spawn_blocking(move || (program.child.wait().unwrap(), program));
    let (status, _) = tokio::time::timeout(Duration::from_secs(30), ended).await.expect("it ends").unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn it_ends_when_it_is_terminated() {
    let mut program = Program::start(&[]);
    for label in ["HTTP", "WebSocket"] {
        program.said(label);
    }
    assert_eq!(program.end("-TERM"), ["stopped after 0 calls"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_kept_for_long_polling_and_foreign_actions_refused() {
    let mut program = Program::start(&["--long-polling", "--strict"]);
    let client = Client::builder(program.said("HTTP")).build().unwrap();
    program.said("WebSocket");
    program.happens("10086@42 hello");
    program.say(&["Z said as message "]);
    let events = client.get_updates().await.unwrap();
    assert_eq!(events[0].as_message().unwrap().message().plain_text(), "hello");
    let foreign = client.call(cqhttp::Raw::new("send_like", cqhttp::serde_json::json!({}))).await.unwrap_err();
    assert_eq!(foreign.code(), Some(RefusalCode::ApiNotFound));
    program.interrupt();

    let mut program = Program::start(&["--long-polling=5"]);
    program.said("HTTP");
    program.interrupt();
}

#[tokio::test(flavor = "multi_thread")]
async fn people_speak_on_standard_input() {
    let mut program = Program::start(&[]);
    program.said("HTTP");
    let (_client, mut events) = connect(program.said("WebSocket")).await.unwrap();
    program.happens("10086@42 hello [CQ:face,id=5]");
    assert!(program.line().ends_with(" to 1 listeners"));
    program.happens("10086 psst");
    for expected in ["hello [CQ:face,id=5]", "psst"] {
        let event = loop {
            let event = events.next().await.unwrap().event;
            if !matches!(event, Event::Lifecycle(_)) {
                break event;
            }
        };
        let message = event.as_message().unwrap();
        assert_eq!(message.message(), &Message::cq(expected));
        assert_eq!(event.user_id(), Some(10086.into()));
    }
    program.interrupt();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_written_as_asked_for() {
    for (arguments, written) in [
        (&[][..], r#"[{"type":"at","data":{"qq":"10086"}}]"#),
        (&["--post-format", "array"], r#"[{"type":"at","data":{"qq":"10086"}}]"#),
        (&["--post-format", "string"], r#""[CQ:at,qq=10086]""#),
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(include_bytes!("../../src/mock/world/example.json")).unwrap();
        let mut program = Program::start(&[&["--world", file.path().to_str().unwrap()], arguments].concat());
        let client = Client::builder(program.said("HTTP")).build().unwrap();
        program.said("WebSocket");
        let said = client.send_group_msg(42, Message::at(10086)).await.unwrap().message_id;
        program.line();
        client.get_msg(said).await.unwrap();
        let line = program.line();
        let written: cqhttp::serde_json::Value = cqhttp::serde_json::from_str(written).unwrap();
        assert!(line.contains(&format!(r#""message":{written},"#)), "{line}");
        program.interrupt();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_comes_from_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(include_bytes!("../../src/mock/world/example.json")).unwrap();
    let mut program = Program::start(&["--world", file.path().to_str().unwrap()]);
    let client = Client::builder(program.said("HTTP")).build().unwrap();
    program.said("WebSocket");
    client.set_group_ban(42, 10086).await.unwrap();
    let error = client.set_group_kick(42, 1).await.unwrap_err();
    assert_eq!(error.code(), Some(RefusalCode::NotManageable));
    assert!(program.line().contains("Z set_group_ban {"));
    assert!(program.line().contains("-> NOT_MANAGEABLE (100), the account does not rank above 1"));
    program.happens("1@42 all is well");
    let said = program.line();
    assert!(said.contains("Z said as message ") && said.ends_with(" to 0 listeners"), "{said}");
    program.happens("10086@42 mmh");
    assert_eq!(program.stderr.next().unwrap().unwrap(), "cqhttp-mock: 10086 cannot speak in group 42: they are muted");
    program.happens("mmh");
    assert!(program.stderr.next().unwrap().unwrap().contains("`mmh` is neither an event as JSON nor a message"));
    program.happens(r#"{"post_type":"notice","notice_type":"friend_add"}"#);
    let said = program.stderr.next().unwrap().unwrap();
    assert!(said.starts_with("cqhttp-mock: the event cannot be read at `user_id`: it is missing"), "{said}");
    program.interrupt();

    let broken = r#"{ "groups": [{ "group_id": 42, "group_name": "A", "members": [] }] }"#;
    std::fs::write(file.path(), broken).unwrap();
    let path = file.path().to_str().unwrap();
    let (said, code) = refused(&["--world", path]);
    let expected = format!("cqhttp-mock: {path}:1:62: `groups[0].members`: the account 10010 is not in group 42");
    assert!(said.starts_with(&expected) && code == Some(1), "{said}");
    let (said, code) = refused(&["--world", "/nowhere.json"]);
    assert!(said.starts_with("cqhttp-mock: /nowhere.json cannot be read: ") && code == Some(1), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_to_bots_that_listen() {
    let bot = Server::bind("127.0.0.1:0").access_token("s").webhook_secret("w");
    let mut bot = bot.await.unwrap();
    let address = bot.local_addr().unwrap();

    let (ws, http) = (format!("ws://{address}/"), format!("http://{address}/"));
    let mut program = Program::start(&["--token", "s", "--reverse", &ws]);
    program.said("HTTP");
    program.said("WebSocket");
    assert_eq!(program.said("dials"), ws);
    // The connection is then open on the program's side, too.
    assert!(matches!(bot.next().await.unwrap().event, Event::Lifecycle(_)));
    program.happens("10086@42 ping");
    next_message(&mut bot).await.reply("pong").await.unwrap();
    program.say(&["Z said as message ", "pong"]);
    program.interrupt();

    let mut program = Program::start(&["--webhook", &http, "--secret", "w", "--self-id", "77"]);
    program.said("HTTP");
    program.said("WebSocket");
    assert_eq!(program.said("posts to"), http);
    program.happens("10086@42 ping");
    let received = next_message(&mut bot).await;
    let Event::GroupMessage(message) = &received.event else { panic!("{:?}", received.event) };
    assert_eq!(message.self_id, 77.into());
    received.answer(message, &GroupMessageOperation::new().reply("pong")).await.unwrap();
    program.say(&["Z said as message ", "Z send_group_msg {", "Z .handle_quick_operation {"]);
    program.interrupt();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_why_a_bot_is_not_reached() {
    let bot = Server::bind("127.0.0.1:0").access_token("s").webhook_secret("w").await.unwrap();
    let address = bot.local_addr().unwrap();
    let (ws, http) = (format!("ws://{address}/"), format!("http://{address}/"));
    let mut program = Program::start(&["--token", "wrong", "--reverse", &ws]);
    program.said("HTTP");
    program.said("WebSocket");
    program
        .say(&["dials", &format!("Z {ws} is not reached: the bot answers with HTTP status 403; its access token is")]);
    program.interrupt();

    let mut program = Program::start(&["--webhook", &http]);
    for label in ["HTTP", "WebSocket", "posts to"] {
        program.said(label);
    }
    program.happens("10086@42 ping");
    let reason = "is not reached: the bot answers with HTTP status 401; it asks for its secret";
    program.say(&["Z said as message ", &format!("Z {http} {reason}")]);
    program.interrupt();
}

async fn next_message(bot: &mut Server) -> Received {
    loop {
        let received = bot.next().await.unwrap();
        if received.event.as_message().is_some() {
            return received;
        }
    }
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
        (&["--webhook", "http://"], "the address cannot be read"),
        (&["--webhook", "http://127.0.0.1:99999/"], "the port of the address is not a number up to 65535"),
        (&["--reverse", "ws://127.0.0.1:8080/a b"], "the address cannot be read"),
        (&["--reverse", "ws://127.0.0.1:8080/\r\nX: y"], "the address cannot be read"),
        (&["--secret", "s"], "--webhook"),
        (&["--heartbeat", "0"], "0 is not in 1.."),
        (&["--post-format", "text"], "[possible values: array, string]"),
        (&["--world", "w.json", "--self-id", "1"], "cannot be used with"),
    ] {
        let (said, code) = refused(arguments);
        assert!(said.contains(part) && code == Some(2), "{arguments:?}: {said}");
    }
}
