//! Native, UpCloud's and Outscale's APIs.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Api, Ask};
use serde_json::{Value, json};

use super::front::{Front, Side};

pub(super) struct Native;

impl Native {
    fn consent(api: &Api, side: Side) -> Result<Option<Value>> {
        let own = format!("/v1/peerings?namespace={}&incoming=false", side.team());
        let all = api.list(&own)?;
        let live = |consent: &&Value| {
            consent["spec"]["network"] == side.name
                && consent["metadata"]["namespace"] == side.team()
                && consent["status"]["state"] != "deleted"
        };
        Ok(all.iter().find(live).cloned())
    }
}

impl Front for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn ask(&self, api: &Api, side: Side) -> Result<()> {
        let consent = peer_tests::documents::consent(
            &format!("{}/native", side.team()),
            side.name,
            &format!("{}/{}", side.peer_team(), side.peer),
        );
        api.put("POST", "/v1/peerings", &consent)?
            .expect(201)
            .map(drop)
    }

    fn answer(&self, api: &Api, side: Side) -> Result<()> {
        let incoming = format!("/v1/peerings?namespace={}&incoming=true", side.team());
        let requests = api.list(&incoming)?;
        let request = requests.first().context("no request comes in")?;
        let path = format!(
            "/v1/peerings/{}/accept",
            peer_tests::documents::name(request)
        );
        let accepted = api.put("POST", &path, &json!({ "name": "native" }))?;
        accepted.expect(201).map(drop)
    }

    fn withdraw(&self, api: &Api, side: Side) -> Result<()> {
        let path = format!("/v1/peerings/{}/native", side.team());
        api.call("DELETE", &path)?.expect(200).map(drop)
    }

    fn word(&self, api: &Api, side: Side) -> Result<Option<String>> {
        let consent = Self::consent(api, side)?;
        Ok(consent.map(|consent| text(&consent["status"]["state"])))
    }

    fn words(&self) -> (Option<&'static str>, &'static str) {
        (Some("pending"), "active")
    }
}

pub(super) struct UpCloud;

impl UpCloud {
    fn uuid(api: &Api, name: &str) -> Result<String> {
        let all = api.get("/1.3/network")?;
        let networks = all["networks"]["network"].as_array().cloned();
        let networks = networks.unwrap_or_default();
        let found = networks.iter().find(|network| network["name"] == name);
        let found = found.with_context(|| format!("UpCloud's API lists no network {name}"))?;
        Ok(text(&found["uuid"]))
    }

    fn own(api: &Api, side: Side) -> Result<Option<Value>> {
        let uuid = Self::uuid(api, side.name)?;
        let all = api.get("/1.3/network-peering")?;
        let all = all["network_peerings"]["network_peering"]
            .as_array()
            .cloned();
        let mut all = all.context("no list of peerings")?.into_iter();
        Ok(all.find(|peering| peering["network"]["uuid"] == uuid))
    }
}

impl Front for UpCloud {
    fn name(&self) -> &'static str {
        "upcloud"
    }

    fn ask(&self, api: &Api, side: Side) -> Result<()> {
        let body = json!({ "network_peering": {
            "name": format!("{} -> {}", side.name, side.peer),
            "configured_status": "active",
            "network": { "uuid": Self::uuid(api, side.name)? },
            "peer_network": { "uuid": Self::uuid(api, side.peer)? },
        } });
        api.put("POST", "/1.3/network-peering", &body)?
            .expect(201)
            .map(drop)
    }

    fn withdraw(&self, api: &Api, side: Side) -> Result<()> {
        let own = Self::own(api, side)?.context("UpCloud's API lists no own peering")?;
        let path = format!("/1.3/network-peering/{}", text(&own["uuid"]));
        let down = json!({ "network_peering": { "configured_status": "disabled" } });
        let down = api.put("PATCH", &path, &down)?.expect(200)?;
        ensure!(down["network_peering"]["state"] == "disabled", "{down}");
        let gone = api.send(&Ask::new("DELETE", &path))?;
        ensure!(gone.status == 204, "DELETE answers {}", gone.status);
        Ok(())
    }

    fn word(&self, api: &Api, side: Side) -> Result<Option<String>> {
        Ok(Self::own(api, side)?.map(|peering| text(&peering["state"])))
    }

    fn words(&self) -> (Option<&'static str>, &'static str) {
        (Some("pending-peer"), "active")
    }
}

