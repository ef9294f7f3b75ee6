//! The API on one line an action.

use super::action::{default_listed, response_name};
use crate::model::{Action, Answer, Api, Presence};
use crate::ty::{Scalar, Ty};

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
    line + " -> "
        + &match &action.answer {
            Answer::Nothing => "()".into(),
            Answer::Fields(_) => response_name(action).to_string(),
            Answer::Type(ty) => type_text(ty),
        }
}

/// The Rust type of an argument, without its paths: `Vec<TinyId>`.
pub fn type_text(ty: &Ty) -> String {
    let name = match &ty.scalar {
        Scalar::Bool => "bool",
        Scalar::I32 => "i32",
        Scalar::I64 => "i64",
        Scalar::U32 => "u32",
        Scalar::U64 => "u64",
        Scalar::F64 => "f64",
        Scalar::String => "String",
        Scalar::Json => "Value",
        Scalar::Message => "Message",
        Scalar::ForwardNode => "ForwardNode",
        Scalar::ForwardedMessage => "ForwardedMessage",
        Scalar::Timestamp => "Timestamp",
        Scalar::FileSource => "FileSource",
        Scalar::Mention => "Mention",
        Scalar::FeedSegment => "FeedSegment",
        Scalar::Event => "Event",
        Scalar::UploadSource => "UploadSource",
        Scalar::Target => "Target",
        Scalar::Named(name, _) => name,
    };
    if ty.list { format!("Vec<{name}>") } else { name.to_owned() }
}
