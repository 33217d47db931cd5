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

/// The VPC of subnets that name none.
pub const DEFAULT_VPC: &str = "ovn-cluster";

/// `spec` of a `Subnet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// `vpc`; the default one without it.
    pub vpc: Option<String>,
    /// `cidrBlock`: one prefix, or one a family.
    pub prefixes: Vec<IpNet>,
}

impl Subnet {
    /// The VPC's name.
    pub fn vpc(&self) -> &str {
        self.vpc.as_deref().unwrap_or(DEFAULT_VPC)
    }
}

/// `spec` of an `AtlasProject`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtlasProject {
    /// `networkPeers`, in order.
    pub peers: Vec<AtlasPeer>,
}

/// One entry of `networkPeers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtlasPeer {
    /// `providerName`; none if peerd does not know it.
    pub provider: Option<Provider>,
    /// `accepterRegionName`.
    pub accepter_region: Option<String>,
    /// `containerRegion`.
    pub container_region: Option<String>,
    /// `containerId`: a container that exists.
    pub container: Option<String>,
    /// `atlasCidrBlock`: of a container to be made.
    pub cidr: Option<IpNet>,
    /// `routeTableCidrBlock`: what of the peer's is routed.
    pub route_table_cidr: Option<IpNet>,
    /// The account: `awsAccountId`, `azureSubscriptionId`, `gcpProjectId`.
    pub account: Option<String>,
    /// The network in it: `vpcId`, `vnetName`, `networkName`.
    pub network: Option<String>,
    /// What is wrong with it, in a sentence: that is no other entry's trouble.
    pub flaw: Option<String>,
}

impl AtlasPeer {
    /// Where the container is: of the same region as the peer unless it says otherwise.
    pub fn region(&self) -> Option<&str> {
        let region = self.container_region.as_deref();
        region.or(self.accepter_region.as_deref())
    }
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

impl Provider {
    /// All providers.
    pub const ALL: [Self; 3] = [Self::Aws, Self::Azure, Self::Gcp];

    /// The word Atlas has for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Azure => "AZURE",
            Self::Gcp => "GCP",
        }
    }

    /// The kind that its networks are of in the `source` of a network.
    pub const fn network_kind(self) -> &'static str {
        match self {
            Self::Aws => "AwsVpc",
            Self::Azure => "AzureVnet",
            Self::Gcp => "GcpNetwork",
        }
    }
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
