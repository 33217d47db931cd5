//! `kind: Peering` of `peerd/v1`: one side's consent.

use uuid::Uuid;

use super::{
    Findings, addresses::prefix, native_metadata::Metadata, native_rules::rule,
    native_source::read_named, value::Value,
};
use crate::model::{AdminState, Consent, Name, ObjectRef, Origin, PeerRef, Ttl};

/// Reads a consent's `spec`.
pub(super) fn read(
    metadata: Metadata,
    spec: &Value<'_>,
    findings: &mut Findings,
) -> Option<Consent> {
    let mut fields = spec.fields(findings)?;
    let description = match fields.optional("description") {
        Some(description) => read_description(&description, findings).map(Some),
        None => Some(None),
    };
    let network = fields
        .required("network", findings)
        .and_then(|network| network.name(findings));
    let own_namespace = metadata.id.as_ref().map(|id| &id.namespace);
    let peer = fields
        .required("peer", findings)
        .and_then(|peer| read_peer(&peer, own_namespace, findings));
    let admin_state = match fields.optional("adminState") {
        Some(state) => {
            let choices = [("up", AdminState::Up), ("down", AdminState::Down)];
            state.one_of("an admin state", &choices, findings)
        }
        None => Some(AdminState::default()),
    };
    let export = match fields.optional("export") {
        Some(export) => export.every(findings, prefix).map(Some),
        None => Some(None),
    };
    let routes = match fields.optional("routes") {
        Some(routes) => routes.every(findings, prefix).map(Some),
        None => Some(None),
    };
    let mut rules = |name, findings: &mut Findings| match fields.optional(name) {
        Some(rules) => rules.every(findings, rule).map(Some),
        None => Some(None),
    };
    let (allow, allow_out) = (rules("allow", findings), rules("allowOut", findings));
    let ttl = match fields.optional("ttl") {
        Some(ttl) => read_ttl(&ttl, findings).map(Some),
        None => Some(None),
    };
    let hops = match fields.optional("hops") {
        Some(hops) => hops.number("a number of hops", (1, 2), findings),
        None => Some(1),
    };
    fields.finish(&[], findings);
    Some(Consent {
        id: metadata.id?,
        labels: metadata.labels?,
        description: description?,
        network: network?,
        peer: peer?,
        admin_state: admin_state?,
        export: export?,
        routes: routes?,
        allow: allow?,
        allow_out: allow_out?,
        ttl: ttl?,
        hops: if hops? == 2 { 2 } else { 1 },
        origin: Origin::Native,
        objection: None,
    })
}

fn read_peer(
    value: &Value<'_>,
    own_namespace: Option<&Name>,
    findings: &mut Findings,
) -> Option<PeerRef> {
    let mut fields = value.fields(findings)?;
    let namespace = match fields.optional("namespace") {
        Some(namespace) => namespace.name(findings),
        None => own_namespace.cloned(),
    };
    let (id, source) = (fields.optional("id"), fields.optional("source"));
    let network = match (&id, &source) {
        (None, None) => fields.required("network", findings),
        // They stand for the network, whatever its namespace.
        _ => fields.optional("network"),
    };
    let name = network.as_ref().and_then(|network| network.name(findings));
    fields.finish(&[], findings);
    let others = [("id", &id), ("source", &source)];
    let other = others.iter().find(|(_, other)| other.is_some());
    if let (Some(network), Some((other, _))) = (&network, other) {
        network.error(
            format_args!("is named by `{other}` already; remove one of them"),
            findings,
        );
        return None;
    }
    let id = match (id, source) {
        (Some(id), None) => id,
        (None, Some(source)) => {
            return read_named(&source, findings).map(|source| PeerRef::Source(source, None));
        }
        (Some(_), Some(source)) => {
            source.error("is named by `id` already; remove one of them", findings);
            return None;
        }
        (None, None) => {
            return Some(PeerRef::Network(ObjectRef {
                namespace: namespace?,
                name: name?,
            }));
        }
    };
    let text = id.text("a network's uid", findings)?;
    match Uuid::parse_str(text) {
        Ok(uid) => Some(PeerRef::Id(uid, None)),
        Err(_) => {
            let text = format!("`{text}` is not the uid of a network, as its metadata has it");
            id.error(text, findings);
            None
        }
    }
}

