//! `peerctl get KIND [NAME]`.

use serde_json::{Value, json};

use super::{
    Client, Exit, Failure,
    columns::columns,
    filters::Filters,
    kinds::{self, Listed},
    list::{list, page},
    names::PeeringRef,
    output::Output,
    resolve::{self, Role},
    table::table,
    url::Url,
};
use crate::model::Kind;

/// Arguments of `get`.
#[derive(Clone, Debug, clap::Args)]
pub struct Get {
    /// What to list
    #[arg(value_enum, ignore_case = true)]
    kind: Listed,
    /// One of it: [NAMESPACE/]NAME, or a peering's label or uid
    name: Option<String>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    output: Output,
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
        let name = self.kind.name();
        let namespace = self.filters.namespace();
        match self.kind {
            Listed::Objects(kind @ (Kind::Network | Kind::Peering)) => {
                list(client, self.filters.on(kinds::list_url(kind))).await
            }
            Listed::Objects(kind) => {
                self.filters.only_namespaces_and_labels(name)?;
                if let Some(namespace) = &namespace {
                    kinds::refuse_namespace(kind, namespace)?;
                }
                page(client, &self.filters.on(kinds::list_url(kind))).await
            }
            _ => {
                self.filters.only_namespaces(name)?;
                let url = Url::of(&[name]).with_some("namespace", namespace);
                page(client, &url).await
            }
        }
    }

    async fn named(&self, client: &Client, name: &str) -> Result<Value, Failure> {
        let namespace = &self.filters.namespace;
        match self.kind {
            Listed::Objects(Kind::Peering) => match peering(name)? {
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
            Listed::Objects(kind) => {
                let id = kinds::named(kind, name, namespace)?;
                client.get(&kinds::url(kind, &id)).await
            }
            kind => Err(Failure::Usage(format!(
                "{} have no names; choose them by -n",
                kind.name()
            ))),
        }
    }
}

fn peering(name: &str) -> Result<PeeringRef, Failure> {
    let peering = name.parse::<PeeringRef>();
    peering.map_err(|error| Failure::Usage(error.to_string()))
}
