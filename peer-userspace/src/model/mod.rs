//! What owners declare: networks, and their consents to peer.
//!
//! Owns the declared types and nothing else. What a document looks like is
//! `dialect`'s, what a declaration amounts to is `lifecycle`'s. Pure.

mod foreign;
mod kind;
mod moment;
mod names;
mod network;
mod peering;
mod rule;
mod source;
mod table;
mod ttl;
pub mod uid;

pub use foreign::{
    AtlasPeer, AtlasProject, DEFAULT_VPC, Foreign, Net, PeeringRequest, Provider, Spec, Subnet,
    Vpc, VpcPeering, VpcRoute,
};
pub use kind::Kind;
pub use moment::Moment;
pub use names::{Name, ObjectRef, PairLabel};
pub use network::{Mode, Network, Port, RouteMode, StaticRoute, Unmanaged};
pub use peering::{AdminState, Consent, Origin, PeerRef};
pub use rule::{PortRange, Protocol, Rule};
pub use source::Source;
pub use table::Table;
pub use ttl::{DEFAULT_REQUEST_TTL, Ttl};
