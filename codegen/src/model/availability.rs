//! The servers that have an action or read a parameter, in words.

/// The servers that have an action or read a parameter, and those that do not, by their names in texts. Both are empty if
/// the schema has no facts about servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    pub on: Vec<String>,
    pub not_on: Vec<String>,
}

impl Availability {
    /// "On NapCat, SnowLuma; not on go-cqhttp."; empty without facts.
    pub fn text(&self) -> String {
        let (on, not_on) = (self.on.join(", "), self.not_on.join(", "));
        match (on.is_empty(), not_on.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!("On none of {not_on}."),
            (false, true) => format!("On {on}."),
            (false, false) => format!("On {on}; not on {not_on}."),
        }
    }

    /// "Only on go-cqhttp." or "Not on Lagrange.", whichever is shorter; empty without facts, and for what every server has.
    pub fn short_text(&self) -> String {
        if self.not_on.is_empty() {
            String::new()
        } else if self.on.is_empty() {
            "On no server.".into()
        } else if self.on.len() < self.not_on.len() {
            format!("Only on {}.", self.on.join(", "))
        } else {
            format!("Not on {}.", self.not_on.join(", "))
        }
    }
}
