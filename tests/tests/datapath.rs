//! Packets in, packets out: both BPF entries run by BPF_PROG_TEST_RUN.
//!
//! `world` is a forwarding table written by hand and `rig` the kernel that holds
//! it; `packet` builds what goes in and what should come out. `tables` tries the
//! packets written down in tests/packets with everything they should do, `cases` all
//! values of a field; `differential` compares thousands of
//! random ones with `model`, which shares no code with the programs; `policy` is about
//! packets that depend on earlier ones. Needs root.
//!
//! What a test run does not show: the device and the next hop of a redirect
//! (`live` sees the device of XDP's), frames below 14 bytes, and for tc VLAN tags
//! beside the frame, headers in fragments, frames without Ethernet header, IP
//! frames too short for an IP header and those over a page: the kernel injects
//! none of them.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod datapath {
    mod answer;
    mod buckets;
    mod budget;
    mod case;
    mod cases;
    mod checksum;
    mod counters;
    mod differential;
    mod laws;
    mod lengths;
    mod live;
    mod model;
    mod neighbours;
    mod next_hops;
    mod outcome;
    mod packet;
    mod places;
    mod policy;
    mod random;
    mod rig;
    mod route;
    mod sys;
    mod tables;
    mod tally;
    mod transport;
    mod world;
}
