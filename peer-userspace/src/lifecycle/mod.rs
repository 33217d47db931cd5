//! What a consent amounts to: its state, and whether the pair carries traffic.
//!
//! One function over declarations and facts; first match wins, in the order of
//! [`State`]. Owns the rules of consent. Pure: time comes in as a fact.

mod exports;
mod overlap;
mod pairs;
mod side;
mod state;

pub use pairs::{Facts, Pair, States, judge};
pub use state::{State, Status};
