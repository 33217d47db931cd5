//! By which port and next hop packets leave, and by which port they may come in.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod next_hops {
    mod neighbours;
    mod several;
    mod sources;
    mod stage;
    mod subnets;
}
