//! The lab: peerd between network namespaces of its own, for tests and demo.
//!
//! Owns namespaces, traffic and the running daemon, and takes all of it down
//! again. Knows peerd from outside only: its command line, its table, its
//! metrics. Needs root, `ip`, `ping`, `iperf3`, `ethtool` and `nsenter`, and
//! links against none of peerd's crates, so that `cargo xtask` can be built
//! before anything is set up.

mod lab;

pub use lab::{
    api::{Api, Way},
    bare::Bare,
    cleanup::{remove_kept, residue, sweep},
    client::Status,
    daemon::Daemon,
    documents,
    frame::{self, Udp},
    host::{ETH0, Host},
    http::{Answer, Ask, Line},
    interrupt,
    metrics::Metrics,
    namespace::Namespace,
    ping::{PingRun, Pings},
    process::{self, Output},
    programs::Programs,
    scene::Scene,
    socket::{PacketSocket, send_in_order, udp_round_trips},
    store_client::{Reply, StoreClient},
    switch::{Switch, Tags},
    sys::{ForeignXdp, Hook},
    table::{Network, Table},
    tap::Tap,
    tools,
    topology::Lab,
    transfer::{Direction, Load, Transfer, tcp_load, tcp_transfer},
    user::User,
    wait::{SOON, wait_until},
    watch::{Event, Watch},
};
