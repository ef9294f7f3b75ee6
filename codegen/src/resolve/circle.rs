//! Objects that contain themselves.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::resolver::Resolver;
use crate::model::{Api, Field};
use crate::source::SourceFile;

/// The number of types of a circle that a message names.
const NAMED: usize = 12;

impl Resolver<'_> {
    /// Reports objects that would contain themselves without end.
    ///
    /// The objects are walked in depth, each once, so that the time grows with their fields. Each circle has a field that leads
    /// back to an object that the walk is still in: those are reported. What remains shows once these are mended.
    pub(super) fn circles(&mut self, files: &[SourceFile], api: &Api) {
        let types = files.iter().flat_map(|file| &file.types);
        let spots: HashMap<&str, _> = types.clone().map(|ty| (ty.name.value.as_str(), &ty.name.spot)).collect();
        let mut walk = Walk { objects: &api.objects, path: Vec::new(), depths: HashMap::new(), done: HashSet::new() };
        for ty in types {
            walk.from(&ty.name.value, &mut |circle| {
                let Some(spot) = circle.first().and_then(|step| spots.get(step.name)) else { return };
                let message = format!("the object contains itself: {}", shown(circle));
                self.faults.add(spot, message, "only a list (`T[]`) may close such a circle");
            });
        }
    }
}

/// "Hen → Egg → Hen"
fn shown(circle: &[Step<'_>]) -> String {
    let circle = circle.iter().map(|step| step.name);
    let (begin, end) = if circle.len() > NAMED { (NAMED / 2, NAMED / 2) } else { (circle.len(), 0) };
    let gap = (end > 0).then_some("…");
    let names = circle.clone().take(begin).chain(gap).chain(circle.clone().skip(circle.len() - end));
    names.chain(circle.clone().next()).collect::<Vec<_>>().join(" → ")
}

/// A walk through the objects that objects contain outside of lists.
struct Walk<'a> {
    objects: &'a BTreeMap<String, Vec<Field>>,
    /// The objects that the walk is in.
    path: Vec<Step<'a>>,
    /// The places of these objects in the path.
    depths: HashMap<&'a str, usize>,
    /// The objects that the walk has left.
    done: HashSet<&'a str>,
}

/// An object that the walk is in.
struct Step<'a> {
    name: &'a str,
    /// The objects that it contains and that the walk has not followed yet.
    rest: std::vec::IntoIter<&'a str>,
}

impl<'a> Walk<'a> {
    /// Walks through an object and all that it contains, unless that is done, and reports the circles.
    fn from(&mut self, start: &'a str, report: &mut impl FnMut(&[Step<'a>])) {
        self.enter(start);
        while let Some(step) = self.path.last_mut() {
            match step.rest.next() {
                Some(next) => match self.depths.get(next) {
                    Some(depth) => report(&self.path[*depth..]),
                    None => self.enter(next),
                },
                None => {
                    let name = step.name;
                    self.depths.remove(name);
                    self.done.insert(name);
                    self.path.pop();
                }
            }
        }
    }

    fn enter(&mut self, name: &'a str) {
        if self.done.contains(name) {
            return;
        }
        let fields = self.objects.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut known = HashSet::new();
        let contained = fields.iter().filter_map(|field| field.ty.object_in_place()).filter(|next| known.insert(*next));
        let contained: Vec<&str> = contained.collect();
        self.depths.insert(name, self.path.len());
        self.path.push(Step { name, rest: contained.into_iter() });
    }
}
