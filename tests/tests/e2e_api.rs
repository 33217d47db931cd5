//! Every request of docs/api.md, asked of a running daemon.
//!
//! Where an answer is about traffic, packets are sent; where it is not, the
//! router's ports lead nowhere.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod api {
    mod apply;
    mod conditions;
    mod confirm;
    mod dry_run;
    mod errors;
    mod files;
    mod lists;
    mod objects;
    mod quotas;
    mod requests;
    mod rules;
    mod sizes;
    mod traffic;
    mod verbs;
    mod watch;
}
