//! The docs of an action: of its request, and of its method.

use proc_macro2::TokenStream;

use super::docs::{COLUMNS, docs, join};
use super::request::param_doc;
use super::rust_type::type_text;
use super::value;
use crate::doc;
use crate::model::{Action, Api, Availability, Effect, File, Origin, Returns, Server};
use crate::name::Name;
use crate::ty::{Scalar, Ty};

/// The docs of a request: its effect, origin and refusals, and a call as an example.
pub(super) fn request_docs(api: &Api, action: &Action) -> TokenStream {
    let (summary, rest) = doc::summary(&action.doc);
    let summary = format!("{summary} ({})", action.title);
    docs(&join(&[&summary, rest, &caveats(action), &answers(action), &facts(action), &snippet(api, action)]))
}

/// The docs of a method, enough on hover: the summary, the arguments, the setters, and a link to the rest.
pub(super) fn method_docs(action: &Action) -> TokenStream {
    let (summary, rest) = doc::summary(&action.doc);
    let arguments = action.required().map(|param| format!("- `{}`: {}", param.name.snake(), lower_first(&param.doc)));
    let setters = action.settable().map(|param| {
        let doc = lower_first(&param_doc(param)).to_owned();
        format!("- `.{}({})`: {doc}", param.name.snake(), type_text(&param.ty))
    });
    let list: Vec<String> = arguments.chain(setters).map(|line| line.replace("\n\n", " ").replace('\n', " ")).collect();
    let see = format!("{} See [`{}`].", answers(action), action.name.pascal());
    docs(&join(&[&format!("{summary} ({})", action.title), rest, &caveats(action), &list.join("\n"), &see]))
}

/// "群管理 (`group_admin`): Muting, kicking, titles and settings."
pub(super) fn heading(file: &File) -> String {
    let name = file.stem.rsplit('/').next().unwrap_or(&file.stem);
    match &file.chapter {
        Some(chapter) => format!("# {} (`{name}`)\n\n{}", chapter.title, chapter.doc),
        None => format!("# Actions (`{name}`)"),
    }
}

/// ``Action `set_group_ban` · OneBot v11 · effect: write · refusals: `NOT_MANAGEABLE`.``
fn facts(action: &Action) -> String {
    let mut facts = vec![format!("Action `{}`", action.wire)];
    if !action.aliases.is_empty() {
        facts.push(format!("also {}", code(&action.aliases)));
    }
    facts.extend(match &action.origin {
        Origin::OneBot11 => Some("OneBot v11".into()),
        Origin::Server(server) => Some(server.title.into()),
        Origin::Other(origin) => Some(origin.clone()),
        Origin::Unstated => None,
    });
    facts.push(format!("effect: {}", effect(action.effect).to_lowercase()));
    if action.vendor {
        facts.push("feature `vendor`".into());
    }
    if !action.errors.is_empty() {
        facts.push(format!("refusals: {}", code(&action.errors)));
    }
    format!("{}.", facts.join(" · "))
}

/// "`GROUP_NOT_FOUND`, `NOT_MANAGEABLE`"
fn code(names: &[String]) -> String {
    names.iter().map(|name| doc::code_span(name)).collect::<Vec<_>>().join(", ")
}

