//! Bodies of calls about peerings: `{"network_peering": {…}}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{labels, refusal::Refusal};
use crate::model::AdminState;

/// What a peering is to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Create {
    /// The own network.
    pub(super) network: Uuid,
    /// The network it asks for.
    pub(super) peer: Uuid,
    pub(super) name: String,
    pub(super) admin_state: AdminState,
    pub(super) labels: BTreeMap<String, String>,
}

/// What of a peering is to be otherwise.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Modify {
    pub(super) name: Option<String>,
    pub(super) admin_state: Option<AdminState>,
    /// Replace all there are.
    pub(super) labels: Option<BTreeMap<String, String>>,
}

/// Read the body of a POST.
pub(super) fn create(text: &str) -> Result<Create, Refusal> {
    let mut fields = Fields::read(text)?;
    let network = fields.network("network")?;
    let peer = fields.network("peer_network")?;
    let Modify {
        name,
        admin_state,
        labels,
    } = fields.modify()?;
    let missing = || Refusal::attribute("NAME_MISSING", "name is missing");
    Ok(Create {
        network,
        peer,
        name: name.ok_or_else(missing)?,
        admin_state: admin_state.unwrap_or_default(),
        labels: labels.unwrap_or_default(),
    })
}

/// Read the body of a PATCH.
pub(super) fn modify(text: &str) -> Result<Modify, Refusal> {
    let mut fields = Fields::read(text)?;
    for (name, code) in [
        ("network", "NETWORK_INVALID"),
        ("peer_network", "PEER_NETWORK_INVALID"),
    ] {
        if fields.take(name).is_some() {
            let message = format!("{name} cannot be changed: make another network peering");
            return Err(Refusal::attribute(code, message));
        }
    }
    fields.modify()
}

/// The attributes of the body that were not looked at yet.
struct Fields(Map<String, Value>);

impl Fields {
    fn read(text: &str) -> Result<Self, Refusal> {
        let invalid = |message: String| Refusal::attribute("INVALID_REQUEST", message);
        let value: Value = serde_json::from_str(text)
            .map_err(|error| invalid(format!("the body is no JSON: {error}")))?;
        match value {
            Value::Object(mut body) if body.len() == 1 => match body.remove("network_peering") {
                Some(Value::Object(fields)) => Some(Self(fields)),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| invalid("the body is an object with one object, network_peering".to_owned()))
    }

    /// An attribute; one that is null counts as left out.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// The uuid of a network that must be there.
    fn network(&mut self, name: &str) -> Result<Uuid, Refusal> {
        let code = name.to_uppercase();
        let Some(network) = self.take(name) else {
            let message = format!("{name} is missing: write {{\"uuid\": …}}");
            return Err(Refusal::attribute(&format!("{code}_MISSING"), message));
        };
        let only = network.as_object().filter(|network| network.len() == 1);
        let uuid = only.and_then(|network| network.get("uuid")?.as_str()?.parse().ok());
        uuid.ok_or_else(|| {
            let message =
                format!("{name}.uuid must be the uuid of a network, and stand alone in {name}");
            Refusal::attribute(&format!("{code}_INVALID"), message)
        })
    }

    /// The attributes that can be changed, and no others.
    fn modify(mut self) -> Result<Modify, Refusal> {
        let modify = Modify {
            name: self.take("name").map(|name| read_name(&name)).transpose()?,
            admin_state: match self.take("configured_status") {
                Some(status) => Some(read_status(&status)?),
                None => None,
            },
            labels: match self.take("labels") {
                Some(list) => Some(labels::read(&list)?),
                None => None,
            },
        };
        match self.0.iter().find(|(_, value)| !value.is_null()) {
            None => Ok(modify),
            Some((name, _)) => Err(Refusal::attribute(
                "UNKNOWN_ATTRIBUTE",
                format!("there is no attribute `{name}` here"),
            )),
        }
    }
}

fn read_name(name: &Value) -> Result<String, Refusal> {
    let fits =
        |name: &&str| (1..=255).contains(&name.chars().count()) && !name.contains(char::is_control);
    let name = name.as_str().filter(fits).map(str::to_owned);
    name.ok_or_else(|| {
        Refusal::attribute("NAME_INVALID", "name is one line of 1 to 255 characters")
    })
}

fn read_status(status: &Value) -> Result<AdminState, Refusal> {
    match status.as_str() {
        Some("active") => Ok(AdminState::Up),
        Some("disabled") => Ok(AdminState::Down),
        _ => Err(Refusal::attribute(
            "CONFIGURED_STATUS_INVALID",
            "configured_status is active or disabled",
        )),
    }
}
