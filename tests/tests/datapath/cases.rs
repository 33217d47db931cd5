//! Single packets, by what they are about.

mod checksums;
mod forwarding;
mod headers;
mod host;
mod limits;
mod link_local;
mod lookup;
mod malformed;
mod martians;
mod neighbours;
mod refusals;
mod segments;

use super::case::Case;

/// Every case there is.
pub(crate) fn all() -> Vec<Case> {
    [
        checksums::cases(),
        forwarding::cases(),
        headers::cases(),
        host::cases(),
        limits::cases(),
        link_local::cases(),
        lookup::cases(),
        malformed::cases(),
        martians::cases(),
        neighbours::cases(),
        refusals::cases(),
        segments::cases(),
    ]
    .concat()
}
