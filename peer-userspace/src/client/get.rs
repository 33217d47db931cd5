//! `peerctl get KIND [NAME]`.

use std::path::Path;

use serde_json::Value;

use super::{
    Failure, Format, http,
    output::{Column, show},
};

/// What to get.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Kind of objects.
    pub kind: String,
    /// One object of it.
    pub name: Option<String>,
    /// Its namespace; `None` for all.
    pub namespace: Option<String>,
    /// Labels it must bear.
    pub labels: Option<String>,
    /// State it must be in.
    pub state: Option<String>,
}

/// Get objects and print them.
///
/// # Errors
/// If the daemon does not answer, or does not know the object.
pub async fn get(socket: &Path, selection: &Selection, format: Format) -> Result<(), Failure> {
    let kind = selection.kind.as_str();
    if let Some(name) = &selection.name {
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (namespace, name),
            None => (
                selection.namespace.as_deref().unwrap_or("default"),
                name.as_str(),
            ),
        };
        let path = format!("/v1/{kind}/{}/{}", encoded(namespace), encoded(name));
        let object = http::get(socket, &path).await?;
        return show(
            &object,
            std::slice::from_ref(&object),
            &columns(kind),
            format,
        );
    }
    let filters = [
        ("namespace", &selection.namespace),
        ("labels", &selection.labels),
        ("state", &selection.state),
    ];
    let query: Vec<String> = filters
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", encoded(value.as_ref()?))))
        .collect();
    let list = http::get(socket, &format!("/v1/{kind}?{}", query.join("&"))).await?;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    show(&list, &items, &columns(kind), format)
}

/// RFC 3986 section 2.1, for anything that is not plain.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn columns(kind: &str) -> Vec<Column> {
    let column = Column::new;
    match kind {
        "networks" => vec![
            column("NAMESPACE", "/metadata/namespace"),
            column("NAME", "/metadata/name"),
            column("ZONE", "/spec/zone"),
            column("PREFIXES", "/spec/prefixes"),
            column("PORTS", "/status/ports/*/interface"),
            column("PEERED WITH", "/status/peeredNetworks/*/name"),
        ],
        "peerings" => vec![
            column("NAMESPACE", "/metadata/namespace"),
            column("NAME", "/metadata/name"),
            column("NETWORK", "/spec/network"),
            Column::of("PEER", |peering| {
                let peer = &peering["status"]["peer"];
                let part = |key: &str| peer[key].as_str().unwrap_or_default().to_owned();
                format!("{}/{}", part("namespace"), part("network"))
            }),
            column("STATE", "/status/state"),
            column("SINCE", "/status/since"),
            column("FORWARDED", "/status/forwarded/packets"),
            column("RECEIVED", "/status/received/packets"),
            column("REASON", "/status/reason"),
        ],
        "routes" => vec![
            column("NETWORK", "/network"),
            column("TO", "/to"),
            Column::of("VERDICT", |route| match route["reason"].as_str() {
                Some(reason) => format!("drop {reason}"),
                None => route["verdict"].as_str().unwrap_or_default().to_owned(),
            }),
            column("OWNER", "/owner"),
            column("PORT", "/port"),
            column("NEXT HOP", "/nextHop"),
            column("MAC", "/mac"),
        ],
        "ports" => vec![
            column("NETWORK", "/network"),
            column("INTERFACE", "/interface"),
            column("IFINDEX", "/ifindex"),
            column("STATE", "/state"),
            column("MODE", "/mode"),
            column("HOOK", "/hook"),
            column("WHY", "/why"),
            column("NOTICES", "/notices"),
        ],
        "neighbours" => vec![
            column("NETWORK", "/network"),
            column("INTERFACE", "/interface"),
            column("ADDRESS", "/address"),
            column("MAC", "/mac"),
        ],
        _ => vec![
            column("NETWORK", "/network"),
            column("PEERING", "/peering"),
            column("REASON", "/reason"),
            column("PACKETS", "/packets"),
        ],
    }
}

/// The value at a JSON pointer (RFC 6901) as a cell; `*` steps into every element
/// of an array.
pub(super) fn cell(value: &Value, pointer: &str) -> String {
    if let Some((before, after)) = pointer.split_once("/*") {
        let elements = value.pointer(before).and_then(Value::as_array);
        let cells = elements
            .into_iter()
            .flatten()
            .map(|element| cell(element, after));
        return cells.collect::<Vec<_>>().join(" ");
    }
    match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(elements)) => elements
            .iter()
            .map(|element| cell(element, ""))
            .collect::<Vec<_>>()
            .join(" "),
        Some(other) => other.to_string(),
    }
}
