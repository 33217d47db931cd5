//! Which objects: arguments that `get` and `monitor` share.

use super::{
    Failure,
    names::{Named, Namespace},
    url::Url,
};
use crate::{lifecycle::State, model::Name};

/// Namespace and filters.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Filters {
    #[command(flatten)]
    pub(super) namespace: Namespace,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    /// Only objects with these labels, KEY=VALUE separated by commas
    #[arg(short, long)]
    labels: Option<String>,
    /// Only objects in this state
    #[arg(long)]
    state: Option<State>,
    /// Only what concerns this network, [NAMESPACE/]NAME
    #[arg(long)]
    network: Option<Named>,
    /// Only requests that others made
    #[arg(long)]
    incoming: bool,
}

impl Filters {
    /// The namespace that lists are of; `None` for all.
    pub(super) fn namespace(&self) -> Option<Name> {
        (!self.all_namespaces).then(|| self.namespace.or_default())
    }

    /// `url` with these filters.
    pub(super) fn on(&self, url: Url) -> Url {
        let network = self.network.as_ref();
        url.with_some("namespace", self.namespace())
            .with_some("labels", self.labels.as_ref())
            .with_some("state", self.state)
            .with_some(
                "network",
                network.map(|network| network.within(&self.namespace)),
            )
            .with_flag("incoming", self.incoming)
    }

    /// Refuse filters where only namespaces can be chosen.
    pub(super) fn only_namespaces(&self, what: &str) -> Result<(), Failure> {
        if self.labels.is_some() {
            return Err(Failure::Usage(format!(
                "--labels is for objects; {what} are listed by namespace"
            )));
        }
        self.only_namespaces_and_labels(what)
    }

    /// Refuse what our own kinds alone can be chosen by.
    pub(super) fn only_namespaces_and_labels(&self, what: &str) -> Result<(), Failure> {
        let given = [
            ("--state", self.state.is_some()),
            ("--network", self.network.is_some()),
            ("--incoming", self.incoming),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Failure::Usage(format!(
                "{option} is for networks and peerings, not for {what}"
            ))),
            None => Ok(()),
        }
    }
}
