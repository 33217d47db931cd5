//! Security groups: each Net has one, which judges what its peerings may carry.

use peer_common::MAX_RULES;
use serde_json::{Value, json};

use super::{
    Call,
    errors::Error,
    filters::{Known, Query, TAGS, Type},
    ids::Resource,
    nets::{self, Net},
    params::Params,
    rules::{self, Flow},
    settings,
};
use crate::{
    daemon::Snapshot,
    model::{self, Rule},
};

const FILTERS: [Known; 18] = [
    ("SecurityGroupIds", Type::Texts, "SecurityGroupId"),
    ("SecurityGroupNames", Type::Texts, "SecurityGroupName"),
    ("Descriptions", Type::Texts, "Description"),
    ("NetIds", Type::Texts, "NetId"),
    (
        "InboundRuleProtocols",
        Type::Texts,
        "InboundRules/*/IpProtocol",
    ),
    (
        "InboundRuleIpRanges",
        Type::Texts,
        "InboundRules/*/IpRanges/*",
    ),
    (
        "InboundRuleFromPortRanges",
        Type::Numbers,
        "InboundRules/*/FromPortRange",
    ),
    (
        "InboundRuleToPortRanges",
        Type::Numbers,
        "InboundRules/*/ToPortRange",
    ),
    (
        "OutboundRuleProtocols",
        Type::Texts,
        "OutboundRules/*/IpProtocol",
    ),
    (
        "OutboundRuleIpRanges",
        Type::Texts,
        "OutboundRules/*/IpRanges/*",
    ),
    (
        "OutboundRuleFromPortRanges",
        Type::Numbers,
        "OutboundRules/*/FromPortRange",
    ),
    (
        "OutboundRuleToPortRanges",
        Type::Numbers,
        "OutboundRules/*/ToPortRange",
    ),
    // Nothing has what these ask for: no rule names a member.
    (
        "InboundRuleAccountIds",
        Type::Texts,
        "InboundRules/*/Members",
    ),
    (
        "InboundRuleSecurityGroupIds",
        Type::Texts,
        "InboundRules/*/Members",
    ),
    (
        "InboundRuleSecurityGroupNames",
        Type::Texts,
        "InboundRules/*/Members",
    ),
    (
        "OutboundRuleAccountIds",
        Type::Texts,
        "OutboundRules/*/Members",
    ),
    (
        "OutboundRuleSecurityGroupIds",
        Type::Texts,
        "OutboundRules/*/Members",
    ),
    (
        "OutboundRuleSecurityGroupNames",
        Type::Texts,
        "OutboundRules/*/Members",
    ),
];

/// `ReadSecurityGroups`.
pub(super) fn read(call: &Call, mut params: Params) -> Result<Value, Error> {
    let query = Query::read(&mut params, &[&FILTERS, &TAGS])?;
    params.finish()?;
    let snapshot = call.shared.snapshot();
    let groups = nets::seen(&snapshot, &call.caller).map(|net| {
        let id = Resource::SecurityGroup.id(net.uid);
        (id, json(&snapshot, net))
    });
    Ok(query.answer("SecurityGroups", groups))
}

fn json(snapshot: &Snapshot, net: Net<'_>) -> Value {
    let settings = settings::of(&snapshot.declared.stored, &net.network.id);
    let outbound = outbound(&settings, net);
    json!({
        "SecurityGroupId": Resource::SecurityGroup.id(net.uid),
        "SecurityGroupName": "default",
        "Description": "What the Net's peerings may carry",
        "AccountId": net.network.id.namespace,
        "NetId": Resource::Net.id(net.uid),
        "InboundRules": rules::json(&settings.inbound, Flow::Inbound),
        "OutboundRules": rules::json(&outbound, Flow::Outbound),
        "Tags": [],
    })
}

/// What it lets out; by default everything.
fn outbound(settings: &model::Net, net: Net<'_>) -> Vec<Rule> {
    let everything = || Flow::Outbound.everything(&net.network.prefixes);
    settings.outbound.clone().unwrap_or_else(everything)
}

/// `CreateSecurityGroupRule`.
pub(super) async fn create_rule(call: &Call, params: Params) -> Result<Value, Error> {
    change(call, params, |known, given| {
        for rule in given {
            if known.contains(&rule) {
                return Err(Error::rule_exists(said("is there already", &rule)));
            }
            known.push(rule);
        }
        if known.len() > MAX_RULES {
            return Err(Error::too_many_rules(format!(
                "at most {MAX_RULES} rules of a flow can be enforced, each IP range of a rule \
                 counted; this would make it {}",
                known.len()
            )));
        }
        Ok(())
    })
    .await
}

/// `DeleteSecurityGroupRule`.
pub(super) async fn delete_rule(call: &Call, params: Params) -> Result<Value, Error> {
    change(call, params, |known, given| {
        for rule in given {
            let before = known.len();
            known.retain(|known| *known != rule);
            if known.len() == before {
                return Err(Error::no_rule(said("does not exist", &rule)));
            }
        }
        Ok(())
    })
    .await
}

fn said(what: &str, rule: &Rule) -> String {
    let ends = rule.from.iter().chain(&rule.to);
    let ends: Vec<String> = ends.map(ToString::to_string).collect();
    format!("the rule about {} {what}", ends.join(", "))
}

async fn change(
    call: &Call,
    mut params: Params,
    change: fn(&mut Vec<Rule>, Vec<Rule>) -> Result<(), Error>,
) -> Result<Value, Error> {
    let group = params.required_text("SecurityGroupId")?;
    let flow = Flow::read(&mut params)?;
    let given = rules::read(&mut params, flow)?;
    params.finish()?;
    let id = group.clone();
    let kind = Resource::SecurityGroup;
    let (_, snapshot) = call
        .write(move |caller, snapshot, stored| {
            let net = nets::own(snapshot, caller, (kind, &id), Error::no_group)?;
            settings::change(stored, caller, &net.network.id, |settings| match flow {
                Flow::Inbound => change(&mut settings.inbound, given),
                Flow::Outbound => {
                    let mut rules = outbound(settings, net);
                    change(&mut rules, given)?;
                    settings.outbound = Some(rules);
                    Ok(())
                }
            })
        })
        .await?;
    let net = nets::own(&snapshot, &call.caller, (kind, &group), Error::no_group)?;
    Ok(json!({ "SecurityGroup": json(&snapshot, net) }))
}
