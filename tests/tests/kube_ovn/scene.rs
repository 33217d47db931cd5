//! Two VPCs around a router, as in Kube-OVN's documentation.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Api, Daemon, Host, Lab, Programs, SOON, wait_until};
use serde_json::Value;

/// The two hosts are the page's two pods: 10.0.0.2 and 172.31.0.2; fd00:1::2 and fd00:2::2
/// as well. Their ports are those of `examples/kube-ovn/networks.yaml`.
pub(super) struct Vpcs {
    /// Declared first, since it has to end before its namespace does.
    pub(super) daemon: Daemon,
    pub(super) one: Host,
    pub(super) two: Host,
    _lab: Lab,
}

impl Vpcs {
    /// Everything but a running daemon, with an empty table.
    pub(super) fn prepare(tag: &str) -> Result<Self> {
        let lab = Lab::new(tag)?;
        let host = |name, link: &str| -> Result<Host> {
            let mut host = lab.unplugged_host(name)?;
            host.v4 = format!("{link}.2").parse()?;
            host.gateway4 = format!("{link}.1").parse()?;
            lab.plug(&host)?;
            Ok(host)
        };
        let (one, two) = (host("one", "10.0.0")?, host("two", "172.31.0")?);
        let daemon = Daemon::new(&lab, Programs::find()?)?;
        Ok(Self {
            daemon,
            one,
            two,
            _lab: lab,
        })
    }

    /// With its daemon ready, and this in its table file.
    pub(super) fn start(tag: &str, table: &str) -> Result<Self> {
        let mut vpcs = Self::prepare(tag)?;
        vpcs.daemon.write_table(table)?;
        vpcs.daemon.start()?;
        Ok(vpcs)
    }

    /// As the page pings: each pod the other, three times, through two routers.
    pub(super) fn assert_pings(&self) -> Result<()> {
        for (from, to) in [(&self.one, self.two.v4), (&self.two, self.one.v4)] {
            let said = from.ns.run(&format!("ping -n -c 3 -i 0.2 -W 5 {to}"))?;
            ensure!(said.contains("3 received"), "{said}");
            ensure!(said.matches("ttl=62").count() == 3, "{said}");
        }
        Ok(())
    }
}

impl Drop for Vpcs {
    fn drop(&mut self) {
        // Captured by the test runner, which shows it where a test failed.
        println!("--- peerd's log\n{}", self.daemon.log());
    }
}

/// A VPC as Kube-OVN's users read it.
pub(super) fn vpc(api: &Api, name: &str) -> Result<Value> {
    api.get(&format!("/v1/foreign/vpcs/default/{name}"))
}

/// Wait until a VPC's status names exactly these peers, and its peerings with them are
/// active.
pub(super) fn wait_peers(api: &Api, name: &str, wanted: &[&str]) -> Result<Value> {
    wait_until(&format!("{name} peers with {wanted:?}"), SOON, || {
        let status = vpc(api, name)?["status"].take();
        ensure!(status["vpcPeerings"] == Value::from(wanted), "{status}");
        let peerings = status["peerings"].as_array().context("no peerings")?;
        let starting = peerings.iter().find(|it| it["state"] == "provisioning");
        ensure!(starting.is_none(), "{status}");
        Ok(status)
    })
}

/// State and reason of the entry of `vpcPeerings` for a remote VPC, once it has this state.
pub(super) fn wait_entry(api: &Api, name: &str, remote: &str, state: &str) -> Result<String> {
    let what = format!("{name}'s peering with {remote} is {state}");
    wait_until(&what, SOON, || {
        let status = vpc(api, name)?["status"].take();
        let peerings = status["peerings"].as_array().context("no peerings")?;
        let found = peerings
            .iter()
            .find(|peering| peering["remoteVpc"] == remote);
        let found = found.with_context(|| format!("none with {remote}: {status}"))?;
        ensure!(found["state"] == state, "{found}");
        Ok(found["reason"].as_str().unwrap_or_default().to_owned())
    })
}

/// `status` and `message` of a condition.
pub(super) fn condition(status: &Value, kind: &str) -> Option<(String, String)> {
    let conditions = status["conditions"].as_array()?;
    let found = conditions.iter().find(|found| found["type"] == kind)?;
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    Some((text("status"), text("message")))
}
