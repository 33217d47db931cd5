//! The life of a consent, step by step, against a model that shares no code with
//! `lifecycle`: random declarations, decisions and clocks (`machine`), and its laws
//! one by one. More cases than the default: `PROPTEST_CASES=10000`.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod lifecycle {
    mod commands;
    mod generate;
    mod invariants;
    mod laws;
    mod machine;
    mod model;
    mod reasons;
    mod restart;
    mod story;
    mod system;
    mod universe;
}
