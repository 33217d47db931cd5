//! Every folder of `examples/`, played on its stage as `examples/README.md` says.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod examples {
    mod played;
    mod stage;
}
