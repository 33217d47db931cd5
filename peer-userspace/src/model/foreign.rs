//! Documents of other systems, kept as they were written.
//!
//! What each says is in `dialect`'s words only as far as its translator needs it. What
//! may be wrong in one entry without touching the others is kept as text: it is judged
//! when it is translated.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde_json::Value;

use super::{Kind, ObjectRef, Rule};

/// One object of another system's.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// Namespace and name; of kinds that have no namespaces, the default one.
    pub id: ObjectRef,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// The document, without its status.
    pub document: Value,
    /// What peerd understands of it.
    pub spec: Spec,
}

impl Eq for Foreign {}

impl Foreign {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match &self.spec {
            Spec::PeeringRequest(_) => Kind::NetworkPeeringRequest,
            Spec::OnmetalNetwork => Kind::OnmetalNetwork,
            Spec::Vpc(_) => Kind::Vpc,
            Spec::Subnet(_) => Kind::Subnet,
            Spec::AtlasProject(_) => Kind::AtlasProject,
            Spec::Net(_) => Kind::Net,
        }
    }
}

/// What peerd understands of a foreign object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// OEP-8's `NetworkPeeringRequest`.
    PeeringRequest(PeeringRequest),
    /// OEP-8's `Network`, which says nothing but its name.
    OnmetalNetwork,
    /// Kube-OVN's `Vpc`.
    Vpc(Vpc),
    /// Kube-OVN's `Subnet`.
    Subnet(Subnet),
    /// The Atlas operator's `AtlasProject`.
    AtlasProject(AtlasProject),
    /// What Outscale's calls set for a Net beside its peerings.
    Net(Net),
}

/// `spec` of a `NetworkPeeringRequest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringRequest {
    /// `localNetworkRef.name`.
    pub local: String,
    /// `remoteNetworkRef.namespace`, by default the document's own.
    pub remote_namespace: String,
    /// `remoteNetworkRef.name`.
    pub remote: String,
}

/// `spec` of a `Vpc`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vpc {
    /// `vpcPeerings`, in order.
    pub peerings: Vec<VpcPeering>,
    /// `staticRoutes` by destination, in order.
    pub routes: Vec<VpcRoute>,
}

/// One entry of `vpcPeerings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcPeering {
    /// `remoteVpc`.
    pub remote: String,
    /// `localConnectIP`: an address with its prefix's length, or one a family,
    /// separated by a comma.
    pub connect: String,
}

/// One entry of `staticRoutes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcRoute {
    /// `cidr`.
    pub to: String,
    /// `nextHopIP`.
    pub next_hop: String,
}

/// `spec` of a `Subnet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// `vpc`; the default one without it.
    pub vpc: Option<String>,
    /// `cidrBlock`: one prefix, or one a family.
    pub prefixes: Vec<IpNet>,
}

/// `spec` of an `AtlasProject`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtlasProject {
    /// `networkPeers`, in order.
    pub peers: Vec<AtlasPeer>,
}

/// One entry of `networkPeers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtlasPeer {
    /// `providerName`.
    pub provider: Provider,
    /// `accepterRegionName`.
    pub accepter_region: Option<String>,
    /// `containerRegion`.
    pub container_region: Option<String>,
    /// `containerId`: a container that exists.
    pub container: Option<String>,
    /// `atlasCidrBlock`: of a container to be made.
    pub cidr: Option<String>,
    /// `routeTableCidrBlock`: what of the peer's is routed.
    pub route_table_cidr: Option<String>,
    /// The account: `awsAccountId`, `azureSubscriptionId`, `gcpProjectId`.
    pub account: Option<String>,
    /// The network in it: `vpcId`, `vnetName`, `networkName`.
    pub network: Option<String>,
    /// `azureDirectoryId`.
    pub azure_directory: Option<String>,
    /// `resourceGroupName`.
    pub resource_group: Option<String>,
}

/// `providerName`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// Amazon.
    Aws,
    /// Microsoft.
    Azure,
    /// Google.
    Gcp,
}

/// What Outscale's calls set for a Net: its id is its network's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Net {
    /// Routes to peers in its route table: destination, and the consent of this Net's.
    pub routes: Vec<(IpNet, ObjectRef)>,
    /// Subnets that were linked to the route table, by their position.
    pub links: Vec<u32>,
    /// What its security group lets in.
    pub inbound: Vec<Rule>,
    /// What its security group lets out; `None` is everything.
    pub outbound: Option<Vec<Rule>>,
}
