/// Returns JSON without the blanks between its tokens, as servers send it. Keys keep their order, and repeated names stay.
pub fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let kept = |c: &char| {
        let keep = quoted || !c.is_ascii_whitespace();
        quoted ^= *c == '"' && !escaped;
        escaped = quoted && *c == '\\' && !escaped;
        keep
    };
    json.chars().filter(kept).collect()
}
