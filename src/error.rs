//! Failures of calls: the four kinds of [`Error`].

#[cfg(any(feature = "http", feature = "ws"))]
pub(crate) mod address;
#[cfg(feature = "http")]
pub(crate) mod build;
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) mod connection;
pub(crate) mod reason;
pub(crate) mod refusal;
pub(crate) mod secret;
mod timeout;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use self::reason::one_line;
pub(crate) use self::reason::{Reason, chain};
use self::refusal::{RefusalRule, Seen, normalized};
use self::secret::{is_name_with_word, without_token};
use self::timeout::is_timeout;
use crate::generated::refusal::RefusalKind;
use crate::generated::server::ACTIONS;
use crate::generated::types::RefusalCode;

type Source = Box<dyn StdError + Send + Sync>;

/// The failure of a call. The four kinds differ in what a bot can do about them.
///
/// `Display` says what failed, and [`source`](StdError::source) why; [`Error::report`] says both. Neither repeats the answer:
/// it is in the fields called `text`, and `Debug` shows only their length, since answers may hold what must not be logged
/// (`get_cookies`). The access token is removed from what the server says about a failure; only `text` keeps it.
///
/// ```no_run
/// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
/// use cqhttp::RefusalKind;
///
/// match client.set_group_ban(10001000, 10086).await {
///     Ok(()) => println!("muted"),
///     Err(error) if error.refusal() == Some(RefusalKind::NotAdmin) => println!("I may not: {}", error.report()),
///     Err(error) if error.may_have_happened() => println!("look before you try again: {}", error.report()),
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
    /// The server refused the action.
    Refused(Box<Refused>),
    /// The server's answer does not fit the action. The action may have been carried out.
    Undecodable(Box<Undecodable>),
    /// The request was sent, and no answer arrived: the time limit was exceeded, or the connection was lost.
    OutcomeUnknown(Box<OutcomeUnknown>),
}

impl Error {
    /// The action's name on the wire.
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