/// One line of at most 255 characters, as UpCloud's names are.
fn read_description(value: &Value<'_>, findings: &mut Findings) -> Option<String> {
    let text = value.string(findings)?;
    let length = text.chars().count();
    if length == 0 || length > 255 || text.contains(char::is_control) {
        value.error("must be one line of 1 to 255 characters", findings);
        return None;
    }
    Some(text.to_owned())
}

/// A count of days, hours, minutes or seconds, or `never`.
fn read_ttl(value: &Value<'_>, findings: &mut Findings) -> Option<Ttl> {
    let text = value.text("a duration such as 7d, 12h, 30m or 45s, or never", findings)?;
    let ttl = text.parse();
    if ttl.is_err() {
        let text = format!(
            "`{text}` is not a duration; write a number with d, h, m or s such as 7d, or never"
        );
        value.error(text, findings);
    }
    ttl.ok()
}

#[cfg(test)]
mod tests {
    use super::super::{
        parse,
        tests::{errors, peering},
    };
    use super::*;

    const SHORTEST: &str = "network: blue\npeer: { network: green }\n";

    fn read(more: &str) -> Consent {
        parse(&peering(&format!("{SHORTEST}{more}")))
            .unwrap()
            .consents
            .remove(0)
            .0
    }

    fn peer(consent: &Consent) -> String {
        consent.peer.network().unwrap().to_string()
    }

    /// Errors of fields after the shortest spec, from line 7 and column 3 on.
    fn errors_of(more: &str) -> Vec<String> {
        errors(&peering(&format!("{SHORTEST}{more}")))
    }

    #[test]
    fn network_and_peer_are_all_that_is_required() {
        let shortest = read("");
        assert_eq!(shortest.own().to_string(), "default/blue");
        assert_eq!(peer(&shortest), "default/green");
        assert_eq!(
            (shortest.admin_state, shortest.export),
            (AdminState::Up, None)
        );
        assert_eq!((shortest.ttl, shortest.hops), (None, 1));
        assert_eq!(
            errors(&peering("ttl: never")),
            ["5:3: spec.network: missing", "5:3: spec.peer: missing"]
        );
    }

    #[test]
    fn the_peers_namespace_is_the_documents_own_unless_it_says_otherwise() {
        let text = peering(SHORTEST).replace("name: blue", "namespace: team, name: blue");
        let consent = parse(&text).unwrap().consents.remove(0).0;
        assert_eq!(peer(&consent), "team/green");
        let other = text.replace("{ network: green", "{ namespace: other, network: green");
        let consent = parse(&other).unwrap().consents.remove(0).0;
        assert_eq!(peer(&consent), "other/green");
    }

    #[test]
    fn a_peer_is_named_by_its_network() {
        let label = "is not a DNS label: use 1 to 63 of a-z, 0-9 and -, \
                     starting and ending with a letter or digit";
        assert_eq!(
            errors(&peering(
                "network: a/b\npeer: { namespace: X, netwrok: green }"
            )),
            [
                format!("5:12: spec.network: `a/b` {label}"),
                "6:9: spec.peer.network: missing".to_owned(),
                format!("6:22: spec.peer.namespace: `X` {label}"),
                "6:25: spec.peer.netwrok: unknown field; did you mean `network`?".to_owned(),
            ]
        );
        let uid = "5f1c9a52-0a6b-4b5e-8a5f-000000000001";
        let named = format!("network: a\npeer: {{ id: {uid} }}");
        let consent = parse(&peering(&named)).unwrap().consents.remove(0).0;
        assert_eq!(
            consent.peer,
            PeerRef::Id(Uuid::parse_str(uid).unwrap(), None)
        );
        assert_eq!(
            errors(&peering("network: a\npeer: { id: 5f1c9a52, uuid: x }")),
            [
                "6:15: spec.peer.id: `5f1c9a52` is not the uid of a network, as its metadata has it",
                "6:25: spec.peer.uuid: unknown field; the known ones are namespace, id, source and network",
            ]
        );
        assert_eq!(
            errors(&peering(&format!(
                "network: a\npeer: {{ id: {uid}, network: b }}"
            ))),
            ["6:62: spec.peer.network: is named by `id` already; remove one of them"]
        );
        assert_eq!(
            errors(&peering("network: a\npeer: green")),
            ["6:9: spec.peer: must be a mapping, not a string"]
        );
    }

