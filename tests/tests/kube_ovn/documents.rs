//! Kube-OVN's documents, and the Networks that VPCs are.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// A file of `examples/kube-ovn`.
pub(super) fn example(name: &str) -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/kube-ovn");
    let file = folder.join(name);
    fs::read_to_string(&file).with_context(|| file.display().to_string())
}

/// A VPC: the remote one and its own address of each peering, and destination and next hop
/// of each route.
pub(super) fn vpc(name: &str, peerings: &[(&str, &str)], routes: &[(&str, &str)]) -> String {
    let peerings = peerings.iter().map(|(remote, connect)| {
        format!("  - {{ remoteVpc: {remote}, localConnectIP: '{connect}' }}\n")
    });
    let routes = routes
        .iter()
        .map(|(to, by)| format!("  - {{ cidr: '{to}', nextHopIP: '{by}', policy: policyDst }}\n"));
    format!(
        "kind: Vpc\napiVersion: kubeovn.io/v1\nmetadata: {{ name: {name} }}\nspec:\n  \
         vpcPeerings:\n{}  staticRoutes:\n{}---\n",
        peerings.collect::<String>(),
        routes.collect::<String>(),
    )
}

/// A subnet of a VPC.
pub(super) fn subnet(name: &str, vpc: &str, cidr: &str) -> String {
    format!(
        "kind: Subnet\napiVersion: kubeovn.io/v1\nmetadata: {{ name: {name} }}\n\
         spec: {{ vpc: {vpc}, cidrBlock: '{cidr}' }}\n---\n"
    )
}

/// The Network `NAMESPACE/NAME` that is a VPC, with a port.
pub(super) fn network(id: &str, vpc: &str, port: &str) -> String {
    let (namespace, name) = id.split_once('/').unwrap_or(("default", id));
    format!(
        "apiVersion: peerd/v1\nkind: Network\nmetadata: {{ namespace: {namespace}, name: {name} }}\n\
         spec:\n  source: {{ apiVersion: kubeovn.io/v1, kind: Vpc, name: {vpc} }}\n  \
         ports: [{{ interface: {port} }}]\n---\n"
    )
}
