//! Pages about the crate. They exist in the documentation only, and their modules hold no items.

/// 简体中文说明
#[doc = ""]
#[doc = include_str!("front_page_links.md")]
#[cfg_attr(not(doctest), doc = include_str!("../README.zh-CN.md"))]
pub mod readme_zh_cn {}

#[doc = include_str!("../docs/servers.md")]
pub mod servers {}

#[doc = include_str!("../docs/servers.zh-CN.md")]
pub mod servers_zh_cn {}

#[doc = include_str!("../docs/coming-from.md")]
pub mod coming_from {}

#[doc = include_str!("../docs/coming-from.zh-CN.md")]
pub mod coming_from_zh_cn {}