    #[test]
    fn an_empty_export_is_not_an_absent_one() {
        assert_eq!(read("export: []").export, Some(vec![]));
        let export = read("export: [10.1.0.0/17, 0.0.0.0/0]").export;
        assert_eq!(export.map(|export| export.len()), Some(2));
        // Every entry commented out: nobody means "all of my prefixes" by that.
        assert_eq!(
            errors_of("export:"),
            ["7:9: spec.export: has no value; write a list"]
        );
        assert_eq!(
            errors_of("export: [10.1.0.1/17, 127.0.0.0/8]"),
            [
                "7:12: spec.export[0]: `10.1.0.1/17` has host bits set; write 10.1.0.0/17",
                "7:25: spec.export[1]: `127.0.0.0/8` is never forwarded: \
                 127.0.0.0/8 is loopback; remove it",
            ]
        );
    }

    #[test]
    fn admin_state_is_up_or_down() {
        assert_eq!(read("adminState: down").admin_state, AdminState::Down);
        assert_eq!(
            errors_of("adminState: off"),
            ["7:15: spec.adminState: `off` is not an admin state; use up or down"]
        );
    }

    #[test]
    fn a_ttl_is_a_duration_or_never() {
        assert_eq!(read("ttl: '1d'").ttl, Some(Ttl::Seconds(86_400)));
        assert_eq!(read("ttl: never").ttl, Some(Ttl::Never));
        for bad in ["7", "1w", "-1d"] {
            let expected = format!(
                "7:8: spec.ttl: `{bad}` is not a duration; \
                 write a number with d, h, m or s such as 7d, or never"
            );
            assert_eq!(errors_of(&format!("ttl: {bad}")), [expected]);
        }
    }

    #[test]
    fn what_cannot_be_enforced_is_noted_and_no_error() {
        assert_eq!(read("hops: 2").hops, 2);
        assert_eq!(read("hops: 1").hops, 1);
        assert_eq!(
            errors_of("hops: 3"),
            ["7:9: spec.hops: `3` is not a number of hops; use a number from 1 to 2"]
        );
    }

    #[test]
    fn no_rules_are_not_the_same_as_none_given() {
        let consent = read("allow: []\nallowOut: [{ protocol: icmp }, {}]");
        assert_eq!(consent.allow, Some(vec![]));
        assert_eq!(consent.allow_out.map(|rules| rules.len()), Some(2));
        let none = read("");
        assert_eq!((none.allow, none.allow_out), (None, None));
    }

    #[test]
    fn rules_are_mappings_with_known_fields() {
        assert_eq!(
            errors_of("allow:\nallowOut: [tcp, { port: 80 }, { action: drop }]"),
            [
                "7:8: spec.allow: has no value; write a list",
                "8:14: spec.allowOut[0]: must be a mapping, not a string",
                "8:21: spec.allowOut[1].port: unknown field; did you mean `ports`?",
                "8:35: spec.allowOut[2].action: unknown field; \
                 the known ones are protocol, ports, from and to",
            ]
        );
    }

    #[test]
    fn other_fields_are_errors() {
        assert_eq!(
            errors_of("exports: []\npriority: 1"),
            [
                "7:3: spec.exports: unknown field; did you mean `export`?",
                "8:3: spec.priority: unknown field; the known ones are description, network, \
                 peer, adminState, export, routes, allow, allowOut, ttl and hops",
            ]
        );
    }
}