    /// The meaning of a refusal, under the same names for every server; `None` for the other failures.
    ///
    /// Servers differ in how much they tell: go-cqhttp answers `SEND_MSG_API_ERROR`, which is read as
    /// [`RefusalKind::RiskControl`], also if the bot is muted, the user is not a friend, or the message is empty.
    ///
    /// Servers word their refusals differently, and many have one retcode for all of them. The meaning comes from a table of the
    /// texts and retcodes that servers are known to send; a refusal that is not in it is [`RefusalKind::Other`]. Match on this
    /// one in bots: [`code`](Self::code) is go-cqhttp's own name of a refusal, more detailed and unknown to other servers.
    ///
    /// ```no_run
    /// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
    /// use cqhttp::RefusalKind;
    ///
    /// if let Err(error) = client.send_group_msg(10001000, "hi").await {
    ///     match error.refusal() {
    ///         Some(RefusalKind::BotMuted | RefusalKind::NotInGroup) => println!("not in this group, or not now"),
    ///         Some(RefusalKind::RiskControl) => println!("QQ takes no messages of this account for now"),
    ///         _ => return Err(error),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Option<RefusalKind> {
        match self {
            Self::Refused(refused) => Some(refused.kind),
            _ => None,
        }
    }

    /// Returns the server's own words about a refusal, mostly in Chinese: see [`Refused::explanation`]. `None` for the other
    /// failures, and if the server gives no words.
    #[must_use]
    pub fn explanation(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) => refused.explanation(),
            _ => None,
        }
    }

    /// Returns `true` if the server does not have the action, however it says so. To use an action that only some servers have,
    /// try it, and ask this. [`report`](Self::report) names the servers that have it.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.refusal() == Some(RefusalKind::Unsupported)
    }

    /// Returns `true` if a time limit ended the call: the client's, a layer's, or the server's own while it waited for QQ.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.kind == RefusalKind::Timeout,
            Self::NotSent(error) => is_timeout(&*error.reason),
            Self::OutcomeUnknown(error) => is_timeout(&*error.reason),
            Self::Undecodable(_) => false,
        }
    }

    /// The name that go-cqhttp gives a refusal: see [`Refused::code`]. [`refusal`](Self::refusal) is for every server.
    #[must_use]
    pub fn code(&self) -> Option<RefusalCode> {
        match self {
            Self::Refused(refused) => refused.code(),
            _ => None,
        }
    }

    /// Returns `true` if the server refused the action.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Returns `true` if the action may have been carried out anyway. If not, the call can be repeated without doing
    /// anything twice.
    ///
    /// A refusal returns `false` only if something proves that nothing happened: the action only reads, or the refusal is one of
    /// those that [`refusal`](Self::refusal) knows, and certain. NapCat refuses some messages that it has sent, by a timeout. A
    /// call that only reads and whose outcome is unknown returns `true` as well, and can be repeated:
    /// [`RetryReads`](crate::layer::RetryReads) does that.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::NotSent(_) => false,
            Self::Refused(refused) => refused.uncertain,
            Self::Undecodable(_) | Self::OutcomeUnknown(_) => true,
        }
    }

    /// Returns the failure with every cause, on one line: for people who read logs.
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

    /// Removes the access token from the server's words: some servers repeat a wrong token.
    pub(crate) fn hide(&mut self, token: &str) {
        let hidden = |text: &str| without_token(text, token);
        match self {
            Self::Refused(refused) => {
                // A name is not changed, so that `code` is what it was.
                let free = |msg: &&mut String| {
                    matches!(RefusalCode::from(msg.as_str()), RefusalCode::Other(_)) && !is_name_with_word(msg, token)
                };
                let texts = [&mut refused.message, &mut refused.wording].into_iter().flatten();
                for text in texts.chain(refused.msg.as_mut().filter(free)) {
                    *text = hidden(text);
                }
            }
            Self::Undecodable(undecodable) => {
                undecodable.path = hidden(&undecodable.path);
                let reason = chain(&*undecodable.reason);
                let hidden = hidden(&reason);
                if hidden != reason {
                    undecodable.reason = Reason(hidden.into()).into();
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

/// A request that was not sent: see [`Error::NotSent`].
#[derive(Debug)]
#[non_exhaustive]
pub struct NotSent {
    /// The action's name on the wire.
    pub action: String,
    /// The reason.
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

/// A refusal by the server: see [`Error::Refused`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The action's name on the wire.
    pub action: String,
    /// The server's code of the refusal. On go-cqhttp it is mostly 100, and 404 for an unknown action; other servers have
    /// other codes.
    ///
    /// Some servers report the success of a call that QQ refused, with QQ's code in the answer, such as a `result` other than 0:
    /// this is then that code. A refusal that is only an HTTP status has the code that OneBot v11 assigns to it: 1401 for 401, 1403
    /// for 403, and so on.
    pub retcode: i64,
    /// The short code, such as `GROUP_NOT_FOUND`; only go-cqhttp sends one.
    pub msg: Option<String>,
    /// The explanation, mostly in Chinese. Lagrange does not send it.
    pub message: Option<String>,
    /// The same explanation in another field, which only some servers fill.
    pub wording: Option<String>,
    /// The HTTP status, if it was not 200.
    pub http_status: Option<u16>,
    /// The answer as it arrived: some servers give their reason in other fields.
    pub text: String,
    /// Nothing proves that the action was not carried out: see [`Error::may_have_happened`].
    pub uncertain: bool,
    /// The meaning of the refusal.
    pub(crate) kind: RefusalKind,
    /// Set if the answer is an HTTP status alone, without an envelope.
    pub(crate) is_bare: bool,
    /// Set if the envelope is that of a success, and the refusal in its `data`.
    pub(crate) is_soft: bool,
}

impl Refused {
    /// Reads the meaning, and whether the action may have been carried out, off the rules of the schema and `further` rules. An
    /// action that only `reads` has no effect.
    pub(crate) fn classify(&mut self, reads: bool, http_status: Option<u16>, further: &[RefusalRule]) {
        let Self { action, retcode, msg, message, wording, .. } = &*self;
        let words = [msg, message, wording].into_iter().flatten();
        let (texts, whole): (Vec<_>, Vec<_>) = words.map(|text| normalized(text)).unzip();
        // A result of QQ's is not a retcode of the server's.
        let retcode = (!self.is_soft).then_some(*retcode);
        let seen = Seen { action, retcode, http_status, code: msg.as_deref(), texts };
        let (kind, uncertain) = seen.meaning(further);
        self.kind = kind;
        // What has not been looked at may say otherwise.
        self.uncertain = (uncertain || whole.contains(&false)) && !reads;
    }

    /// The meaning of the refusal: see [`Error::refusal`].
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        self.kind
    }

    /// The name that go-cqhttp gives the refusal, its `msg`. Other servers send none; an unknown action is
    /// [`RefusalCode::ApiNotFound`] on every server. [`kind`](Self::kind) is the meaning, which every server's refusals have.
    #[must_use]
    pub fn code(&self) -> Option<RefusalCode> {
        match &self.msg {
            _ if self.kind == RefusalKind::Unsupported => Some(RefusalCode::ApiNotFound),
            Some(msg) if !msg.is_empty() => Some(RefusalCode::from(msg.as_str())),
            _ => None,
        }
    }

    /// The explanation, from whichever field has it. A text of blanks is passed over.
    #[must_use]
    pub fn explanation(&self) -> Option<&str> {
        [&self.wording, &self.message].into_iter().flatten().map(String::as_str).find(|text| !text.trim().is_empty())
    }

    /// Returns `true` if the server looked in vain for a path on its disk. Servers that fail to remove their own copy of a file
    /// say so too, and with the same words.
    fn is_about_a_path(&self, explanation: &str) -> bool {
        let missing = explanation.contains("ENOENT")
            || explanation.to_ascii_lowercase().contains("no such file or directory")
            || ["识别URL失败, uri= /", "识别URL失败, uri= file:", "路径不存在"]
                .iter()
                .any(|part| explanation.contains(part));
        let code = matches!(self.msg.as_deref(), Some("FILE_NOT_FOUND" | "OPEN_FILE_ERROR"));
        code || missing && !explanation.contains("unlink")
    }

    /// Returns the hint for an action that the server does not have: the servers that have it, unless all do.
    fn unsupported(&self) -> String {
        let known = ACTIONS.iter().filter(|(_, actions)| actions.binary_search(&&*self.action).is_ok());
        let having: Vec<&str> = known.map(|(kind, _)| kind.title()).collect();
        let which = match having.len() {
            having if having == 0 || having == ACTIONS.len() => String::new(),
            _ => format!(", which is on {}", having.join(", ")),
        };
        format!("this server does not know the action{which}; if it knows none, the address is wrong")
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        if self.kind == RefusalKind::Unsupported {
            return Some(self.unsupported().into());
        }
        self.fixed_hint().map(Cow::Borrowed)
    }

    fn fixed_hint(&self) -> Option<&'static str> {
        if self.kind == RefusalKind::AccessDenied {
            return Some("the access token is missing or wrong: set it with `access_token`");
        }
        let explanation = self.explanation().unwrap_or_default();
        if self.is_about_a_path(explanation) {
            return Some("a path is looked up on the server's disk: `FileSource::read` sends the bot's own file");
        }
        // A OneBot server sends an envelope; without it something else answered.
        let status = self.http_status.filter(|_| self.is_bare && explanation.is_empty());
        match status? {
            400 | 405 | 426 => Some("is this the server's HTTP port, and not its WebSocket's?"),
            406 | 415 => Some("no JSON is taken there: is this a OneBot server's address?"),
            413 => Some("the server, or a proxy before it, takes no request of this size"),
            429 => Some("too many calls: a limit is a `layer`"),
            _ => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was refused: ", self.action)?;
        if let Some(msg) = self.msg.as_deref().filter(|msg| !msg.trim().is_empty()) {
            write!(f, "{}, ", one_line(msg))?;
        }
        write!(f, "retcode {}", self.retcode)?;
        if let Some(text) = self.explanation().filter(|text| Some(*text) != self.msg.as_deref()) {
            write!(f, ", {}", one_line(text))?;
        }
        self.hint().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, retcode, msg, message, wording, http_status, text, uncertain, kind, is_bare: _, is_soft: _ } =
            self;
        f.debug_struct("Refused")
            .field("action", action)
            .field("retcode", retcode)
            .field("msg", msg)
            .field("message", message)
            .field("wording", wording)
            .field("http_status", http_status)
            .field("text", &format_args!("{} bytes", text.len()))
            .field("uncertain", uncertain)
            .field("kind", kind)
            .finish()
    }
}

impl StdError for Refused {}

/// An answer that does not fit the action: see [`Error::Undecodable`].
#[non_exhaustive]
pub struct Undecodable {
    /// The action's name on the wire.
    pub action: String,
    /// The path of the field that failed, such as `data.members[3].user_id`; empty if the answer as a whole failed.
    pub path: String,
    /// The fault at the path.
    pub reason: Source,
    /// The answer as it arrived, with invalid UTF-8 replaced.
    pub text: String,
    /// The HTTP status, if it was not 200.
    pub http_status: Option<u16>,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer to `{}` cannot be read", self.action)?;
        if !self.path.is_empty() {
            write!(f, " at `{}`", one_line(&self.path))?;
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

/// A request without an answer: see [`Error::OutcomeUnknown`].
#[non_exhaustive]
pub struct OutcomeUnknown {
    /// The action's name on the wire.
    pub action: String,
    /// The reason, as far as it is known.
    pub reason: Source,
    /// The text that arrived in place of an answer, such as a proxy's page, or the beginning of an answer that broke off;
    /// mostly empty.
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

/// Returns an error if there is no runtime for a server: binding its address would panic.
#[cfg(any(feature = "mock", feature = "server"))]
pub(crate) fn need_runtime() -> std::io::Result<()> {
    let none = |_| std::io::Error::other("a server is started inside a tokio runtime, and there is none here");
    tokio::runtime::Handle::try_current().map(drop).map_err(none)
}
