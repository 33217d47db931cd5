//! The MongoDB Atlas operator: reading `AtlasProject` of atlas.mongodb.com/v1.
//!
//! Owns what an entry of `spec.networkPeers` must say. What is wrong in one entry is
//! that entry's failure and refuses nothing: the operator judges each by itself, too.
//! What entries mean is `atlas_peers`', what is answered `atlas_status`'.

use std::collections::BTreeMap;

use super::{
    Findings,
    addresses::{own_prefix, prefix},
    fields::Fields,
    value::{Value, enumerate},
    yaml::Content,
};
use crate::model::{AtlasPeer, AtlasProject, Provider};

/// The fields of an entry. The operator's documentation also writes `containerID`.
const FIELDS: [&str; 15] = [
    "providerName",
    "accepterRegionName",
    "containerRegion",
    "containerId",
    "containerID",
    "atlasCidrBlock",
    "routeTableCidrBlock",
    "awsAccountId",
    "vpcId",
    "azureDirectoryId",
    "azureSubscriptionId",
    "resourceGroupName",
    "vnetName",
    "gcpProjectId",
    "networkName",
];

/// Which fields an entry must have; the first two name the account and its network.
const fn required(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Aws => &[
            "awsAccountId",
            "vpcId",
            "accepterRegionName",
            "routeTableCidrBlock",
        ],
        Provider::Azure => &[
            "azureSubscriptionId",
            "vnetName",
            "azureDirectoryId",
            "resourceGroupName",
        ],
        Provider::Gcp => &["gcpProjectId", "networkName"],
    }
}

/// Reads the `spec` of an `AtlasProject`.
pub(super) fn read_project(
    fields: &mut Fields<'_>,
    findings: &mut Findings,
) -> Option<AtlasProject> {
    // Every project has one: to warn of it would be noise.
    fields.optional("name");
    let entries = fields.optional("networkPeers").filter(is_written);
    let entries = match entries {
        Some(entries) => entries.items(findings)?,
        None => Vec::new(),
    };
    let peers = entries.iter().map(|entry| read_peer(entry, findings));
    Some(AtlasProject {
        peers: peers.collect(),
    })
}

fn read_peer(entry: &Value<'_>, findings: &mut Findings) -> AtlasPeer {
    let mut own = Findings::default();
    let mut peer = AtlasPeer::default();
    if let Some(mut fields) = entry.fields(&mut own) {
        let written = FIELDS.into_iter().filter_map(|name| {
            let value = fields.optional(name).filter(is_written);
            value.map(|value| (name, value))
        });
        peer = read_fields(entry, &written.collect(), &mut own);
        fields.unsupported(entry, findings);
    }
    let flaws: Vec<String> = own.errors.into_iter().map(|error| error.text).collect();
    if !flaws.is_empty() {
        let flaw = flaws.join("; ");
        findings.warning(entry.node.at, format!("this entry fails: {flaw}"));
        peer.flaw = Some(flaw);
    }
    peer
}

fn read_fields(
    entry: &Value<'_>,
    written: &BTreeMap<&str, Value<'_>>,
    findings: &mut Findings,
) -> AtlasPeer {
    let provider = match written.get("providerName") {
        Some(name) => {
            let known = Provider::ALL.map(|provider| (provider.word(), provider));
            name.one_of("a provider", &known, findings)
        }
        None => Some(Provider::Aws),
    };
    let mut text = |name: &str| {
        // As it is written: account numbers need no quotes.
        let text = written.get(name)?.text("a string", findings)?;
        Some(text.to_owned())
    };
    let required = provider.map_or(&[][..], required);
    let named = |index| required.get(index).copied().unwrap_or_default();
    let mut peer = AtlasPeer {
        provider,
        accepter_region: text("accepterRegionName"),
        container_region: text("containerRegion"),
        container: text("containerId").or_else(|| text("containerID")),
        account: text(named(0)),
        network: text(named(1)),
        ..AtlasPeer::default()
    };
    let cidr = written.get("atlasCidrBlock");
    peer.cidr = cidr.and_then(|cidr| own_prefix(cidr, findings));
    // The operator does not pass it on to other providers.
    let routed = written.get("routeTableCidrBlock");
    let routed = routed.filter(|_| provider == Some(Provider::Aws));
    peer.route_table_cidr = routed.and_then(|routed| prefix(routed, findings));

    let missing = required.iter().copied();
    let missing: Vec<_> = missing.filter(|name| !written.contains_key(name)).collect();
    if let (Some(provider), false) = (provider, missing.is_empty()) {
        let names = enumerate(&missing, "and");
        entry.error(format_args!("{} needs {names}", provider.word()), findings);
    }
    match (&peer.container, cidr) {
        (Some(_), Some(_)) => {
            let text = "containerId is of a container that exists, atlasCidrBlock of a new one; \
                        remove one";
            entry.error(text, findings);
        }
        (None, None) => entry.error("containerId or atlasCidrBlock is missing", findings),
        _ => {}
    }
    peer
}

