//! The section of refusals, on the page of types.

use cqhttp_codegen::tooling::{Api, Refusal, RefusalRule};

use super::text::{cell, heading, table};

const INTRODUCTION: &str = "\
What failed answers mean, whatever the server. A rule holds if each of its conditions does, by one of the values. If several
rules hold, one that says *maybe* counts, then one that looks at `msg` or a text, then the first. A refusal that no rule knows is
`other`, and its action may have been carried out. *Partly* is *maybe* for an action that sends a message, of which a part may have
been sent, and *no* for all others. A text is the whole text; `…` stands for any characters in it, and `#` for a number.";

/// Formats the section; without refusals, nothing.
pub(super) fn section(api: &Api) -> String {
    if api.refusals.is_empty() || api.extension {
        return String::new();
    }
    let kinds = api.refusals.iter().map(kind).collect::<Vec<_>>().join("\n");
    format!("\n## Refusals\n\n{INTRODUCTION}\n\n{kinds}")
}

fn kind(refusal: &Refusal) -> String {
    let head = heading(refusal.name.snake(), "", &refusal.doc);
    let rows = refusal.rules.iter().map(|rule| [conditions(rule), rule.happened.as_str().to_owned()]);
    match refusal.rules.is_empty() {
        true => head.trim_end().to_owned() + "\n",
        false => head + &table(["conditions", "carried out"], rows),
    }
}

fn conditions(rule: &RefusalRule) -> String {
    fn condition<T: ToString>(name: &str, values: &[T]) -> Option<String> {
        let values: Vec<_> = values.iter().map(|value| format!("`{}`", cell(&value.to_string()))).collect();
        (!values.is_empty()).then(|| format!("{name} {}", values.join(", ")))
    }
    let transport = rule.over_http.map(|http| if http { "over HTTP" } else { "over a WebSocket" }.to_owned());
    let conditions = [
        condition("`retcode`", &rule.retcodes),
        condition("HTTP status", &rule.http_statuses),
        transport,
        condition("action", &rule.actions),
        condition("`msg`", &rule.codes),
        condition("text", &rule.texts),
    ];
    conditions.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
