//! The API at a glance, one line for each action.

use super::rust_type::type_text;
use super::value::default_listed;
use crate::model::{Action, Api, Presence, Returns};

/// `set_group_ban(GroupId, UserId) .duration(u32 = 1800) -> ()`, a line for each action.
pub(super) fn listing(api: &Api) -> String {
    let actions = api.files.iter().flat_map(|file| &file.actions);
    actions.map(|action| line(action) + "\n").collect()
}

/// `set_group_ban(GroupId, UserId) .duration(u32 = 1800) -> ()`
pub fn line(action: &Action) -> String {
    let required: Vec<String> = action.required().map(|param| type_text(&param.ty)).collect();
    let mut line = format!("{}({})", action.name.snake(), required.join(", "));
    for param in action.settable() {
        line += &match &param.presence {
            Presence::Default(default) => {
                format!(" .{}({} = {})", param.name.snake(), type_text(&param.ty), default_listed(default))
            }
            _ => format!(" .{}({})", param.name.snake(), type_text(&param.ty)),
        };
    }
    let parts = action.stream.as_ref().map(|stream| format!("[{}], ", type_text(&stream.part)));
    line + " -> "
        + &parts.unwrap_or_default()
        + &match &action.returns {
            Returns::Nothing | Returns::Never => "()".into(),
            Returns::Fields(_) => action.response_name(),
            Returns::Type(ty) => type_text(ty),
        }
}
