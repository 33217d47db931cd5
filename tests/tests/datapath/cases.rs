//! Packets that no table in tests/packets says well: all values of one field, devices
//! that sum up what they receive, what the programs answer themselves, and tables
//! that are not the world's.

mod answers;
mod checksums;
mod hops;
mod reasons;
mod sources;
mod told;

use super::case::Case;

/// Every case there is.
pub(crate) fn all() -> Vec<Case> {
    [
        answers::cases(),
        checksums::cases(),
        hops::cases(),
        told::cases(),
    ]
    .concat()
}
