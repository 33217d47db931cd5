//! A client of Outscale's API.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Answer, Api, Ask, Bare, Daemon, SOON, documents::network, wait_until};
use serde_json::{Value, json};

/// Somebody who calls.
#[derive(Clone, Debug)]
pub(super) struct Client(pub(super) Api);

impl Client {
    /// Root, on the socket.
    pub(super) fn of(daemon: &Daemon) -> Self {
        Self(daemon.api())
    }

    pub(super) fn call(&self, action: &str, body: &Value) -> Result<Answer> {
        let ask = Ask::new("POST", &format!("/api/v1/{action}")).json(body);
        self.0.send(&ask)
    }

    /// Call what must succeed. Every reply has an id of its own.
    pub(super) fn ok(&self, action: &str, body: Value) -> Result<Value> {
        let answer = self.call(action, &body)?.expect(200);
        let answer = answer.with_context(|| format!("{action} {body}"))?;
        request_id(&answer)?;
        Ok(answer)
    }

    /// Call what must be refused with a status and a code; returns the sentence.
    pub(super) fn refused(
        &self,
        action: &str,
        body: Value,
        (status, code, kind): (u16, u32, &str),
    ) -> Result<String> {
        let answer = self.call(action, &body)?.expect(status);
        let answer = answer.with_context(|| format!("{action} {body}"))?;
        request_id(&answer)?;
        let errors = answer["Errors"].as_array().context("no Errors")?;
        ensure!(errors.len() == 1, "{answer}");
        let error = &errors[0];
        ensure!(
            error["Code"].as_str() == Some(&code.to_string()) && error["Type"] == kind,
            "{action} {body}: not {code} {kind} but {error}"
        );
        let details = error["Details"].as_str().context("no Details")?;
        ensure!(!details.is_empty(), "{answer}");
        Ok(details.to_owned())
    }

    /// The id of a network, `NAMESPACE/NAME`, whose namespace has this one alone.
    pub(super) fn net(&self, id: &str) -> Result<String> {
        let network = self.0.get(&format!("/v1/networks/{id}"))?;
        let uid = network["metadata"]["uid"].as_str().context("no uid")?;
        Ok(format!("vpc-{}", &uid[..8]))
    }

    /// The same Net's route table and security group.
    pub(super) fn table(&self, id: &str) -> Result<String> {
        Ok(self.net(id)?.replace("vpc-", "rtb-"))
    }

    pub(super) fn group(&self, id: &str) -> Result<String> {
        Ok(self.net(id)?.replace("vpc-", "sg-"))
    }

    /// CreateNetPeering between two networks, `NAMESPACE/NAME`.
    pub(super) fn request(&self, source: &str, accepter: &str) -> Result<Value> {
        let (owner, _) = accepter.split_once('/').context("no namespace")?;
        let body = json!({
            "SourceNetId": self.net(source)?,
            "AccepterNetId": self.net(accepter)?,
            "AccepterOwnerId": owner,
        });
        Ok(self.ok("CreateNetPeering", body)?["NetPeering"].take())
    }

    /// [`Self::request`], and AcceptNetPeering; the id.
    pub(super) fn peer(&self, source: &str, accepter: &str) -> Result<String> {
        let id = id(&self.request(source, accepter)?);
        self.ok("AcceptNetPeering", json!({ "NetPeeringId": id }))?;
        self.wait_state(&id, "active")?;
        Ok(id)
    }

    /// All NetPeerings that fit `filters`.
    pub(super) fn list(&self, filters: Value) -> Result<Vec<Value>> {
        let mut answer = self.ok("ReadNetPeerings", json!({ "Filters": filters }))?;
        match answer["NetPeerings"].take() {
            Value::Array(all) => Ok(all),
            other => anyhow::bail!("no NetPeerings but {other}"),
        }
    }

    pub(super) fn read(&self, id: &str) -> Result<Value> {
        let mut found = self.list(json!({ "NetPeeringIds": [id] }))?;
        ensure!(found.len() == 1, "{id}: {found:?}");
        Ok(found.remove(0))
    }

    pub(super) fn wait_state(&self, id: &str, wanted: &str) -> Result<Value> {
        wait_until(&format!("{id} is {wanted}"), SOON, || {
            let peering = self.read(id)?;
            ensure!(peering["State"]["Name"] == wanted, "it is {peering}");
            Ok(peering)
        })
    }
}

/// `NetPeeringId` of an object.
pub(super) fn id(peering: &Value) -> String {
    peering["NetPeeringId"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// `State` of an object: name and message.
pub(super) fn state(peering: &Value) -> (&str, &str) {
    let part = |name| peering["State"][name].as_str().unwrap_or_default();
    (part("Name"), part("Message"))
}

fn request_id(answer: &Value) -> Result<()> {
    let id = answer["ResponseContext"]["RequestId"].as_str();
    let id = id.with_context(|| format!("no RequestId: {answer}"))?;
    ensure!(id.len() == 36 && id.matches('-').count() == 4, "{id}");
    Ok(())
}

pub(super) const BLUE: &str = "blue-team/blue";
pub(super) const GREEN: &str = "green-team/green";
pub(super) const RED: &str = "red-team/red";

/// The three networks, and root.
pub(super) fn start(tag: &str) -> Result<(Bare, Client)> {
    let bare = Bare::with_networks(tag)?;
    let client = Client::of(&bare.daemon);
    Ok((bare, client))
}

/// One more network of a namespace, behind a port of its own.
pub(super) fn add(client: &Client, id: &str, port: &str, prefix: &str) -> Result<()> {
    let network = network(id, port, &[prefix]);
    client
        .0
        .put("POST", "/v1/networks", &network)?
        .expect(201)?;
    Ok(())
}

pub(super) const NO_NET: (u16, u32, &str) = (400, 5065, "InvalidResource");
pub(super) const NO_PEERING: (u16, u32, &str) = (400, 5035, "InvalidResource");
pub(super) const STATE: (u16, u32, &str) = (409, 6003, "InvalidState");
pub(super) const TRANSITION: (u16, u32, &str) = (409, 6004, "InvalidState");
pub(super) const EXISTS: (u16, u32, &str) = (409, 9067, "ResourceConflict");
pub(super) const DENIED: (u16, u32, &str) = (401, 5, "AccessDenied");
pub(super) const MISSING: (u16, u32, &str) = (400, 7000, "MissingParameter");
