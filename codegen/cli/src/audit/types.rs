//! The comparison with go-cqhttp's code alone: the types as which parameters are read, and the two descriptions of routes.

use cqhttp_codegen::tooling::{EnumBase, IdBase, NamedKind, Scalar, Ty, list};

use super::finding::{FindingKind, Findings, Subject};
use crate::failure::shown;
use crate::go_cqhttp::Checkout;
use crate::go_cqhttp::code::{GoPlace, GoType, Route};

/// Returns the type as which the code reads a parameter of an action, under these names.
pub(super) fn read_as(checkout: &Checkout, action: &[&str], param: &[&str]) -> Option<GoType> {
    let named = |names: &[String], wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    let route = checkout.routes().find(|route| named(&route.names, action))?;
    route.params.iter().find(|go| named(&go.names, param)).map(|go| go.ty)
}

/// Notes a parameter that the code reads as another type.
pub(super) fn of_param(findings: &mut Findings<'_>, subject: &mut Subject<'_>, ty: &Ty, read: GoType) {
    if !fits(ty, read) {
        let schema = subject.param.map_or("", |(_, ty)| ty);
        let message = format!("go-cqhttp reads {} as `{}`, the schema has `{schema}`", subject.told(), read.go());
        findings.differs(subject, FindingKind::Type, &[read.go()], message, "change the type");
    }
}

/// Compares the table with the annotations that it is generated from.
pub(super) fn table(findings: &mut Findings<'_>, Checkout { table, handlers }: &Checkout) {
    for route in handlers {
        let Some(other) = table.iter().find(|other| other.version == route.version && other.names == route.names)
        else {
            let message = format!("{} is annotated with {}, and the table lacks it", route.handler, names(route));
            note(findings, route, &route.place, message);
            continue;
        };
        if other.handler != route.handler {
            let (called, name) = (&other.handler, &route.names[0]);
            let message = format!("the table calls {called} for `{name}`, the annotation is above {}", route.handler);
            note(findings, route, &other.place, message);
        }
        let differing = other.params.iter().zip(&route.params).find(|(a, b)| !a.same(b)).map(|(param, _)| &param.place);
        let differing = differing.or((other.params.len() != route.params.len()).then_some(&other.place));
        if let Some(place) = differing {
            let name = &route.names[0];
            let message = format!("the table reads other parameters for `{name}` than {} takes", route.handler);
            note(findings, route, place, message);
        }
    }
    for route in table {
        if !handlers.iter().any(|other| other.version == route.version && other.names == route.names) {
            let message = format!("the table has {}, and no handler is annotated with it", names(route));
            note(findings, route, &route.place, message);
        }
    }
}

fn note(findings: &mut Findings<'_>, route: &Route, place: &GoPlace, message: String) {
    const HINT: &str = "the tree contradicts itself: regenerate its table with `go generate ./modules/api`";
    findings.published(FindingKind::Table, &route.names[0], located(place), message, HINT);
}

/// Returns the file, the line and the column of a place in the code.
pub(super) fn located(place: &GoPlace) -> (String, usize, usize) {
    (shown(&place.file), place.line, place.column)
}

fn names(route: &Route) -> String {
    list(&route.names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Returns `true` if the code can read every value of a type. The size of ids is not compared: the server chooses them.
fn fits(ty: &Ty, read: GoType) -> bool {
    use GoType::{Bool, Int, Int32, Int64, Json, String, Uint32, Uint64};
    if read == Json {
        return true;
    }
    let number = matches!(read, Int | Int32 | Int64 | Uint32 | Uint64);
    !ty.list
        && match &ty.scalar {
            Scalar::Bool => read == Bool,
            Scalar::I32 => matches!(read, Int | Int32 | Int64),
            Scalar::U32 => matches!(read, Int | Int64 | Uint32 | Uint64),
            Scalar::I64 | Scalar::Timestamp => matches!(read, Int | Int64),
            Scalar::U64 => read == Uint64,
            Scalar::String | Scalar::FileSource | Scalar::UploadSource => read == String,
            Scalar::Named(_, NamedKind::Id(IdBase::I64) | NamedKind::Enum(EnumBase::I64)) => number,
            Scalar::Named(_, NamedKind::Id(IdBase::U64)) => matches!(read, Int64 | Uint64 | String),
            Scalar::Named(_, NamedKind::Id(IdBase::String) | NamedKind::Enum(EnumBase::String)) => read == String,
            _ => false,
        }
}
