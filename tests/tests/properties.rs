//! The laws of the pure core: `lifecycle`, `compile` and `diff`, checked on
//! small random worlds against an oracle that shares no code with them.
//!
//! `oracle` answers from the declarations what becomes of a packet, `packet` runs
//! it through a compiled table as the BPF programs do. More cases than the
//! default 256 a law: `PROPTEST_CASES=10000`.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod properties {
    mod apply;
    mod examples;
    mod generate;
    mod laws;
    mod laws_of_change;
    mod laws_of_consent;
    mod laws_of_taking_over;
    mod next_hops;
    mod oracle;
    mod packet;
    mod points;
    mod regressions;
    mod scene;
    mod show;
    mod span;
    mod world;
}
