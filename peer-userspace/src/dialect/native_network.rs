//! `kind: Network` of `peerd/v1`.

use ipnet::IpNet;

use super::{
    Findings,
    addresses::{own_prefix, prefix},
    native_metadata::Metadata,
    native_port::Ports,
    native_source::read as read_source,
    value::Value,
};
use crate::model::{Name, Network, RouteMode, StaticRoute, Unmanaged};

/// Reads a network's `spec`.
pub(super) fn read(
    metadata: Metadata,
    spec: &Value<'_>,
    findings: &mut Findings,
) -> Option<Network> {
    let mut fields = spec.fields(findings)?;
    let zone = match fields.optional("zone") {
        Some(zone) => read_zone(&zone, findings),
        None => Some("default".to_owned()),
    };
    let source = match fields.optional("source") {
        Some(source) => read_source(&source, metadata.id.as_ref(), findings).map(Some),
        None => Some(None),
    };
    // What its source says need not be said twice.
    let prefixes = match fields.optional("prefixes") {
        Some(prefixes) => read_prefixes(&prefixes, findings),
        None if !matches!(source, Some(None)) => Some(Vec::new()),
        None => {
            fields.required("prefixes", findings);
            None
        }
    };
    let ports = match fields.optional("ports") {
        Some(ports) => {
            let known = prefixes.as_deref().filter(|prefixes| !prefixes.is_empty());
            let mut reader = Ports::of(known);
            ports.every(findings, |port, findings| reader.read(port, findings))
        }
        None => Some(Vec::new()),
    };
    let routes = match fields.optional("routes") {
        Some(routes) => {
            let choices = [("auto", RouteMode::Auto), ("manual", RouteMode::Manual)];
            routes.one_of("a route mode", &choices, findings)
        }
        None => Some(RouteMode::default()),
    };
    let static_routes = match fields.optional("staticRoutes") {
        Some(static_routes) => read_static_routes(&static_routes, routes, findings),
        None => Some(Vec::new()),
    };
    let unmanaged = match fields.optional("unmanaged") {
        Some(unmanaged) => {
            let choices = [
                ("pass", Unmanaged::Pass),
                ("drop", Unmanaged::Drop),
                ("reject", Unmanaged::Reject),
            ];
            unmanaged.one_of("a policy", &choices, findings)
        }
        None => Some(Unmanaged::default()),
    };
    let auto_accept = match fields.optional("autoAccept") {
        Some(namespaces) => namespaces.every(findings, read_accepted),
        None => Some(Vec::new()),
    };
    fields.finish(&[], findings);
    Some(Network {
        id: metadata.id?,
        labels: metadata.labels?,
        source: source?,
        zone: zone?,
        prefixes: prefixes?.into(),
        ports: ports?,
        routes: routes?,
        static_routes: static_routes?,
        unmanaged: unmanaged?,
        auto_accept: auto_accept?,
    })
}

fn read_zone(value: &Value<'_>, findings: &mut Findings) -> Option<String> {
    let zone = value.string(findings)?;
    if zone.trim().is_empty() {
        value.error(
            "is empty; write the zone's name, or leave it out for `default`",
            findings,
        );
        return None;
    }
    Some(zone.to_owned())
}

/// The network's own prefixes, sorted, none inside another.
fn read_prefixes(value: &Value<'_>, findings: &mut Findings) -> Option<Vec<IpNet>> {
    let read = value.each(findings, |item, findings| {
        let path = item.path.clone();
        own_prefix(item, findings).map(|prefix| (prefix, path, item.node.at))
    })?;
    if read.is_empty() {
        value.error("is empty; list at least one prefix", findings);
        return None;
    }
    let mut good: Vec<_> = read.iter().flatten().collect();
    // Stable, so that of two equal prefixes the later is the superfluous one.
    good.sort_by_key(|(prefix, ..)| *prefix);
    let mut outermost: Vec<(IpNet, &str)> = Vec::new();
    for (prefix, path, at) in &good {
        match outermost.last() {
            // What contains a prefix sorts before it, and only what it contains
            // as well comes between.
            Some((outer, outer_path)) if outer.contains(prefix) => {
                let text = if outer == prefix {
                    format!("{path}: `{prefix}` is already {outer_path}; remove it")
                } else {
                    format!("{path}: `{prefix}` lies inside `{outer}` of {outer_path}; remove it")
                };
                findings.error(*at, text);
            }
            _ => outermost.push((*prefix, path)),
        }
    }
    let complete = outermost.len() == read.len();
    complete.then(|| outermost.into_iter().map(|(prefix, _)| prefix).collect())
}