pub(super) struct Outscale;

impl Outscale {
    fn call(api: &Api, action: &str, body: &Value) -> Result<Value> {
        let answer = api.put("POST", &format!("/api/v1/{action}"), body)?;
        answer
            .expect(200)
            .with_context(|| format!("{action} {body}"))
    }

    fn net(api: &Api, owner: &str) -> Result<String> {
        let all = Self::call(api, "ReadNets", &json!({}))?;
        let nets = all["Nets"].as_array().cloned().unwrap_or_default();
        let upcloud = api.get("/1.3/network")?;
        let networks = upcloud["networks"]["network"].as_array().cloned();
        let networks = networks.unwrap_or_default();
        let uuid = networks.iter().find(|network| network["name"] == owner);
        let uuid = text(&uuid.context("no such network")?["uuid"]);
        let id = format!("vpc-{}", &uuid[..8]);
        ensure!(
            nets.iter().any(|net| net["NetId"] == id),
            "{id} in {nets:?}"
        );
        Ok(id)
    }

    fn peering(api: &Api, side: Side) -> Result<Option<Value>> {
        let (own, peer) = (Self::net(api, side.name)?, Self::net(api, side.peer)?);
        let all = Self::call(api, "ReadNetPeerings", &json!({}))?;
        let all = all["NetPeerings"].as_array().cloned().unwrap_or_default();
        let ended = ["deleted", "rejected", "failed", "expired"];
        let mut live = all.into_iter().filter(|peering| {
            let ids = [
                &peering["SourceNet"]["NetId"],
                &peering["AccepterNet"]["NetId"],
            ];
            let state = peering["State"]["Name"].as_str().unwrap_or_default();
            ids.iter().all(|id| **id == *own || **id == *peer) && !ended.contains(&state)
        });
        Ok(live.next())
    }

    fn id(api: &Api, side: Side) -> Result<Value> {
        let peering = Self::peering(api, side)?.context("Outscale's API lists no NetPeering")?;
        Ok(peering["NetPeeringId"].clone())
    }
}

impl Front for Outscale {
    fn name(&self) -> &'static str {
        "outscale"
    }

    fn ask(&self, api: &Api, side: Side) -> Result<()> {
        let body = json!({
            "SourceNetId": Self::net(api, side.name)?,
            "AccepterNetId": Self::net(api, side.peer)?,
            "AccepterOwnerId": side.peer_team(),
        });
        Self::call(api, "CreateNetPeering", &body).map(drop)
    }

    fn answer(&self, api: &Api, side: Side) -> Result<()> {
        let body = json!({ "NetPeeringId": Self::id(api, side)? });
        Self::call(api, "AcceptNetPeering", &body).map(drop)
    }

    fn open(&self, api: &Api, side: Side) -> Result<()> {
        let net = Self::net(api, side.name)?;
        let (table, group) = (net.replace("vpc-", "rtb-"), net.replace("vpc-", "sg-"));
        let route = json!({
            "RouteTableId": table,
            "DestinationIpRange": side.peer_prefix,
            "NetPeeringId": Self::id(api, side)?,
        });
        Self::call(api, "CreateRoute", &route)?;
        let rule = json!({
            "SecurityGroupId": group,
            "Flow": "Inbound",
            "IpProtocol": "-1",
            "IpRange": side.peer_prefix,
        });
        Self::call(api, "CreateSecurityGroupRule", &rule).map(drop)
    }

    fn close(&self, api: &Api, side: Side) -> Result<()> {
        let group = Self::net(api, side.name)?.replace("vpc-", "sg-");
        let rule = json!({
            "SecurityGroupId": group,
            "Flow": "Inbound",
            "IpProtocol": "-1",
            "IpRange": side.peer_prefix,
        });
        Self::call(api, "DeleteSecurityGroupRule", &rule).map(drop)
    }

    fn withdraw(&self, api: &Api, side: Side) -> Result<()> {
        let body = json!({ "NetPeeringId": Self::id(api, side)? });
        Self::call(api, "DeleteNetPeering", &body).map(drop)
    }

    fn word(&self, api: &Api, side: Side) -> Result<Option<String>> {
        let peering = Self::peering(api, side)?;
        Ok(peering.map(|peering| text(&peering["State"]["Name"])))
    }

    fn words(&self) -> (Option<&'static str>, &'static str) {
        (Some("pending-acceptance"), "active")
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