/// Whether a field is there: to the operator, empty is absent.
fn is_written(value: &Value<'_>) -> bool {
    !value.node.is_null()
        && !matches!(&value.node.content, Content::Quoted(text) if text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Declared, parse},
        *,
    };
    use crate::model::Spec;

    fn project(entries: &str) -> Declared {
        let text = format!(
            "apiVersion: atlas.mongodb.com/v1\nkind: AtlasProject\nmetadata: {{ name: p }}\n\
             spec:\n  networkPeers:\n{entries}"
        );
        parse(&text).unwrap()
    }

    fn peers(entries: &str) -> Vec<AtlasPeer> {
        let Spec::AtlasProject(project) = &project(entries).foreign[0].0.spec else {
            panic!("no AtlasProject");
        };
        project.peers.clone()
    }

    /// What is wrong with the one entry, without its place.
    fn flaw(entry: &str) -> Option<String> {
        let flaw = peers(&format!("  - {entry}\n")).remove(0).flaw;
        flaw.map(|flaw| flaw.replace("spec.networkPeers[0]", ""))
    }

    #[test]
    fn amazon_is_the_provider_where_none_is_named_and_account_numbers_need_no_quotes() {
        let entry = "accepterRegionName: us-east-1, routeTableCidrBlock: 10.0.0.0/24, \
                     vpcId: vpc-1, atlasCidrBlock: 10.8.0.0/21, containerId: \"\"";
        for account in ["123456789012", "\"123456789012\"", "012345678901"] {
            let entry = format!("  - {{ {entry}, awsAccountId: {account} }}\n");
            let peer = peers(&entry).remove(0);
            let expected = AtlasPeer {
                provider: Some(Provider::Aws),
                accepter_region: Some("us-east-1".into()),
                cidr: Some("10.8.0.0/21".parse().unwrap()),
                route_table_cidr: Some("10.0.0.0/24".parse().unwrap()),
                account: Some(account.trim_matches('"').into()),
                network: Some("vpc-1".into()),
                ..AtlasPeer::default()
            };
            assert_eq!(peer, expected);
        }
    }

    #[test]
    fn what_an_entry_lacks_is_named_by_provider() {
        for (entry, expected) in [
            (
                "{ containerId: a }",
                ": AWS needs awsAccountId, vpcId, accepterRegionName and routeTableCidrBlock",
            ),
            (
                "{ providerName: AZURE, containerId: a, vnetName: b, azureDirectoryId: \"\" }",
                ": AZURE needs azureSubscriptionId, azureDirectoryId and resourceGroupName",
            ),
            (
                "{ providerName: GCP, containerId: a, networkName: b, gcpProjectId: null }",
                ": GCP needs gcpProjectId",
            ),
            (
                "{ providerName: GCP, networkName: b, gcpProjectId: c }",
                ": containerId or atlasCidrBlock is missing",
            ),
            (
                "{ providerName: GCP, networkName: b, gcpProjectId: c, containerId: a, \
                 atlasCidrBlock: 10.8.0.0/21 }",
                ": containerId is of a container that exists, atlasCidrBlock of a new one; \
                 remove one",
            ),
            (
                "{ providerName: OCI, containerId: a }",
                ".providerName: `OCI` is not a provider; use AWS, AZURE or GCP",
            ),
            (
                "{ providerName: GCP, networkName: [b], gcpProjectId: c, \
                 atlasCidrBlock: 10.8.0.1/21 }",
                ".networkName: must be a string, not a list; .atlasCidrBlock: `10.8.0.1/21` has \
                 host bits set; write 10.8.0.0/21",
            ),
            ("word", ": must be a mapping, not a string"),
        ] {
            assert_eq!(flaw(entry).as_deref(), Some(expected), "{entry}");
        }
        for good in [
            "{ providerName: GCP, networkName: b, gcpProjectId: c, containerId: a }",
            // Of no use there, as in Atlas.
            "{ providerName: GCP, networkName: b, gcpProjectId: c, containerID: a, \
             routeTableCidrBlock: what }",
        ] {
            assert_eq!(flaw(good), None, "{good}");
        }
    }

    #[test]
    fn a_bad_entry_leaves_the_others_alone_and_is_told() {
        let good = "providerName: GCP, networkName: b, gcpProjectId: c, containerId: a";
        let text = format!("  - {{ {good} }}\n  - {{ vpcId: d }}\n  - {{ {good}, wat: 1 }}\n");
        let read = project(&text);
        let flawed: Vec<bool> = peers(&text).iter().map(|it| it.flaw.is_some()).collect();
        assert_eq!(flawed, [false, true, false]);
        let warnings: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[0].starts_with("7:5: this entry fails: spec.networkPeers[1]: AWS needs"),
            "{warnings:?}"
        );
        assert_eq!(
            warnings[1],
            "8:5: spec.networkPeers[2]: peerd makes nothing of wat"
        );
    }

    #[test]
    fn what_a_project_says_besides_is_named_once() {
        let text = "apiVersion: atlas.mongodb.com/v1\nkind: AtlasProject\n\
                    metadata: { name: p, labels: { app.kubernetes.io/version: 1.6.0 } }\n\
                    spec:\n  name: A Project\n  connectionSecretRef: { name: s }\n  \
                    projectIpAccessList: [{ cidrBlock: 10.0.0.0/8 }]\n";
        let read = parse(text).unwrap();
        let warnings: Vec<_> = read.warnings.iter().map(|it| &*it.text).collect();
        assert_eq!(
            warnings,
            ["spec: peerd makes nothing of connectionSecretRef and projectIpAccessList"]
        );
    }
}
