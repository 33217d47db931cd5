//! Outscale: what a Net's route table and security group let its peerings carry.
//!
//! There, nothing flows that no route leads to and no rule lets in. So a consent that
//! Outscale's calls made routes what the route table names it for, and allows what the
//! security group does, whatever the network says.

use serde_json::json;

use super::{
    Findings, addresses::prefix, fields::Fields, native_rules::rule, translate::Translator, write,
};
use crate::model::{Foreign, Kind, Net, ObjectRef, Spec};

/// Gives the consents of Outscale's calls the routes and rules of their Nets.
pub(super) fn settings(translator: &mut Translator<'_>) {
    let none = Net::default();
    for consent in translator.table.consents.values_mut() {
        if !consent.origin.is_outscale() {
            continue;
        }
        let settings = translator.declared.foreign.get(&(Kind::Net, consent.own()));
        let net = match settings.map(|foreign| &foreign.spec) {
            Some(Spec::Net(net)) => net,
            _ => &none,
        };
        let routes = net.routes.iter().filter(|(_, by)| *by == consent.id);
        consent.routes = Some(routes.map(|(to, _)| *to).collect());
        consent.allow = Some(net.inbound.clone());
        consent.allow_out = net.outbound.clone();
    }
}

/// What is kept of the settings of the Net that the network `id` is.
pub fn kept(id: &ObjectRef, net: Net) -> Foreign {
    let (api_version, kind) = Kind::Net.words();
    let routes = net.routes.iter();
    let routes = routes.map(|(to, by)| json!({ "to": to, "peering": by.name }));
    let mut spec = json!({
        "routes": routes.collect::<Vec<_>>(),
        "links": net.links,
        "inbound": write::rules(&net.inbound),
    });
    if let Some(outbound) = &net.outbound {
        spec["outbound"] = write::rules(outbound);
    }
    Foreign {
        id: id.clone(),
        labels: Default::default(),
        document: json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": { "namespace": id.namespace, "name": id.name },
            "spec": spec,
        }),
        spec: Spec::Net(net),
    }
}

/// Reads what was kept.
pub(super) fn read_net(
    id: &ObjectRef,
    fields: &mut Fields<'_>,
    findings: &mut Findings,
) -> Option<Net> {
    let routes = fields.required("routes", findings)?;
    let routes = routes.every(findings, |route, findings| {
        let mut fields = route.fields(findings)?;
        let to = fields.required("to", findings)?;
        let peering = fields.required("peering", findings)?;
        let by = ObjectRef {
            namespace: id.namespace.clone(),
            name: peering.name(findings)?,
        };
        Some((prefix(&to, findings)?, by))
    })?;
    let links = fields.required("links", findings)?;
    let links = links.every(findings, |link, findings| {
        let link = link.number("a subnet", (0, u16::MAX), findings)?;
        Some(u32::from(link))
    })?;
    let inbound = fields.required("inbound", findings)?;
    let outbound = match fields.optional("outbound") {
        Some(outbound) => Some(outbound.every(findings, rule)?),
        None => None,
    };
    Some(Net {
        routes,
        links,
        inbound: inbound.every(findings, rule)?,
        outbound,
    })
}
