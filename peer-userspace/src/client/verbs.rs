//! `peerctl accept`, `reject`, `enable`, `disable` and `delete`: what is done to
//! a consent or another object that is there.

use hyper::Method;
use serde_json::{Value, json};

use super::{
    Client, Exit, Failure,
    consent::{ConsentArgs, object},
    kinds,
    names::{Namespace, PeeringRef},
    or_none::{OrNone, list},
    resolve::{self, Role},
    rule::Rule,
    url::Url,
    write::WriteArgs,
};
use crate::model::{Kind, ObjectRef};

/// The peering a verb is about.
#[derive(Clone, Debug, clap::Args)]
struct Target {
    /// A consent's [NAMESPACE/]NAME, the peering's label or a consent's uid
    peering: PeeringRef,
    #[command(flatten)]
    namespace: Namespace,
}

impl Target {
    /// Where the consent meant is, and what is done to it there.
    async fn url(&self, client: &Client, role: Role, verb: &str) -> Result<Url, Failure> {
        let ObjectRef { namespace, name } =
            resolve::consent(client, &self.peering, &self.namespace, role).await?;
        let segments = ["peerings", namespace.as_str(), name.as_str(), verb];
        Ok(Url::of(&segments))
    }
}

/// Arguments of `accept`.
#[derive(Clone, Debug, clap::Args)]
pub struct Accept {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    consent: ConsentArgs,
    /// What the peer may open towards you, like `tcp:443,8000-8999 from 10.2.0.0/16 to 10.1.9.0/24`,
    /// or none; may be given again [default: everything]
    #[arg(long, value_name = "RULE")]
    allow: Vec<OrNone<Rule>>,
    /// The same for what you may open towards the peer
    #[arg(long, value_name = "RULE")]
    allow_out: Vec<OrNone<Rule>>,
    #[command(flatten)]
    write: WriteArgs,
}

/// Arguments of `reject`.
#[derive(Clone, Debug, clap::Args)]
pub struct Reject {
    #[command(flatten)]
    target: Target,
    /// A sentence for who asked
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

/// Arguments of `enable` and `disable`.
#[derive(Clone, Debug, clap::Args)]
pub struct Switch {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    write: WriteArgs,
}

/// Arguments of `delete`.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// `network`, `vpc` and so on before an object's name; `peering` may be left out
    #[arg(value_name = "KIND")]
    first: String,
    /// An object's [NAMESPACE/]NAME; of a consent also the peering's label or the consent's uid
    #[arg(value_name = "NAME")]
    second: Option<String>,
    #[command(flatten)]
    namespace: Namespace,
    #[command(flatten)]
    write: WriteArgs,
}

impl Accept {
    /// Consent to another's request.
    ///
    /// # Errors
    /// If there is none, or peerd refuses.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let body = self.body()?;
        let url = self.target.url(client, Role::Request, "accept").await?;
        self.write
            .send(client, Method::POST, url, Some(&body))
            .await
    }

    fn body(&self) -> Result<Value, Failure> {
        let rules = |option, rules| list(option, rules, |rule: &Rule| rule.json().clone());
        Ok(object([
            ("name", self.consent.name.as_ref().map(|name| json!(name))),
            ("labels", self.consent.labels()),
            ("export", self.consent.export()?),
            ("allow", rules("--allow", &self.allow)?),
            ("allowOut", rules("--allow-out", &self.allow_out)?),
        ]))
    }
}

impl Reject {
    /// Refuse another's request.
    ///
    /// # Errors
    /// If there is none, or peerd refuses.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let url = self.target.url(client, Role::Request, "reject").await?;
        let body = object([("reason", self.reason.as_ref().map(|reason| json!(reason)))]);
        self.write
            .send(client, Method::POST, url, Some(&body))
            .await
    }
}

impl Switch {
    /// Let traffic flow again.
    ///
    /// # Errors
    /// If there is no such consent, or peerd refuses.
    pub async fn enable(&self, client: &Client) -> Result<Exit, Failure> {
        self.send(client, "enable").await
    }

    /// Stop the traffic, and keep the consent.
    ///
    /// # Errors
    /// If there is no such consent, or peerd refuses.
    pub async fn disable(&self, client: &Client) -> Result<Exit, Failure> {
        self.send(client, "disable").await
    }

    async fn send(&self, client: &Client, verb: &str) -> Result<Exit, Failure> {
        let url = self.target.url(client, Role::Own, verb).await?;
        self.write.send(client, Method::POST, url, None).await
    }
}

impl Delete {
    /// Withdraw a consent, or delete another object.
    ///
    /// # Errors
    /// If it is not there, or peerd refuses.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let (kind, name) = match &self.second {
            None => (Kind::Peering, &self.first),
            Some(name) => (kinds::kind(&self.first)?, name),
        };
        let id = match kind {
            Kind::Peering => {
                let peering = name.parse::<PeeringRef>();
                let peering = peering.map_err(|error| Failure::Usage(error.to_string()))?;
                resolve::consent(client, &peering, &self.namespace, Role::Own).await?
            }
            kind => kinds::named(kind, name, &self.namespace)?,
        };
        let url = kinds::url(kind, &id);
        self.write.send(client, Method::DELETE, url, None).await
    }
}
