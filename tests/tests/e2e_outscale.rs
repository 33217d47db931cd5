//! Outscale's calls (docs/outscale.md), asked of a running daemon.
//!
//! Where an answer is about traffic, packets are sent; where it is not, the router's
//! ports lead nowhere.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod outscale {
    mod calls;
    mod cross;
    mod dry_run;
    mod errors;
    mod failed;
    mod groups;
    mod life;
    mod lists;
    mod nets;
    mod owners;
    mod routes;
    mod tags;
    mod time;
    mod traffic;
}
