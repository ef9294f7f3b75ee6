//! Stated deviations from go-cqhttp's code that contradict each other.

use super::resolver::Resolver;
use crate::source::{Action, Deviation};

impl Resolver<'_> {
    pub(super) fn deviates(&mut self, action: &Action) {
        let of_params = || action.params.iter().flat_map(|param| &param.deviates);
        let absent = action.deviates.iter().find(|deviation| deviation.what.value == "absent");
        if let (Some(absent), Some(server)) = (absent, &action.server) {
            let message = format!("`server: {}` says already that go-cqhttp does not answer", server.value);
            self.faults.add(&absent.what.spot, message, "keep one of them");
        }
        if absent.is_some() {
            self.alone("absent", "an action", action.deviates.iter().chain(of_params()));
        }
        for param in &action.params {
            if param.deviates.iter().any(|deviation| deviation.what.value == "unread") {
                self.alone("unread", "a parameter", param.deviates.iter());
            }
        }
    }

    /// Reports further deviations of a part that go-cqhttp does not have.
    fn alone<'a>(&mut self, state: &str, what: &str, said: impl Iterator<Item = &'a Deviation>) {
        for other in said.filter(|other| other.what.value != state) {
            let message = format!("{what} that is `{state}` cannot deviate in `{}` too", other.what.value);
            self.faults.add(&other.what.spot, message, "keep one of them");
        }
    }
}
