//! `peerctl get KIND [NAME]`.

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{
    Client, Exit, Failure,
    columns::columns,
    filters::Filters,
    list::{list, page},
    names::{Named, PeeringRef},
    output::Output,
    resolve::{self, Role},
    table::table,
    url::Url,
};
use crate::model::ObjectRef;

/// Arguments of `get`.
#[derive(Clone, Debug, clap::Args)]
pub struct Get {
    /// What to list
    #[arg(value_enum)]
    kind: Kind,
    /// One of it: [NAMESPACE/]NAME, or a peering's label or uid
    name: Option<String>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    output: Output,
}

/// What there is to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    #[value(alias = "network")]
    Networks,
    #[value(alias = "peering")]
    Peerings,
    #[value(alias = "route")]
    Routes,
    #[value(alias = "port")]
    Ports,
    #[value(alias = "neighbour")]
    Neighbours,
    #[value(alias = "drop")]
    Drops,
}

impl Kind {
    /// As users and paths have it.
    fn name(self) -> &'static str {
        match self {
            Self::Networks => "networks",
            Self::Peerings => "peerings",
            Self::Routes => "routes",
            Self::Ports => "ports",
            Self::Neighbours => "neighbours",
            Self::Drops => "drops",
        }
    }

    /// Whether it is of objects, with names, filters and pages.
    fn is_of_objects(self) -> bool {
        matches!(self, Self::Networks | Self::Peerings)
    }
}

impl Get {
    /// Get and print.
    ///
    /// # Errors
    /// If it is not there, or peerd refuses.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let answer = match &self.name {
            Some(name) => self.named(client, name).await?,
            None => self.all(client).await?,
        };
        self.output.output.show(&answer, |answer| {
            let items = answer["items"].as_array().map(Vec::as_slice);
            let items = items.unwrap_or(std::slice::from_ref(answer));
            table(items, &columns(self.kind))
        })?;
        Ok(Exit::Done)
    }

    async fn all(&self, client: &Client) -> Result<Value, Failure> {
        let kind = self.kind.name();
        let url = Url::of(&[kind]);
        if self.kind.is_of_objects() {
            return list(client, self.filters.on(url)).await;
        }
        self.filters.only_namespaces(kind)?;
        page(
            client,
            &url.with_some("namespace", self.filters.namespace()),
        )
        .await
    }

    async fn named(&self, client: &Client, name: &str) -> Result<Value, Failure> {
        let kind = self.kind.name();
        let usage = |error: &dyn std::error::Error| Failure::Usage(error.to_string());
        let namespace = &self.filters.namespace;
        match self.kind {
            Kind::Networks => {
                let network: Named = name.parse().map_err(|error| usage(&error))?;
                let ObjectRef { namespace, name } = network.within(namespace);
                let url = Url::of(&[kind, namespace.as_str(), name.as_str()]);
                client.get(&url).await
            }
            Kind::Peerings => match name.parse().map_err(|error| usage(&error))? {
                // Both consents, to who may see both.
                peering @ PeeringRef::Label(_) => {
                    let items = resolve::of_peering(client, &peering, namespace).await?;
                    if items.is_empty() {
                        return Err(Failure::Failed(format!("there is no peering {peering}")));
                    }
                    Ok(json!({ "apiVersion": "peerd/v1", "kind": "List", "items": items }))
                }
                peering => resolve::object(client, &peering, namespace, Role::Own).await,
            },
            _ => Err(Failure::Usage(format!(
                "{kind} have no names; choose them by -n"
            ))),
        }
    }
}
