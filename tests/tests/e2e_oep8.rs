//! OnMetal's OEP-8: its documents as they are, and what becomes of them.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod oep8 {
    mod consent;
    mod documents;
    mod elsewhere;
    mod example;
    mod time;
}
