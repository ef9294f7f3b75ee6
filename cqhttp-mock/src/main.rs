//! The command `cqhttp-mock`: a simulated go-cqhttp, for bots in any language.

mod print;
mod stdin;

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Parser, ValueEnum};
use cqhttp::mock::{Dial, MockServer, Outcome, PostFormat, ReceivedCall, Webhook, World};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::print::Printer;

/// A simulated go-cqhttp, to try out bots in any language without a QQ account.
///
/// It serves OneBot v11 on 127.0.0.1, over HTTP and WebSocket on one port, with server-sent events at
/// `/_events`, prints each call and each request that it refuses, and stops on Ctrl-C.
/// Each action is answered with an example, those of other servers too unless --strict is given;
/// with --world, many actions read and change a small world in which roles decide which calls are
/// refused. If a bot is not reached, the reason is printed.
///
/// Each line on standard input sends an event to the bots:
///
///   10086@42 hello          a message of the user 10086 in the group 42; CQ codes are read
///   10086 hello             a private message to the bot
///   {"post_type":"notice","notice_type":"friend_add","user_id":10086}
///                           any event; `time` and `self_id` are filled in
///
/// A world is a JSON file:
///
///   {
///     "account": { "user_id": 10010, "nickname": "bot" },
///     "friends": [{ "user_id": 10086, "nickname": "Ann" }],
///     "groups": [{
///       "group_id": 42, "group_name": "Rustaceans",
///       "members": [{ "user_id": 1, "nickname": "Owen", "role": "owner" },
///                   { "user_id": 10010, "role": "admin" },
///                   { "user_id": 10086, "card": "Annie" }]
///     }]
///   }
///
/// The documentation of `cqhttp::mock::world` lists all keys.
///
/// Calls by hand:
///
///   curl 'http://127.0.0.1:5700/get_group_info?group_id=42'
///   curl 'http://127.0.0.1:5700/send_group_msg?group_id=42&message=hi'
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// The port of 127.0.0.1; 0 takes any free port.
    #[arg(long, default_value_t = 5700)]
    port: u16,
    /// The access token that bots must send. [default: none]
    #[arg(long)]
    token: Option<String>,
    /// A file with the world behind the server. [default: none; every call is answered with an example]
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// The account that the server is logged in to; a world has its own.
    #[arg(long, value_name = "QQ", default_value_t = 10010, conflicts_with = "world")]
    self_id: i64,
    /// The interval of heartbeats in seconds. [default: none]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    heartbeat: Option<u64>,
    /// The format of messages in events and answers; go-cqhttp's own default is `string`.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Array)]
    post_format: Format,
    /// Keep events for `get_updates` over HTTP, go-cqhttp's long polling, and no more than so many; 0 means no limit. It
    /// is refused over WebSocket then. [default: off; 2000 without a number]
    #[arg(long, value_name = "EVENTS", num_args = 0..=1, require_equals = true, default_missing_value = "2000")]
    long_polling: Option<usize>,
    /// Refuse the actions that go-cqhttp does not implement. [default: they are answered]
    #[arg(long)]
    strict: bool,
    /// Print parameters and answers whole. [default: cut after 200 characters]
    #[arg(long)]
    whole: bool,
    /// Connect to a bot over reverse WebSocket, again and again: `ws://127.0.0.1:8080/onebot`. May be repeated.
    #[arg(long, value_name = "URL", value_parser = ws_url)]
    reverse: Vec<String>,
    /// Send events to a bot by HTTP POST: `http://127.0.0.1:8080/`. May be repeated.
    #[arg(long, value_name = "URL", value_parser = http_url)]
    webhook: Vec<String>,
    /// Sign what goes to the webhooks with this secret. [default: not signed]
    #[arg(long, requires = "webhook")]
    secret: Option<String>,
}

/// The time limit of the end of the program: output that nobody reads is dropped.
const END_LIMIT: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A list of segments.
    Array,
    /// A string with CQ codes.
    String,
}

