//! Items as text.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Item, Macro};

/// Prints items with an empty line between any two of them.
pub(super) fn print(items: Vec<TokenStream>) -> String {
    items.into_iter().map(print_item).collect::<Vec<_>>().join("\n")
}

fn print_item(item: TokenStream) -> String {
    let file: syn::File =
        syn::parse2(item.clone()).unwrap_or_else(|error| unreachable!("{error} in generated code: {item}"));
    if let [Item::Macro(call)] = file.items.as_slice()
        && let Some(printed) = list_macro(&call.mac)
    {
        return printed;
    }
    let mut printed = String::new();
    for line in prettyplease::unparse(&file).lines() {
        // prettyplease puts no empty line between methods.
        if (printed.ends_with("\n    }\n") || printed.ends_with(" -> Self;\n")) && line != "}" {
            printed.push('\n');
        }
        printed.push_str(line);
        printed.push('\n');
    }
    printed
}

/// A macro that takes a list, with each entry on a line of its own: `::cqhttp::answers!(A, B,);`, or
/// `::cqhttp::string_enum!(GroupRole { "owner" => Owner, });`. `None` for any other macro.
fn list_macro(call: &Macro) -> Option<String> {
    let path = call.path.segments.iter().map(|segment| format!("::{}", segment.ident)).collect::<String>();
    let tokens: Vec<TokenTree> = call.tokens.clone().into_iter().collect();
    let (open, list, close) = match tokens.as_slice() {
        [TokenTree::Ident(name), TokenTree::Group(list)] if list.delimiter() == Delimiter::Brace => {
            (format!("({name} {{"), list.stream(), "});")
        }
        tokens if tokens.iter().any(is_comma) => ("(".to_owned(), call.tokens.clone(), ");"),
        _ => return None,
    };
    let list: Vec<TokenTree> = list.into_iter().collect();
    let entries = list.split(is_comma).filter(|entry| !entry.is_empty()).map(|entry| {
        let entry: TokenStream = entry.iter().cloned().collect();
        // Tokens print with a blank after a sign and before a question mark.
        let entry = entry.to_string();
        let entry = entry.strip_prefix("- ").map_or(entry.clone(), |number| format!("-{number}"));
        match entry.strip_suffix(" ?") {
            Some(optional) => format!("    {optional}?,\n"),
            None => format!("    {entry},\n"),
        }
    });
    Some(format!("{path}!{open}\n{}{close}\n", entries.collect::<String>()))
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')
}
