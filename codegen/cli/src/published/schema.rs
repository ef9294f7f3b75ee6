//! JSON schemas: references resolved, and objects with their properties.

use cqhttp_codegen::tooling::{Node, Value};

use super::document::{entries, items, text, texts};

/// The maximal depth of references: a schema that needs more contains itself.
const DEPTH: usize = 16;

/// The named schemas that references lead to.
pub(super) struct Schemas<'n> {
    components: Vec<(&'n str, &'n Node)>,
}

impl<'n> Schemas<'n> {
    /// Reads the schemas of an OpenAPI document.
    pub(super) fn of(root: &'n Node) -> Self {
        let components = root.get("components");
        Self { components: components.map(|node| entries(node, "schemas").collect()).unwrap_or_default() }
    }

    /// Returns the schema that this one stands for: a reference is followed.
    ///
    /// # Errors
    ///
    /// A reference that leads nowhere, or to itself.
    pub(super) fn resolve(&self, mut schema: &'n Node) -> Result<&'n Node, String> {
        let mut seen = Vec::new();
        while let Some(reference) = text(schema, "$ref") {
            if seen.contains(&reference) {
                return Err(format!("the schema `{reference}` refers to itself"));
            }
            seen.push(reference);
            let name = reference.strip_prefix("#/components/schemas/").unwrap_or(reference);
            let found = self.components.iter().find(|(known, _)| *known == name);
            schema = found.map(|(_, schema)| *schema).ok_or_else(|| format!("there is no schema `{reference}`"))?;
        }
        Ok(schema)
    }

    /// Returns a copy of a schema with every reference in it replaced. The name of the schema that a reference leads to
    /// is kept under `x-name`. A schema that contains itself is `{}` from its second occurrence on.
    pub(super) fn inline(&self, schema: &'n Node) -> Result<Node, String> {
        self.inline_below(schema, &mut Vec::new())
    }

    fn inline_below(&self, schema: &'n Node, above: &mut Vec<&'n str>) -> Result<Node, String> {
        if let Some(reference) = text(schema, "$ref") {
            let target = self.resolve(schema)?;
            if above.contains(&reference) || above.len() == DEPTH {
                return Ok(Node::new(Value::Map(Vec::new())));
            }
            above.push(reference);
            let inlined = self.inline_below(target, above);
            above.pop();
            let mut inlined = inlined?;
            let name = reference.rsplit('/').next().unwrap_or(reference);
            if let Value::Map(entries) = &mut inlined.value {
                entries.push((Node::text("x-name"), Node::text(name)));
            }
            return Ok(inlined);
        }
        let value = match &schema.value {
            Value::List(list) => {
                Value::List(list.iter().map(|item| self.inline_below(item, above)).collect::<Result<_, _>>()?)
            }
            Value::Map(map) => {
                let entry = |(key, value): &'n (Node, Node)| Ok((key.clone(), self.inline_below(value, above)?));
                Value::Map(map.iter().map(entry).collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        };
        Ok(Node::new(value))
    }
}

/// A property of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property<'n> {
    /// The name on the wire.
    pub(crate) name: &'n str,
    /// Its schema.
    pub(crate) schema: &'n Node,
    /// `true` if every object has it.
    pub(crate) required: bool,
}

/// Returns the properties of an object in order, with those of its parts: of `allOf` all, of `anyOf` and `oneOf` those of
/// each choice, of which only those that every choice requires are required.
pub(crate) fn properties(schema: &Node) -> Vec<Property<'_>> {
    let required = texts(schema, "required");
    let own = entries(schema, "properties");
    let mut all: Vec<Property<'_>> =
        own.map(|(name, schema)| Property { name, schema, required: required.contains(&name) }).collect();
    for part in items(schema, "allOf") {
        for property in properties(part) {
            match all.iter_mut().find(|known| known.name == property.name) {
                Some(known) => known.required |= property.required,
                None => all.push(property),
            }
        }
    }
    for key in ["anyOf", "oneOf"] {
        let choices: Vec<Vec<Property<'_>>> = items(schema, key).iter().map(properties).collect();
        let always = |name: &str| {
            choices.iter().all(|choice| choice.iter().any(|property| property.name == name && property.required))
        };
        for property in choices.iter().flatten() {
            if !all.iter().any(|known| known.name == property.name) {
                all.push(Property { required: always(property.name), ..*property });
            }
        }
    }
    all
}
