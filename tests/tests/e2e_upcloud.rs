//! UpCloud's API as its clients use it (docs/upcloud.md), asked of a running daemon.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
#[path = "refused/freeze.rs"]
mod freeze;

#[cfg(test)]
mod upcloud {
    mod access;
    mod aiven;
    mod client;
    mod errors;
    mod labels;
    mod networks;
    mod others;
    mod states;
    mod terraform;
}
