//! The tables as tries in memory that the programs read (`peer_common::trie`).
//!
//! Owns how a table's prefixes become nodes and leaves, how one change becomes few writes, and
//! which memory is free. Law: whatever a reader looks up between two writes, it finds what the
//! table said before the change or what it says after. Pure but for the [`Memory`] it is given;
//! knows neither networks nor what leaves mean.

mod build;
mod free;
mod heap;
mod key;
mod leaves;
mod node;
mod reduce;
mod table;
#[cfg(test)]
mod tests;
mod tries;

pub use heap::{Memory, NoRoom};
pub use key::{Family, Key};
pub use leaves::Leaf;
pub use tries::{Change, Tries};
