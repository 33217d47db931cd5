//! The control side: how fast the real daemon follows what it is told, and what it takes.
//!
//! Each file measures one thing on a router of its own (`site.rs`). Knows peerd by its
//! table, its API and /proc alone.

mod apply;
mod busy;
mod change;
mod idle;
mod memory;
mod prober;
mod site;

use std::path::Path;

use anyhow::Result;

use crate::{Options, result::Section};

/// One measurement: the programs, and whether it is to be quick.
type Measure = fn(&Path, bool) -> Result<Vec<Section>>;

/// Each with what the ids of its sections begin with.
const ALL: [(&str, Measure); 5] = [
    (apply::ID, apply::run),
    (change::ID, change::run),
    (busy::ID, busy::run),
    (memory::ID, memory::run),
    (idle::ID, idle::run),
];

/// Those of the sections that are wanted.
pub(crate) fn run(options: &Options) -> Result<Vec<Section>> {
    let part = options.only.as_deref().unwrap_or_default();
    let may_be_wanted = |id: &str| id.contains(part) || part.starts_with(id);
    let mut sections = Vec::new();
    for (_, measure) in ALL.into_iter().filter(|(id, _)| may_be_wanted(id)) {
        sections.extend(measure(&options.programs, options.quick)?);
    }
    sections.retain(|section| section.id.contains(part));
    Ok(sections)
}
