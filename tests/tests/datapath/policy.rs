//! Rules and flows: what a packet's fate owes to the packets before it.
//!
//! Every scenario is played from its beginning by either hook in either family.

mod cost;
mod errors;
mod fragments;
mod lasting;
mod opening;
mod replies;
mod talk;

pub(crate) use talk::{Rules, ruled};
