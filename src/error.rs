use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::types::RefusalCode;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a call failed. The four kinds differ in what a bot can do about them.
///
/// `Display` says what failed, and [`source`](StdError::source) why; [`Error::report`] says both. Neither repeats the answer
/// that came: it is in the fields called `text`, of which `Debug` tells the length only, since answers hold what belongs in
/// no log (`get_cookies`). The access token is taken out of what the server says about a failure, and stays in `text` alone.
///
/// ```no_run
/// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
/// use cqhttp::{Error, RefusalCode};
///
/// match client.set_group_ban(10001000, 10086).await {
///     Ok(()) => println!("muted"),
///     Err(Error::Refused(why)) if why.code() == Some(RefusalCode::NotManageable) => println!("I may not: {why}"),
///     Err(error) if error.may_have_happened() => println!("look before you try again: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The request did not reach a server that could run it: nothing happened.
    NotSent(Box<NotSent>),
    /// The server said no.
    Refused(Box<Refused>),
    /// The server answered, and the answer is not what the action answers. The action may well have been carried out.
    Undecodable(Box<Undecodable>),
    /// The request went out, and no answer came: the time was over, or the connection was lost.
    OutcomeUnknown(Box<OutcomeUnknown>),
}

impl Error {
    /// The action that was called, by its name on the wire.
    #[must_use]
    pub fn action(&self) -> &str {
        match self {
            Self::NotSent(error) => &error.action,
            Self::Refused(error) => &error.action,
            Self::Undecodable(error) => &error.action,
            Self::OutcomeUnknown(error) => &error.action,
        }
    }

    /// The retcode of a refusal.
    #[must_use]
    pub fn retcode(&self) -> Option<i64> {
        match self {
            Self::Refused(refused) => Some(refused.retcode),
            _ => None,
        }
    }

    /// The documented name of a refusal, see [`Refused::code`].
    #[must_use]
    pub fn code(&self) -> Option<RefusalCode> {
        match self {
            Self::Refused(refused) => refused.code(),
            _ => None,
        }
    }

    /// Whether the server said no.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Whether the action may have been carried out all the same. Where it is `false`, a call may be repeated without
    /// doing anything twice.
    ///
    /// It is `false` for most refusals; for which it is not, the action's page says.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::NotSent(_) => false,
            Self::Refused(refused) => refused.uncertain,
            Self::Undecodable(_) | Self::OutcomeUnknown(_) => true,
        }
    }

    /// What failed and why, with every cause, on one line: for people who read logs.
    ///
    /// ```
    /// # async fn run(client: cqhttp::Client) {
    /// if let Err(error) = client.get_login_info().await {
    ///     eprintln!("{}", error.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn report(&self) -> String {
        chain(self)
    }

    /// Takes the access token out of what the server said: there are servers that name a wrong one.
    pub(crate) fn hide(&mut self, token: &str) {
        let hidden = |text: &str| text.replace(token, "…");
        match self {
            Self::Refused(refused) => {
                for text in [&mut refused.msg, &mut refused.message, &mut refused.wording].into_iter().flatten() {
                    *text = hidden(text);
                }
            }
            Self::Undecodable(undecodable) => {
                undecodable.path = hidden(&undecodable.path);
                let reason = chain(&*undecodable.reason);
                if reason.contains(token) {
                    undecodable.reason = Reason(hidden(&reason).into()).into();
                }
            }
            Self::NotSent(_) | Self::OutcomeUnknown(_) => {}
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(error) => error.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::Undecodable(error) => error.fmt(f),
            Self::OutcomeUnknown(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NotSent(error) => error.source(),
            Self::Refused(_) => None,
            Self::Undecodable(error) => error.source(),
            Self::OutcomeUnknown(error) => error.source(),
        }
    }
}

/// The request did not go out: see [`Error::NotSent`].
#[derive(Debug)]
#[non_exhaustive]
pub struct NotSent {
    /// The action, by its name on the wire.
    pub action: String,
    /// What stood in the way.
    pub reason: Source,
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was not sent", self.action)
    }
}

impl StdError for NotSent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.reason)
    }
}

/// The server's refusal: see [`Error::Refused`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The action, by its name on the wire.
    pub action: String,
    /// The server's number for it: 100 for most on go-cqhttp, 404 for an unknown action; other servers have others.
    ///
    /// A refusal by HTTP status alone has the number that OneBot v11 pairs with it: 1401 for 401, 1403 for 403, and so on.
    pub retcode: i64,
    /// The short code, such as `GROUP_NOT_FOUND`; only go-cqhttp sends one.
    pub msg: Option<String>,
    /// The explanation, mostly in Chinese. Lagrange sends none.
    pub message: Option<String>,
    /// The same explanation in another place, which some servers fill and others do not.
    pub wording: Option<String>,
    /// The HTTP status, where it was not 200.
    pub http_status: Option<u16>,
    /// The answer as it came: some servers give their reason in places of their own.
    pub text: String,
    /// The server refuses so even where it has carried the action out: go-cqhttp reports a failure for some private
    /// messages that it has sent.
    pub uncertain: bool,
}

