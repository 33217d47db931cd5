//! What owners declare: networks, and their consents to peer.
//!
//! Owns the declared types and nothing else. What a document looks like is
//! `dialect`'s, what a declaration amounts to is `lifecycle`'s. Pure.

mod moment;
mod names;
mod network;
mod peering;
mod rule;
mod table;
mod ttl;

pub use moment::Moment;
pub use names::{Name, ObjectRef, PairLabel};
pub use network::{Mode, Network, Port, RouteMode, StaticRoute, Unmanaged};
pub use peering::{AdminState, Consent, PeerRef};
pub use rule::{PortRange, Protocol, Rule};
pub use table::{Kind, Table};
pub use ttl::{DEFAULT_REQUEST_TTL, Ttl};
