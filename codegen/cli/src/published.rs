//! The files in which servers publish their actions, and digests of such files.

mod action;
mod catalog;
mod dialects;
mod digest;
mod document;
mod openapi;
mod schema;

pub(crate) use action::{PublishedAction, PublishedParam};
pub(crate) use catalog::Catalog;
pub(crate) use dialects::dialects;
pub(crate) use digest::digest;
pub(crate) use openapi::OpenApi;
pub(crate) use schema::{Property, properties};
