//! The line of an action: `set_group_ban: group_id! user_id! duration=1800`. `!` marks what is required, `=` stands before
//! the server's own default as JSON, `|` between further names, and `-> stream` at the end.

use serde_json::Value;
use serde_json::error::Category;

use super::{ActionFacts, LineFault, ParamFacts};

/// The end of the line of an action whose answer arrives in parts.
const STREAM: &str = "-> stream";

impl ActionFacts {
    /// Reads an action from its key, the names, and its line.
    ///
    /// # Errors
    ///
    /// The first fault of the line.
    pub fn parse(key: &str, line: &str) -> Result<Self, LineFault> {
        let names = names(key)?;
        let mut action = Self { names, params: Vec::new(), stream: false };
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            if rest.starts_with("->") {
                if rest.trim_end() != STREAM {
                    let hint = format!("write `{STREAM}` at the end, or nothing");
                    return Err(LineFault::new(format!("`{}` is not an answer", rest.trim_end()), hint));
                }
                action.stream = true;
                break;
            }
            let (param, after) = param(rest)?;
            let twice = param.names.iter().find(|name| action.param(&[name]).is_some());
            if let Some(name) = twice {
                return Err(LineFault::new(format!("the parameter `{name}` stands here twice"), "keep one of them"));
            }
            action.params.push(param);
            rest = after.trim_start();
        }
        Ok(action)
    }

    /// Formats the names as the key.
    pub fn key(&self) -> String {
        self.names.join("|")
    }

    /// Formats the parameters and the answer as the line; without both, it is empty.
    pub fn line(&self) -> String {
        let params = self.params.iter().map(ParamFacts::token);
        params.chain(self.stream.then(|| STREAM.to_owned())).collect::<Vec<_>>().join(" ")
    }
}

impl ParamFacts {
    /// Formats as `count|num!=20`.
    pub fn token(&self) -> String {
        let required = if self.required { "!" } else { "" };
        let default = self.default.as_ref().map(|default| format!("={}", json(default))).unwrap_or_default();
        format!("{}{required}{default}", self.names.join("|"))
    }
}

/// Reads the parameter at the beginning of a text, and returns the rest.
fn param(text: &str) -> Result<(ParamFacts, &str), LineFault> {
    let end = text.find(['!', '=']).unwrap_or(text.len()).min(text.find(' ').unwrap_or(text.len()));
    let names = names(&text[..end])?;
    let (required, rest) = match text[end..].strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, &text[end..]),
    };
    let (default, rest) = match rest.strip_prefix('=') {
        Some(value) => {
            let (default, rest) = default(&names[0], value)?;
            (Some(default), rest)
        }
        None => (None, rest),
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        let word = rest.split(' ').next().unwrap_or_default();
        let message = format!("expected a blank after the parameter `{}`, found `{word}`", names[0]);
        return Err(LineFault::new(message, "a parameter is written `name`, `name!` or `name=1`"));
    }
    Ok((ParamFacts { names, required, default }, rest))
}

/// Reads names with `|` between.
fn names(text: &str) -> Result<Vec<String>, LineFault> {
    let names: Vec<String> = text.split('|').map(str::to_owned).collect();
    for (index, name) in names.iter().enumerate() {
        let fits = |c: char| !c.is_whitespace() && !c.is_control() && !"|!=\"'`:,#[]{}".contains(c);
        if name.is_empty() || name.starts_with('-') || !name.chars().all(fits) {
            return Err(LineFault::new(format!("`{name}` is not a name on the wire"), "write names with `|` between"));
        }
        if names[..index].contains(name) {
            return Err(LineFault::new(format!("the name `{name}` stands here twice"), "keep one of them"));
        }
    }
    Ok(names)
}

/// Reads the JSON at the beginning of a text, and returns the rest.
fn default<'t>(name: &str, text: &'t str) -> Result<(Value, &'t str), LineFault> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let fault = |what: &str| LineFault::new(format!("the default of `{name}` {what}"), DEFAULT_HINT);
    if text.starts_with(char::is_whitespace) {
        return Err(fault("is missing"));
    }
    match values.next() {
        Some(Ok(value)) => Ok((value, &text[values.byte_offset()..])),
        Some(Err(error)) if error.classify() == Category::Eof => Err(fault("is cut off")),
        Some(Err(_)) => Err(fault("is not JSON")),
        None => Err(fault("is missing")),
    }
}

const DEFAULT_HINT: &str = "write a value of JSON directly after the `=`, a text between double quotes";

