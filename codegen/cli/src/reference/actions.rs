//! The page of actions.

use cqhttp_codegen::tooling::{Action, Effect, File, Origin, Returns, Server};

use super::book::Book;
use super::text::{heading, json, json_block, paragraph, presence, server_remark, wire_name};

const INTRODUCTION: &str = "\
Requests that a bot sends to a server. Over HTTP an action is a POST to `/<action>` with the parameters as a JSON object;
over a WebSocket it is `{\"action\": …, \"params\": …, \"echo\": …}`. The response is
`{\"status\": …, \"retcode\": …, \"data\": …}`; its `data` is called the answer here. An optional parameter is left out,
not sent as `null`.";

/// Formats the page.
pub(super) fn page(book: &Book<'_>) -> String {
    let chapters = book.api.files.iter().filter(|file| !file.actions.is_empty()).map(|file| {
        let doc = file.chapter.as_ref().map(|chapter| format!("{}\n\n", chapter.doc)).unwrap_or_default();
        let actions = file.actions.iter().map(|action| section(book, action)).collect::<Vec<_>>().join("\n");
        format!("## {}\n\n{doc}{actions}", chapter_title(file))
    });
    let chapters = chapters.collect::<Vec<_>>().join("\n");
    format!("# Actions\n\n{INTRODUCTION}\n\n{}\n\n{chapters}", book.links())
}

/// Formats the title of a chapter: `群管理 (group_admin)`; the blank keeps its anchor apart from those of names.
pub(super) fn chapter_title(file: &File) -> String {
    let name = file.stem.rsplit('/').next().unwrap_or(&file.stem);
    let title = file.chapter.as_ref().map_or("Actions", |chapter| &chapter.title);
    format!("{title} (`{name}`)")
}

fn section(book: &Book<'_>, action: &Action) -> String {
    let mut text = heading(&action.wire, &action.title, &action.doc);
    text += &paragraph(&facts(action));
    text += &paragraph(&caveats(action).join(" "));
    text += &book.parameters("Parameters", &action.params, presence);
    if let Some(stream) = &action.stream {
        let part = book.ty(&stream.part);
        text += &format!(
            "**Parts:** {part}, each in a response of its own with `type: stream` in its `data`; the last response has \
             `type: response`, or a failed `status` and `type: error`.\n\n"
        );
    }
    text += &match &action.returns {
        Returns::Nothing => "**Answer:** nothing; `data` is `null`.\n\n".into(),
        Returns::Never => "**Answer:** none, or nothing: the server ends, and closes the connection.\n\n".into(),
        Returns::Type(ty) => format!("**Answer:** {}.\n\n", book.ty(ty)),
        Returns::Fields(fields) => book.fields("Answer", fields),
    };
    if !action.errors.is_empty() {
        let refusals: Vec<_> = action.errors.iter().map(|error| refusal(book, error)).collect();
        text += &format!("**Refusals:** {}.\n\n", refusals.join(", "));
    }
    let request = action.example.params.as_ref().map_or_else(|| "{}".into(), json);
    text += &format!("**Request:** `params`\n\n{}", json_block(&request));
    if let Some(parts) = &action.example.parts {
        text += &format!("\n**Parts:** `data` of each\n\n{}", json_block(&json(parts)));
    }
    if let Some(returns) = &action.example.returns {
        text += &format!("\n**Answer:** `data`\n\n{}", json_block(&json(returns)));
    }
    text
}

/// Formats a refusal, with a link to its description.
fn refusal(book: &Book<'_>, name: &str) -> String {
    match book.types.get("RefusalCode") {
        Some(anchor) => format!("[`{name}`](types.md#{anchor})"),
        None => format!("`{name}`"),
    }
}

/// Formats the origin, the effect and the aliases: "From OneBot v11 · speaks to people · also `x`."
fn facts(action: &Action) -> String {
    let origin = match &action.origin {
        Origin::OneBot11 => "From OneBot v11 · ",
        Origin::Server(server) => &format!("From {} · ", server.title),
        Origin::Other(origin) => &format!("From {origin} · "),
        Origin::Unstated => "",
    };
    let stated = action.origin != Origin::Unstated;
    let effect = match action.effect {
        Effect::Read if stated => "reads",
        Effect::Read => "Reads",
        Effect::Write if stated => "changes something",
        Effect::Write => "Changes something",
        Effect::Send if stated => "speaks to people",
        Effect::Send => "Speaks to people",
    };
    let aliases = action.aliases.iter().map(|alias| format!(" · also `{alias}`"));
    format!("{origin}{effect}{}.", aliases.collect::<String>())
}

/// Returns remarks for callers.
fn caveats(action: &Action) -> Vec<String> {
    let mut caveats = Vec::new();
    match action.availability.text() {
        servers if !servers.is_empty() => caveats.push(servers),
        _ if action.server != Server::Supported => {
            caveats.push(server_remark(action).trim_matches(['*', ' ']).to_owned());
        }
        _ => {}
    }
    if action.abandoned {
        caveats.push("No server that is still developed has it.".into());
    }
    if action.silent {
        caveats.push("The server says `ok` also where it did nothing.".into());
    }
    if !action.uncertain.is_empty() {
        let refusals: Vec<_> = action.uncertain.iter().map(|refusal| format!("`{refusal}`")).collect();
        caveats.push(format!("A refusal with {} does not prove that nothing happened.", refusals.join(", ")));
    }
    if let Some(wait) = &action.wait {
        caveats.push(format!("The server may wait `{}` seconds before it answers.", wire_name(action, wait)));
    }
    for choice in &action.choices {
        let names: Vec<&str> = action.members(choice).map(|param| &*param.wire).collect();
        caveats.push(choice.text(&names));
    }
    if action.soft_failure {
        caveats.push(
            "QQ's code in `data` (`result`, `errCode`, `errorCode`, `retCode`), other than 0, is a refusal, with its \
                      reason beside it."
                .into(),
        );
    }
    if let Some(pages) = &action.pages {
        caveats.push(format!("The answer comes in pages; `{}` asks for the next.", wire_name(action, &pages.set)));
    }
    caveats
}
