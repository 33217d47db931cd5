//! OEP-8's, Kube-OVN's and the Atlas operator's documents.

use anyhow::Result;
use peer_tests::Api;
use serde_json::Value;

use super::{
    front::{Front, Side},
    http::text,
};

fn delete(api: &Api, kind: &str, id: &str) -> Result<()> {
    let path = format!("/v1/foreign/{kind}/{id}");
    api.call("DELETE", &path)?.expect(200).map(drop)
}

pub(super) struct Oep8;

impl Front for Oep8 {
    fn name(&self) -> &'static str {
        "oep-8"
    }

    fn ask(&self, api: &Api, side: Side) -> Result<()> {
        let document = format!(
            "apiVersion: networking.api.onmetal.de/v1alpha1\n\
             kind: NetworkPeeringRequest\n\
             metadata: {{ namespace: {}, name: oep }}\n\
             spec:\n  localNetworkRef: {{ name: {} }}\n  \
             remoteNetworkRef: {{ namespace: {}, name: {} }}\n",
            side.team(),
            side.name,
            side.peer_team(),
            side.peer,
        );
        api.apply("", &document).map(drop)
    }

    fn withdraw(&self, api: &Api, side: Side) -> Result<()> {
        let id = format!("{}/oep", side.team());
        delete(api, "networkpeeringrequests", &id)
    }

    fn word(&self, api: &Api, side: Side) -> Result<Option<String>> {
        let path = format!(
            "/v1/foreign/networkpeeringrequests?namespace={}",
            side.team()
        );
        let requests = api.list(&path)?;
        let own = |request: &&Value| request["spec"]["localNetworkRef"]["name"] == side.name;
        let request = requests.iter().find(own);
        Ok(request.map(|request| text(&request["status"]["state"])))
    }

    fn words(&self) -> (Option<&'static str>, &'static str) {
        (Some("pending"), "success")
    }
}

pub(super) struct KubeOvn;

impl KubeOvn {
    fn vpc(side: Side, spec: &str) -> String {
        format!(
            "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {{ name: {} }}\nspec: {spec}\n",
            side.name
        )
    }

    /// A VPC without peerings, which shows in its status what others made.
    pub(super) fn declare(api: &Api, side: Side) -> Result<()> {
        api.apply("", &Self::vpc(side, "{}")).map(drop)
    }
}

impl Front for KubeOvn {
    fn name(&self) -> &'static str {
        "kube-ovn"
    }

    fn ask(&self, api: &Api, side: Side) -> Result<()> {
        let spec = format!(
            "{{ vpcPeerings: [{{ remoteVpc: {}, localConnectIP: {}/30 }}], \
             staticRoutes: [{{ cidr: {}, nextHopIP: {}, policy: policyDst }}] }}",
            side.peer, side.connect, side.peer_prefix, side.peer_connect,
        );
        api.apply("", &Self::vpc(side, &spec)).map(drop)
    }

    fn withdraw(&self, api: &Api, side: Side) -> Result<()> {
        Self::declare(api, side)
    }

    fn word(&self, api: &Api, side: Side) -> Result<Option<String>> {
        let vpc = api.get(&format!("/v1/foreign/vpcs/default/{}", side.name))?;
        let active = vpc["status"]["vpcPeerings"].as_array().cloned();
        let active = active.unwrap_or_default();
        let is_peer = |name: &&Value| **name == side.peer;
        Ok(active.iter().find(is_peer).map(|_| "listed".to_owned()))
    }

    fn words(&self) -> (Option<&'static str>, &'static str) {
        // Only what is active is listed.
        (None, "listed")
    }
}

pub(super) struct Atlas;

impl Front for Atlas {
    fn name(&self) -> &'static str {
        "atlas"
    }

    fn ask(&self, api: &Api, side: Side) -> Result<()> {
        let document = format!(
            "apiVersion: atlas.mongodb.com/v1\n\
             kind: AtlasProject\n\
             metadata: {{ namespace: {}, name: project }}\n\
             spec:\n  name: Project\n  networkPeers:\n  \
             - {{ providerName: AWS, accepterRegionName: eu-west-1, containerId: {}, \
             awsAccountId: {}, vpcId: {}, routeTableCidrBlock: {} }}\n",
            side.team(),
            side.name,
            side.peer_team(),
            side.peer,
            side.peer_prefix,
        );
        api.apply("", &document).map(drop)
    }

    fn withdraw(&self, api: &Api, side: Side) -> Result<()> {
        delete(api, "atlasprojects", &format!("{}/project", side.team()))
    }

    fn word(&self, api: &Api, side: Side) -> Result<Option<String>> {
        let path = format!("/v1/foreign/atlasprojects?namespace={}", side.team());
        let projects = api.list(&path)?;
        let peers = projects
            .first()
            .map(|project| &project["status"]["networkPeers"]);
        Ok(peers.map(|peers| text(&peers[0]["statusName"])))
    }

    fn words(&self) -> (Option<&'static str>, &'static str) {
        (Some("PENDING_ACCEPTANCE"), "AVAILABLE")
    }

    fn shows_all(&self) -> bool {
        // A project's status is of its own entries.
        false
    }
}