/// Formats a value as JSON in ASCII: no default holds a character that an editor does not show.
fn json(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().chars() {
        match c {
            ' '..='~' => text.push(c),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text += &format!("\\u{unit:04x}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use serde_json::json;

    use super::*;

    fn param(names: &[&str], required: bool, default: Option<Value>) -> ParamFacts {
        ParamFacts { names: names.iter().map(|name| (*name).to_owned()).collect(), required, default }
    }

    #[test]
    fn a_line_is_read() {
        let line =
            r#"group_id! target|target_id wording=" " seq="10086" set=true list=[1, "a b"] x!={"a":"}"} -> stream"#;
        let action = ActionFacts::parse("send_poke|poke", line).unwrap();
        assert_eq!(action.names, ["send_poke", "poke"]);
        let expected = [
            param(&["group_id"], true, None),
            param(&["target", "target_id"], false, None),
            param(&["wording"], false, Some(json!(" "))),
            param(&["seq"], false, Some(json!("10086"))),
            param(&["set"], false, Some(json!(true))),
            param(&["list"], false, Some(json!([1, "a b"]))),
            param(&["x"], true, Some(json!({ "a": "}" }))),
        ];
        assert_eq!((action.params.as_slice(), action.stream), (&expected[..], true));
        let empty = ActionFacts::parse("get_status", "").unwrap();
        assert_eq!((empty.params.len(), empty.stream, empty.line().as_str()), (0, false, ""));
    }

    #[test]
    fn a_line_with_a_fault_is_refused() {
        for (key, line, message) in [
            ("", "", "`` is not a name on the wire"),
            ("a||b", "", "`` is not a name on the wire"),
            ("a|a", "", "the name `a` stands here twice"),
            ("a", "b c|b", "the parameter `b` stands here twice"),
            ("a", "b=", "the default of `b` is missing"),
            ("a", "b= 1", "the default of `b` is missing"),
            ("a", "b=x", "the default of `b` is not JSON"),
            ("a", "b=\"x", "the default of `b` is cut off"),
            ("a", "b=1c", "the default of `b` is not JSON"),
            ("a", "b=\"x\"c", "expected a blank after the parameter `b`, found `c`"),
            ("a", "b!c", "expected a blank after the parameter `b`, found `c`"),
            ("a", "-> strem", "`-> strem` is not an answer"),
            ("a", "-> stream b", "`-> stream b` is not an answer"),
            ("a", "\"b\"", "`\"b\"` is not a name on the wire"),
        ] {
            let fault = ActionFacts::parse(key, line).unwrap_err();
            assert_eq!(fault.message, message, "{key}: {line}");
        }
    }

    /// A generator of numbers that is the same in each run: Knuth's MMIX.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % end
        }

        fn text(&mut self, letters: &str, longest: usize) -> String {
            let letters: Vec<char> = letters.chars().collect();
            (0..self.below(longest + 1)).map(|_| letters[self.below(letters.len())]).collect()
        }

        fn names(&mut self, fresh: &mut usize) -> Vec<String> {
            let mut name = || {
                *fresh += 1;
                format!("{}{fresh}", self.text("abz_.ABZ$-@/", 5).trim_start_matches('-'))
            };
            vec![name(), name()]
        }

        fn value(&mut self, depth: usize) -> Value {
            match self.below(if depth == 0 { 6 } else { 8 }) {
                0 => Value::Null,
                1 => json!(self.below(2) == 0),
                2 => json!(i64::try_from(self.below(1 << 30)).unwrap() - (1 << 29)),
                3 => json!(u64::MAX - u64::try_from(self.below(9)).unwrap()),
                4 => json!(f64::from(u32::try_from(self.below(1000)).unwrap()) / 8.0),
                5 => json!(self.text("aZ0 \"\\'|!=#:,->\n\t\u{0}\u{7f}\u{202e}\u{2028}群😀{}[]", 12)),
                6 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
                _ => {
                    let entry = |_| (self.text("a \"=|群", 4), self.value(depth - 1));
                    Value::Object((0..3).map(entry).collect())
                }
            }
        }

        fn action(&mut self) -> ActionFacts {
            let mut fresh = 0;
            let mut names = self.names(&mut fresh);
            names.truncate(1 + self.below(2));
            let param = |_| {
                let mut names = self.names(&mut fresh);
                names.truncate(1 + self.below(2));
                let default = (self.below(2) == 0).then(|| self.value(2));
                ParamFacts { names, required: self.below(2) == 0, default }
            };
            let params = (0..5).map(param).collect();
            ActionFacts { names, params, stream: self.below(2) == 0 }
        }
    }

    #[test]
    fn what_is_printed_is_read_as_the_same() {
        let mut random = Random(16);
        for _ in 0..2000 {
            let action = random.action();
            let (key, line) = (action.key(), action.line());
            assert!(line.chars().all(|c| (' '..='~').contains(&c)), "{line}");
            assert_eq!(ActionFacts::parse(&key, &line), Ok(action), "{key}: {line}");
        }
    }
}
