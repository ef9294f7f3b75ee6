//! CQ codes, read and written by hand: a plain reader and printer of owned strings.

/// A segment: its type, and the names and values of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The segment's type; `text` for plain text.
    pub kind: String,
    /// The fields, in order.
    pub data: Vec<(String, String)>,
}

/// Reads a text with CQ codes.
pub fn read(text: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find("[CQ:").unwrap_or(rest.len());
        if start > 0 {
            segments.push(Segment { kind: "text".into(), data: vec![("text".into(), unescape(&rest[..start]))] });
        }
        if start == rest.len() {
            break;
        }
        let body = &rest[start + 4..];
        let Some(end) = body.find(']') else { break };
        let code = &body[..end];
        rest = &body[end + 1..];
        let mut parts = code.split(',');
        let kind = parts.next().unwrap_or("").to_string();
        let data = parts.map(|part| match part.split_once('=') {
            Some((name, value)) => (name.to_string(), unescape(value)),
            None => (part.to_string(), String::new()),
        });
        segments.push(Segment { kind, data: data.collect() });
    }
    segments
}

/// Prints segments as a text with CQ codes.
pub fn print(segments: &[Segment]) -> String {
    let mut out = String::new();
    for segment in segments {
        if segment.kind == "text" {
            for (_, value) in &segment.data {
                escape(&mut out, value, false);
            }
            continue;
        }
        out.push_str("[CQ:");
        out.push_str(&segment.kind);
        for (name, value) in &segment.data {
            out.push(',');
            out.push_str(name);
            out.push('=');
            escape(&mut out, value, true);
        }
        out.push(']');
    }
    out
}

/// Returns a mixed message of at least `size` bytes.
pub fn mixed(size: usize) -> String {
    let unit = concat!(
        "你好, this is &#91;plain&#93; text &amp; more 文字内容 without codes. [CQ:at,qq=10001000] ",
        "[CQ:face,id=178][CQ:image,file=8f1b4e9d1c5b3c8a7f6e5d4c3b2a1908.image,subType=0,",
        "url=https://gchat.qpic.cn/gchatpic_new/1234567890/987654321-2534335053-8F1B4E9D/0?term=2&amp;is_origin=0]",
        "[CQ:share,url=https://example.com/?a=1&amp;b=2,title=标题&#44; 有逗号,content=&#91;内容&#93;]\n",
    );
    let mut text = String::new();
    while text.len() < size {
        text.push_str(unit);
    }
    text
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (meant, length) = if rest.starts_with("&amp;") {
            ('&', 5)
        } else if rest.starts_with("&#91;") {
            ('[', 5)
        } else if rest.starts_with("&#93;") {
            (']', 5)
        } else if rest.starts_with("&#44;") {
            (',', 5)
        } else {
            ('&', 1)
        };
        out.push(meant);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

fn escape(out: &mut String, text: &str, value: bool) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '[' => out.push_str("&#91;"),
            ']' => out.push_str("&#93;"),
            ',' if value => out.push_str("&#44;"),
            character => out.push(character),
        }
    }
}