impl Refused {
    /// The documented name of the refusal: what `msg` says, or *unknown action* for the retcodes 404 and 1404.
    #[must_use]
    pub fn code(&self) -> Option<RefusalCode> {
        match (&self.msg, self.retcode) {
            (Some(msg), _) if !msg.is_empty() => Some(RefusalCode::from(msg.as_str())),
            (_, 404 | 1404) => Some(RefusalCode::ApiNotFound),
            _ => None,
        }
    }

    /// The explanation, wherever the server put it.
    #[must_use]
    pub fn explanation(&self) -> Option<&str> {
        [&self.wording, &self.message].into_iter().flatten().map(String::as_str).find(|text| !text.is_empty())
    }

    fn hint(&self) -> Option<&'static str> {
        match self.retcode {
            1401 | 1403 => Some("the access token is missing or wrong: set it with `access_token`"),
            404 | 1404 => Some("this server does not know the action; if it knows none, the address is wrong"),
            // The rest are a OneBot server's only where an explanation comes with them.
            _ if self.explanation().is_some() => None,
            1400 | 1405 | 1426 => Some("is this the server's HTTP port, and not its WebSocket's?"),
            1406 | 1415 => Some("no JSON is taken there: is this a OneBot server's address?"),
            1413 => Some("the server, or a proxy before it, takes no request of this size"),
            1429 => Some("too many calls: a limit is a `layer`"),
            _ => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was refused: ", self.action)?;
        if let Some(msg) = self.msg.as_deref().filter(|msg| !msg.is_empty()) {
            write!(f, "{msg}, ")?;
        }
        write!(f, "retcode {}", self.retcode)?;
        if let Some(text) = self.explanation().filter(|text| Some(*text) != self.msg.as_deref()) {
            write!(f, ", {text}")?;
        }
        self.hint().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, retcode, msg, message, wording, http_status, text, uncertain } = self;
        f.debug_struct("Refused")
            .field("action", action)
            .field("retcode", retcode)
            .field("msg", msg)
            .field("message", message)
            .field("wording", wording)
            .field("http_status", http_status)
            .field("text", &format_args!("{} bytes", text.len()))
            .field("uncertain", uncertain)
            .finish()
    }
}

impl StdError for Refused {}

/// An answer that is not what the action answers: see [`Error::Undecodable`].
#[non_exhaustive]
pub struct Undecodable {
    /// The action, by its name on the wire.
    pub action: String,
    /// The way to the field that failed, such as `data.members[3].user_id`; empty where the answer as a whole failed.
    pub path: String,
    /// What was wrong there.
    pub reason: Source,
    /// The answer as it came; what is no UTF-8 is replaced.
    pub text: String,
    /// The HTTP status, where it was not 200.
    pub http_status: Option<u16>,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer to `{}` cannot be read", self.action)?;
        if !self.path.is_empty() {
            write!(f, " at `{}`", self.path)?;
        }
        self.http_status.map_or(Ok(()), |status| write!(f, " (HTTP status {status})"))
    }
}

impl fmt::Debug for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, path, reason, text, http_status } = self;
        f.debug_struct("Undecodable")
            .field("action", action)
            .field("path", path)
            .field("reason", reason)
            .field("text", &format_args!("{} bytes", text.len()))
            .field("http_status", http_status)
            .finish()
    }
}

impl StdError for Undecodable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.reason)
    }
}

/// No answer came: see [`Error::OutcomeUnknown`].
#[non_exhaustive]
pub struct OutcomeUnknown {
    /// The action, by its name on the wire.
    pub action: String,
    /// What is known.
    pub reason: Source,
    /// What came in place of an answer, such as a proxy's page, or of an answer before it broke off; mostly empty.
    pub text: String,
}

impl fmt::Display for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was sent, and its outcome is unknown", self.action)
    }
}

impl fmt::Debug for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, reason, text } = self;
        f.debug_struct("OutcomeUnknown")
            .field("action", action)
            .field("reason", reason)
            .field("text", &format_args!("{} bytes", text.len()))
            .finish()
    }
}

impl StdError for OutcomeUnknown {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.reason)
    }
}

/// An error and its causes, on one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line += &format!(": {error}");
        cause = error.source();
    }
    line
}

/// An error where there is no runtime for a server: binding its address would panic.
#[cfg(any(feature = "mock", feature = "server"))]
pub(crate) fn need_runtime() -> std::io::Result<()> {
    let none = |_| std::io::Error::other("a server is started inside a tokio runtime, and there is none here");
    tokio::runtime::Handle::try_current().map(drop).map_err(none)
}

/// A reason that is a sentence.
#[derive(Debug)]
pub(crate) struct Reason(pub(crate) Cow<'static, str>);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Reason {}
