//! The stanza of a server: its actions, one line each.

use super::reader::{At, Reader};
use crate::facts::ActionFacts;
use crate::source_map::Spot;
use crate::yaml::{Node, Value};

/// The facts about a server, as `cargo schema facts` writes them.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: At<String>,
    pub(crate) title: At<String>,
    pub(crate) app_name: At<String>,
    pub(crate) version: At<String>,
    pub(crate) actions: Vec<At<ActionFacts>>,
}

impl Reader<'_> {
    pub(super) fn server(&mut self, node: &Node) -> Option<Server> {
        let keys = ["kind", "name", "title", "app_name", "version", "actions"];
        let entries = self.entries(node, "a server", &keys)?;
        let name = self.required_text(&entries, "name");
        let title = self.required_text(&entries, "title");
        let app_name = self.required_text(&entries, "app_name");
        let version = self.required_text(&entries, "version");
        let actions = self.required(&entries, "actions").map(|node| self.server_actions(node));
        Some(Server { name: name?, title: title?, app_name: app_name?, version: version?, actions: actions? })
    }

    fn server_actions(&mut self, node: &Node) -> Vec<At<ActionFacts>> {
        let Value::Map(entries) = &node.value else {
            let message = format!("expected the actions, found {}", node.value.describe());
            self.faults.add(&self.spot(node), message, "write a line for each: `get_msg: message_id!`");
            return Vec::new();
        };
        let mut actions: Vec<At<ActionFacts>> = Vec::new();
        for (key, line) in entries {
            let Some(action) = self.server_action(key, line) else { continue };
            let known = |name: &String| actions.iter().any(|seen| seen.value.names.contains(name));
            match action.names.iter().find(|name| known(name)) {
                Some(name) => {
                    let message = format!("the action `{name}` stands here twice");
                    self.faults.add(&self.spot(key), message, "keep one of them");
                }
                None => actions.push(At { value: action, spot: self.spot(key) }),
            }
        }
        actions
    }

    fn server_action(&mut self, key: &Node, line: &Node) -> Option<ActionFacts> {
        let (Value::Text(name), Value::Text(text)) = (&key.value, &line.value) else {
            let (found, spot) = if key.as_str().is_some() { (line, line) } else { (key, key) };
            let message = format!("expected a line of text, found {}", found.value.describe());
            self.faults.add(&Spot::of(self.file, spot), message, "write `get_status: \"\"` for no parameters");
            return None;
        };
        let at_key = ActionFacts::parse(name, "").err().map(|fault| (key, fault));
        let parsed = at_key.map_or_else(|| ActionFacts::parse(name, text).map_err(|fault| (line, fault)), Err);
        parsed.map_err(|(at, fault)| self.faults.add(&Spot::of(self.file, at), fault.message, fault.hint)).ok()
    }
}
