//! What peerd costs with many peerings: measurements, not tests.
//! `cargo xtask test -- --ignored --nocapture measure_ten_thousand`
//!
//! `site` makes the many networks, `stream` the packets that show when a peering
//! opens and closes, `rounds` accepts and withdraws one peering again and again.

#[cfg(test)]
mod scale {
    mod figures;
    mod measure;
    mod memory;
    mod rounds;
    mod site;
    mod stream;
}
