//! Defaults and example values.

use super::section::Entry;
use super::yaml::{ExampleValue, scalar};

/// A type, an example of it, and a question about it.
pub(super) struct Typed {
    pub(super) ty: String,
    pub(super) example: ExampleValue,
    pub(super) open: Option<String>,
}

/// Returns the default of a parameter as YAML, or appends a `?` to its type if it is optional.
pub(super) fn default_or_optional(param: &Entry, typed: &mut Typed) -> Option<String> {
    let optional = ["可选", "可以不填", "不提供", "optional"].iter().any(|word| param.says.contains(word));
    let Some(text) = &param.default else {
        if optional {
            typed.ty.push('?');
        }
        return None;
    };
    let number = number(text);
    let float = float(text, number);
    match (typed.ty.as_str(), number) {
        ("bool", _) if ["true", "false"].contains(&text.as_str()) => Some(text.clone()),
        ("string", _) if ["空", "empty"].contains(&text.as_str()) => Some("\"\"".into()),
        ("string", _) => Some(scalar(text)),
        ("u32" | "u64", Some(number)) if number < 0 && holds(&typed.ty.replace('u', "i"), number) => {
            typed.open = Some(format!("the page says `{}`, which cannot be {number}", typed.ty));
            typed.ty.replace_range(..1, "i");
            Some(number.to_string())
        }
        (ty, Some(number)) if holds(ty, number) => Some(number.to_string()),
        ("f64", _) if float.is_some() => float.map(|value| format!("{value:?}")),
        _ => {
            typed.open = Some(format!("the page has the default `{text}`, which is not of type `{}`", typed.ty));
            typed.ty.push('?');
            None
        }
    }
}

/// Reads a whole number, or a product such as `2 * 60`.
fn number(text: &str) -> Option<i128> {
    text.split('*').try_fold(1_i128, |product, part| product.checked_mul(part.trim().parse().ok()?))
}

/// Returns `true` if an integer type can hold the number.
fn holds(ty: &str, number: i128) -> bool {
    match ty {
        "i32" => i32::try_from(number).is_ok(),
        "i64" => i64::try_from(number).is_ok(),
        "u32" => u32::try_from(number).is_ok(),
        "u64" => u64::try_from(number).is_ok(),
        _ => false,
    }
}

/// Reads a number that JSON can hold.
fn float(text: &str, number: Option<i128>) -> Option<f64> {
    let value = number.map(|number| number.to_string());
    value.as_deref().unwrap_or(text).parse().ok().filter(|value: &f64| value.is_finite())
}

/// Returns an example of a built-in type.
pub(super) fn example_of(ty: &str) -> ExampleValue {
    match ty {
        "bool" => ExampleValue::Plain("false".into()),
        "f64" => ExampleValue::Plain("1.0".into()),
        "string" => ExampleValue::text("TODO"),
        "message" => {
            let data = ExampleValue::Map(vec![("text".into(), ExampleValue::text("TODO"))]);
            let text = ExampleValue::Map(vec![("type".into(), ExampleValue::text("text")), ("data".into(), data)]);
            ExampleValue::List(vec![text])
        }
        "forward_node" => ExampleValue::Map(vec![
            ("type".into(), ExampleValue::text("node")),
            ("data".into(), ExampleValue::Map(vec![("id".into(), ExampleValue::text("1"))])),
        ]),
        "forwarded_message" => {
            let sender = [("user_id", "1"), ("nickname", "TODO")];
            let sender = sender.map(|(key, value)| (key.into(), ExampleValue::Plain(value.into())));
            ExampleValue::Map(vec![
                ("sender".into(), ExampleValue::Map(sender.into())),
                ("time".into(), ExampleValue::Plain("0".into())),
                ("content".into(), ExampleValue::text("TODO")),
            ])
        }
        _ => ExampleValue::Plain("1".into()),
    }
}
