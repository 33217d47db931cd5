//! The clients that users of UpCloud and of Outscale have, unmodified, against a running daemon.
//!
//! What they ask and expect is in `tests/clients`, one scenario a file, written from what these systems promise and
//! not from how the daemon does it. Here the world is made that they play in. Each test tells how many checks passed.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod clients {
    mod crossing;
    mod outscale;
    mod stage;
    mod upcloud;
}
