//! Parameters of a call that its type does not know.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use crate::error::reason::Reason;
use crate::transport::failure::BoxError;

/// The parameters, in order. A value that cannot be written as JSON is the reason for which the call is not sent.
#[derive(Clone, Default)]
pub(crate) struct ExtraParams(Vec<(String, Result<Box<RawValue>, String>)>);

impl ExtraParams {
    /// Sets a parameter, also if it has been set before.
    pub(crate) fn set(&mut self, name: String, value: &impl Serialize) {
        let value = to_raw_value(value).map_err(|error| error.to_string());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds the parameters to those that the call writes, a JSON object.
    pub(crate) fn add_to(&self, mut params: Vec<u8>) -> Result<Vec<u8>, BoxError> {
        if self.0.is_empty() || params.pop_if(|last| *last == b'}').is_none() {
            return Ok(params);
        }
        let written = keys(&[&*params, b"}"].concat())?;
        let mut is_first = written.is_empty();
        for (name, value) in &self.0 {
            let json = value.as_ref().map_err(|error| refused(name, &format!("cannot be written as JSON: {error}")))?;
            if written.contains(name) {
                return Err(refused(name, "is one that the call writes already").into());
            }
            if !std::mem::take(&mut is_first) {
                params.push(b',');
            }
            serde_json::to_writer(&mut params, name)?;
            params.push(b':');
            params.extend_from_slice(json.get().as_bytes());
        }
        params.push(b'}');
        Ok(params)
    }
}

fn refused(name: &str, why: &str) -> Reason {
    Reason(format!("the parameter `{name}` {why}").into())
}

/// The keys of a JSON object.
fn keys(object: &[u8]) -> serde_json::Result<Vec<String>> {
    struct Keys;

    impl<'de> Visitor<'de> for Keys {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, IgnoredAny)) = entries.next_entry::<Cow<'de, str>, IgnoredAny>()? {
                keys.push(key.into_owned());
            }
            Ok(keys)
        }
    }

    serde_json::Deserializer::from_slice(object).deserialize_map(Keys)
}

impl fmt::Debug for ExtraParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
