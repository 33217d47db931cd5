//! Who may do what over the API, and what it tells whom.
//!
//! `matrix` has every kind of caller ask everything of everybody's objects and
//! compares the outcome with `expected`, which is docs/api.md in a few lines and
//! shares no code with the daemon. `disclosure` looks for a stranger's names in
//! whatever an owner is answered. `limits` is about callers that take too much,
//! `foreign` about those that other systems' clients let in.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod access {
    mod callers;
    mod cases;
    mod disclosure;
    mod expected;
    mod foreign;
    mod limits;
    mod matrix;
    mod sameness;
    mod signing;
    mod socket;
    mod sources;
    mod views;
    mod world;
}
