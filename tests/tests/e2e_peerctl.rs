//! The commands of docs/peerctl.md against a running daemon.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod peerctl {
    mod apply;
    mod ask;
    mod foreign;
    mod looking;
    mod moving;
    mod peerings;
    mod reaching;
    mod waiting;
}
