//! Peering tables for hosts of a lab, as their owners would write them.

use std::fmt;

use super::host::Host;

/// A table of one network for each host, and of consents between them. Host
/// blue's network is `blue` in namespace `blue-team`; its consent to peer with
/// green's is `blue-team/to-green`.
#[derive(Clone, Debug, Default)]
pub struct Table {
    networks: Vec<Network>,
    consents: Vec<Consent>,
}

/// A `kind: Network` document.
#[derive(Clone, Debug)]
pub struct Network {
    name: String,
    /// `spec.prefixes`.
    pub prefixes: Vec<String>,
    /// Entries of `spec.ports`, each as it stands between braces.
    pub ports: Vec<String>,
    /// Further lines of `spec`.
    pub more: Vec<String>,
}

#[derive(Clone, Debug)]
struct Consent {
    from: String,
    to: String,
    more: Vec<String>,
}

impl Table {
    /// A network for each host, no consents.
    pub fn of<'a>(hosts: impl IntoIterator<Item = &'a Host>) -> Self {
        hosts.into_iter().fold(Self::default(), Self::and)
    }

    /// Also a host's network.
    pub fn and(mut self, host: &Host) -> Self {
        self.networks.push(Network {
            name: host.name.clone(),
            prefixes: host.prefixes().to_vec(),
            ports: vec![format!("interface: {}", host.port)],
            more: Vec::new(),
        });
        self
    }

    /// Both consents of a pair.
    pub fn peered(self, one: &str, other: &str) -> Self {
        self.consent(one, other).consent(other, one)
    }

    /// One side's consent.
    pub fn consent(mut self, from: &str, to: &str) -> Self {
        self.consents.push(Consent {
            from: from.to_owned(),
            to: to.to_owned(),
            more: Vec::new(),
        });
        self
    }

    /// Take one side's consent away.
    pub fn without_consent(mut self, from: &str, to: &str) -> Self {
        self.consents.retain(|consent| !consent.is(from, to));
        self
    }

    /// Take a network away, and every consent of its own.
    pub fn without(mut self, name: &str) -> Self {
        self.networks.retain(|network| network.name != name);
        self.consents.retain(|consent| consent.from != name);
        self
    }

    /// Edit a network.
    pub fn with(mut self, name: &str, edit: impl FnOnce(&mut Network)) -> Self {
        if let Some(network) = self
            .networks
            .iter_mut()
            .find(|network| network.name == name)
        {
            edit(network);
        }
        self
    }

    /// Edit every network.
    pub fn with_all(mut self, edit: impl FnMut(&mut Network)) -> Self {
        self.networks.iter_mut().for_each(edit);
        self
    }

    /// Add a line to one side's consent, such as `adminState: down`.
    pub fn with_consent(mut self, from: &str, to: &str, line: &str) -> Self {
        let named = self
            .consents
            .iter_mut()
            .filter(|consent| consent.is(from, to));
        named.for_each(|consent| consent.more.push(line.to_owned()));
        self
    }
}

impl Network {
    /// Set further fields of every port, such as `mode: xdp`.
    pub fn port_field(&mut self, field: &str) {
        self.ports
            .iter_mut()
            .for_each(|port| port.push_str(&format!(", {field}")));
    }
}

impl Consent {
    fn is(&self, from: &str, to: &str) -> bool {
        self.from == from && self.to == to
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks = self.networks.iter().map(ToString::to_string);
        let documents: Vec<_> = networks
            .chain(self.consents.iter().map(ToString::to_string))
            .collect();
        f.write_str(&documents.join("---\n"))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, .. } = self;
        writeln!(f, "apiVersion: peerd/v1\nkind: Network")?;
        writeln!(f, "metadata: {{ namespace: {name}-team, name: {name} }}")?;
        // Quoted, since an IPv6 prefix has colons.
        writeln!(f, "spec:\n  prefixes: {:?}\n  ports:", self.prefixes)?;
        for port in &self.ports {
            writeln!(f, "    - {{ {port} }}")?;
        }
        self.more
            .iter()
            .try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl fmt::Display for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, .. } = self;
        writeln!(f, "apiVersion: peerd/v1\nkind: Peering")?;
        writeln!(f, "metadata: {{ namespace: {from}-team, name: to-{to} }}")?;
        writeln!(
            f,
            "spec:\n  network: {from}\n  peer: {{ namespace: {to}-team, network: {to} }}"
        )?;
        self.more
            .iter()
            .try_for_each(|line| writeln!(f, "  {line}"))
    }
}