impl From<Format> for PostFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Array => Self::Array,
            Format::String => Self::String,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cqhttp-mock: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let mut signals = Signals::new().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let printer = Printer::start();
    let server = start(&arguments, &printer).await?;
    printer.line(format_args!("HTTP       {}", server.url()));
    printer.line(format_args!("WebSocket  {}", server.ws_url()));
    for url in &arguments.reverse {
        let mut dial = Dial::to(url).retry(Duration::from_secs(1));
        if let Some(token) = &arguments.token {
            dial = dial.access_token(token);
        }
        server.dial(dial);
        printer.line(format_args!("dials      {url}"));
    }
    for url in &arguments.webhook {
        let webhook = Webhook::to(url);
        server.webhook(match &arguments.secret {
            Some(secret) => webhook.secret(secret),
            None => webhook,
        });
        printer.line(format_args!("posts to   {url}"));
    }
    let mut lines = stdin::lines();
    loop {
        tokio::select! {
            () = signals.next() => break,
            Some(line) = lines.recv() => {
                match line.and_then(|line| stdin::send_line(&server, &line, arguments.world.is_some())) {
                    Ok(said) => printer.line(format_args!("{} {said}", time())),
                    Err(error) => printer.error(error),
                }
            }
        }
    }
    let calls = server.call_count();
    let ended = async {
        server.stop().await;
        printer.end(format_args!("stopped after {calls} calls")).await;
    };
    tokio::select! {
        _ = tokio::time::timeout(END_LIMIT, ended) => {}
        () = signals.next() => {}
    }
    Ok(())
}

async fn start(arguments: &Arguments, printer: &Printer) -> Result<MockServer, String> {
    let mut builder = MockServer::builder().port(arguments.port).self_id(arguments.self_id).keep_calls(0);
    let length = if arguments.whole { usize::MAX } else { 200 };
    let lines = printer.clone();
    builder = builder.on_call(move |call| log(&lines, call, length));
    builder = builder.post_format(arguments.post_format.into());
    let lines = printer.clone();
    builder = builder.on_refused(move |url, why| {
        lines.line(format_args!("{} {url} is not reached: {why}", time()));
    });
    let lines = printer.clone();
    builder = builder.on_rejected(move |rejected| {
        lines.line(format_args!(
            "{} {} {} -> {} {}",
            time(),
            rejected.method,
            rejected.path,
            rejected.status,
            rejected.why
        ));
    });
    if let Some(token) = &arguments.token {
        builder = builder.access_token(token);
    }
    if let Some(most) = arguments.long_polling {
        builder = builder.long_polling(most);
    }
    if arguments.strict {
        builder = builder.strict();
    }
    if let Some(seconds) = arguments.heartbeat {
        builder = builder.heartbeat(Duration::from_secs(seconds));
    }
    if let Some(file) = &arguments.world {
        builder = builder.world(World::read(file).map_err(|error| stdin::with_sources(&error))?);
    }
    builder.start().await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!("port {0} is taken; stop what listens there, or choose another with --port", arguments.port)
        }
        _ => format!("cannot listen on port {}: {error}", arguments.port),
    })
}

/// The signals that end the program. While this exists, they do not kill it.
#[cfg(unix)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next signal.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next Ctrl-C.
    async fn next(&mut self) {
        _ = tokio::signal::ctrl_c().await;
    }
}

/// Prints a line for a call, with at most `length` characters of its parameters and of its answer.
fn log(printer: &Printer, call: &ReceivedCall, length: usize) {
    let outcome = match &call.outcome {
        Outcome::Answered(data) => format!("ok {}", short(&data.to_string(), length)),
        Outcome::Refused(refusal) => refusal.to_string(),
        Outcome::NoTarget => "nothing, since it names no target".to_owned(),
        other => format!("{other:?}"),
    };
    let params = call.params.to_string();
    printer.line(format_args!("{} {} {} -> {outcome}", time(), call.action, short(&params, length)));
}

/// Cuts a text, so that a file in a call does not fill the screen.
fn short(json: &str, length: usize) -> Cow<'_, str> {
    match json.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &json[..end]).into(),
        None => json.into(),
    }
}

/// Returns the time of day in UTC.
fn time() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02}Z", now / 3600 % 24, now / 60 % 60, now % 60)
}

fn ws_url(url: &str) -> Result<String, String> {
    url.parse::<Dial>().map(|_| url.to_owned()).map_err(|error| error.to_string())
}

fn http_url(url: &str) -> Result<String, String> {
    url.parse::<Webhook>().map(|_| url.to_owned()).map_err(|error| error.to_string())
}