/// Warnings for callers.
fn caveats(action: &Action) -> String {
    let abandoned = if action.abandoned { "**No server that is still developed has this action.**" } else { "" };
    let servers = [&*action.availability.text(), abandoned].join(" ");
    let server = match action.server {
        _ if action.availability != Availability::default() => servers.trim(),
        Server::Supported => "",
        Server::Unsupported => {
            "**go-cqhttp does not implement this action** and refuses it with `API_NOT_FOUND`; other servers may have it."
        }
        Server::Removed => {
            "**go-cqhttp has removed this action** and refuses it with `API_NOT_FOUND`; other servers may have it."
        }
    };
    let silent = if action.silent {
        "**`Ok` does not prove success**: the server reports it even if it did nothing."
    } else {
        ""
    };
    let pages = if action.pages.is_some() { "`.pages()` asks for one page after the other." } else { "" };
    let wait = match &action.wait {
        Some(param) => &format!("The time limit of the call begins when `{}` is over.", param.snake()),
        None => "",
    };
    let uncertain = match &*code(&action.uncertain) {
        "" => "",
        refusals => &format!("A refusal with {refusals} does not prove that nothing happened."),
    };
    let choices: Vec<String> = action
        .choices
        .iter()
        .map(|choice| {
            let names: Vec<&str> = choice.params.iter().map(Name::snake).collect();
            choice.text(&names)
        })
        .collect();
    join(&[server, silent, uncertain, pages, wait, &choices.join(" ")])
}

/// "Answers a list of [`GroupInfo`]."
fn answers(action: &Action) -> String {
    let Some(stream) = &action.stream else { return answer(action) };
    let part = match &stream.part.scalar {
        Scalar::Json => "parts that are JSON".to_owned(),
        _ => format!("parts, each a [`{}`]", type_text(&stream.part)),
    };
    let last = answer(action).replacen("Answers", "The last answer is", 1);
    let last = last.replace("is nothing", "has no content");
    format!("Answers in {part}: call [`Call::stream`](::cqhttp::Call::stream) to read them. {last}")
}

/// "Answers [`GroupInfo`].": the only answer, or the last one.
fn answer(action: &Action) -> String {
    match &action.returns {
        Returns::Nothing => "Answers nothing.".into(),
        Returns::Never => {
            "Answers nothing: the server ends. `Ok` means that it answered, or that it closed the connection after it had \
             the request."
                .into()
        }
        Returns::Fields(_) => format!("Answers [`{}`].", action.response_name()),
        Returns::Type(ty) => {
            let one = type_text(&Ty { list: false, ..ty.clone() });
            let one = match ty.scalar {
                Scalar::Named(..) => format!("[`{one}`]"),
                Scalar::Json => "JSON".into(),
                _ => format!("`{one}`"),
            };
            if ty.list { format!("Answers a list of {one}.") } else { format!("Answers {one}.") }
        }
    }
}

/// The example as a snippet that rustdoc compiles.
fn snippet(api: &Api, action: &Action) -> String {
    let Some(mut calls) = value::call_text(api, action) else { return String::new() };
    if action.stream.is_some() {
        return streamed_snippet(api, &calls);
    }
    calls.push(".await?;".into());
    let client =
        if matches!(action.returns, Returns::Nothing | Returns::Never) { "client" } else { "let answer = client" };
    let line = format!("{client}{}", calls.concat());
    let call = if line.chars().count() <= COLUMNS { line } else { format!("{client}\n    {}", calls.join("\n    ")) };
    in_function(api, &call)
}

/// The example of an answer in parts.
fn streamed_snippet(api: &Api, calls: &[String]) -> String {
    let line = format!("let mut parts = client{}.stream();", calls.concat());
    let call = if line.chars().count() <= COLUMNS {
        line
    } else {
        format!("let mut parts = client\n    {}\n    .stream();", calls.join("\n    "))
    };
    let rest =
        "while let Some(part) = parts.next().await {\n    let part = part?;\n}\nlet answer = parts.finish().await?;";
    in_function(api, &format!("{call}\n{rest}"))
}

/// A snippet within a function, which rustdoc hides.
fn in_function(api: &Api, call: &str) -> String {
    if api.extension {
        // The path of the prelude in its crate is not known here.
        return format!("```ignore\n{call}\n```");
    }
    format!(
        "```no_run\n# use cqhttp::types::*;\n# async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {{\n\
         {call}\n# Ok(())\n# }}\n```"
    )
}

/// "Seconds; 0 …" → "seconds; 0 …", but "QQ number" stays.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "Read",
        Effect::Write => "Write",
        Effect::Send => "Send",
    }
}