fn read_static_routes(
    value: &Value<'_>,
    routes: Option<RouteMode>,
    findings: &mut Findings,
) -> Option<Vec<StaticRoute>> {
    let read = value.every(findings, |route, findings| {
        let mut fields = route.fields(findings)?;
        let to = fields
            .required("to", findings)
            .and_then(|to| prefix(&to, findings));
        let peering = fields
            .required("peering", findings)
            .and_then(|peering| peering.name(findings));
        fields.finish(&[], findings);
        Some(StaticRoute {
            to: to?,
            peering: peering?,
        })
    })?;
    if !read.is_empty() && routes == Some(RouteMode::Auto) {
        let text = "has no effect with `routes: auto`; write `routes: manual`, or remove it";
        value.warning(text, findings);
    }
    Some(read)
}

/// A namespace, or `*` for every one.
fn read_accepted(value: &Value<'_>, findings: &mut Findings) -> Option<String> {
    let text = value.string(findings)?;
    if text != "*"
        && let Err(error) = text.parse::<Name>()
    {
        value.error(
            format_args!("{error}, or \"*\" for every namespace"),
            findings,
        );
        return None;
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{
        parse,
        tests::{errors, network},
    };
    use super::*;

    fn read(spec: &str) -> Network {
        parse(&network(spec)).unwrap().networks.remove(0).0
    }

    #[test]
    fn only_prefixes_are_required() {
        let bare = read("prefixes: [10.1.0.0/16]");
        assert_eq!(bare.id.to_string(), "default/blue");
        assert_eq!(bare.zone, "default");
        assert_eq!(
            (bare.routes, bare.unmanaged),
            (RouteMode::Auto, Unmanaged::Pass)
        );
        assert!(bare.labels.is_empty() && bare.ports.is_empty());
        assert!(bare.static_routes.is_empty() && bare.auto_accept.is_empty());
        assert_eq!(errors(&network("zone: a")), ["5:3: spec.prefixes: missing"]);
        assert_eq!(
            errors(&network("prefixes: []")),
            ["5:13: spec.prefixes: is empty; list at least one prefix"]
        );
        assert_eq!(
            errors(&network("prefixes:")),
            ["5:11: spec.prefixes: has no value; write a list"]
        );
        assert_eq!(
            errors(&network("prefixes: 10.1.0.0/16")),
            ["5:13: spec.prefixes: must be a list; write [10.1.0.0/16]"]
        );
    }

    #[test]
    fn the_order_of_prefixes_leaves_no_trace() {
        let prefixes = read("prefixes: ['fd00:1::/48', 10.2.0.0/16, 10.1.0.0/16]").prefixes;
        let written: Vec<_> = prefixes.iter().map(ToString::to_string).collect();
        assert_eq!(written, ["10.1.0.0/16", "10.2.0.0/16", "fd00:1::/48"]);
    }

    #[test]
    fn prefixes_inside_another_are_errors_that_name_both() {
        let spec = "prefixes:\n- 10.1.2.0/24\n- 10.2.0.0/16\n- 10.1.0.0/16\n- 10.1.2.0/25\n\
                    - 10.2.0.0/16\n- 10.1.0.1/16";
        assert_eq!(
            errors(&network(spec)),
            [
                "6:5: spec.prefixes[0]: `10.1.2.0/24` lies inside `10.1.0.0/16` \
                 of spec.prefixes[2]; remove it",
                "9:5: spec.prefixes[3]: `10.1.2.0/25` lies inside `10.1.0.0/16` \
                 of spec.prefixes[2]; remove it",
                "10:5: spec.prefixes[4]: `10.2.0.0/16` is already spec.prefixes[1]; remove it",
                "11:5: spec.prefixes[5]: `10.1.0.1/16` has host bits set; write 10.1.0.0/16",
            ]
        );
    }

    #[test]
    fn every_field_has_its_own_error() {
        let spec = "zone: true\nprefixes: [10.1.0.0/16]\nports: {}\nroutes: static\n\
                    staticRoutes: [{ to: 10.2.0.0/16 }, { peering: B, to: x, via: y }]\n\
                    unmanaged: forward\nautoAccept: [Green, '*', 7]\nprefxies: []\nfirewall: {}";
        assert_eq!(
            errors(&network(spec)),
            [
                "5:9: spec.zone: `true` is read as a boolean; write \"true\" in quotes",
                "7:10: spec.ports: must be a list, not a mapping",
                "8:11: spec.routes: `static` is not a route mode; use auto or manual",
                "9:18: spec.staticRoutes[0].peering: missing",
                "9:50: spec.staticRoutes[1].peering: `B` is not a DNS label: use 1 to 63 of \
                 a-z, 0-9 and -, starting and ending with a letter or digit",
                "9:57: spec.staticRoutes[1].to: `x` is not a prefix; \
                 write a prefix such as 10.1.0.0/16 or \"fd00:1::/48\"",
                "9:60: spec.staticRoutes[1].via: unknown field; the known ones are to and peering",
                "10:14: spec.unmanaged: `forward` is not a policy; use pass, drop or reject",
                "11:16: spec.autoAccept[0]: `Green` is not a DNS label: use 1 to 63 of \
                 a-z, 0-9 and -, starting and ending with a letter or digit, \
                 or \"*\" for every namespace",
                "11:28: spec.autoAccept[2]: `7` is read as a number; write \"7\" in quotes",
                "12:3: spec.prefxies: unknown field; did you mean `prefixes`?",
                "13:3: spec.firewall: unknown field; the known ones are zone, source, prefixes, ports, \
                 routes, staticRoutes, unmanaged and autoAccept",
            ]
        );
        assert_eq!(
            errors(&network("zone: ' '\nprefixes: [10.1.0.0/16]")),
            ["5:9: spec.zone: is empty; write the zone's name, or leave it out for `default`"]
        );
    }

    #[test]
    fn an_unquoted_star_is_told_to_be_quoted() {
        assert_eq!(
            errors(&network("prefixes: [10.1.0.0/16]\nautoAccept: [*]")),
            [
                "6:16: not valid YAML: while scanning an anchor or alias, did not find expected \
              alphabetic or numeric character; write \"*\" in quotes"
            ]
        );
        let open = read("prefixes: [10.1.0.0/16]\nautoAccept: ['*', green]");
        assert_eq!(open.auto_accept, ["*", "green"]);
    }

    #[test]
    fn manual_routes_are_kept_in_order_and_warn_of_nothing() {
        let text = network(
            "prefixes: [10.1.0.0/16]\nroutes: manual\n\
             staticRoutes: [{ to: 10.3.0.0/16, peering: b }, { to: 0.0.0.0/0, peering: a }]",
        );
        let declared = parse(&text).unwrap();
        assert!(declared.warnings.is_empty());
        let network = &declared.networks[0].0;
        let written: Vec<_> = network
            .static_routes
            .iter()
            .map(|route| format!("{} {}", route.to, route.peering))
            .collect();
        assert_eq!(network.routes, RouteMode::Manual);
        assert_eq!(written, ["10.3.0.0/16 b", "0.0.0.0/0 a"]);
    }

    #[test]
    fn a_source_says_what_another_system_calls_it() {
        let vpc = "source: { apiVersion: kubeovn.io/v1, kind: Vpc, name: vpc-1 }";
        let network = read(vpc);
        assert!(network.prefixes.is_empty(), "its source is to say them");
        assert_eq!(network.source.unwrap().to_string(), "Vpc vpc-1");
        let onmetal = "apiVersion: networking.api.onmetal.de/v1alpha1, kind: Network";
        let own = read(&format!("source: {{ {onmetal}, name: a }}"));
        assert_eq!(own.source.unwrap().to_string(), "Network default/a");
        assert_eq!(
            errors(&super::super::tests::network(&format!(
                "source: {{ {onmetal}, namespace: other, name: a }}"
            ))),
            [
                "5:11: spec.source: Network other/a is not in namespace default: \
              a Network can only stand for what its own namespace has"
            ]
        );
    }

    #[test]
    fn a_source_is_a_mapping() {
        assert_eq!(
            errors(&network("prefixes: [10.1.0.0/16]\nsource: vpc-a")),
            ["6:11: spec.source: must be a mapping, not a string"]
        );
    }
}
