//! Hosts on VLANs of one trunk, and one on a cable of its own.

use std::{net::IpAddr, time::Duration};

use anyhow::{Result, ensure};
use peer_tests::{Daemon, Host, Lab, Programs, Switch, Table, Tags, Udp, wait_until};

/// How long the daemon may take to act on a change.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// What the hosts are on.
pub(crate) const BLUE: Tags = Tags::vlan(10);
pub(crate) const GREEN: Tags = Tags::vlan(20);
pub(crate) const GREY: Tags = Tags::vlan(0);
pub(crate) const RED: Tags = Tags {
    outer: 100,
    vlan: 10,
};
pub(crate) const PINK: Tags = Tags {
    outer: 200,
    vlan: 0,
};

/// The place. Blue peers with all others, and grey with green; no others peer.
pub(crate) struct Scene {
    /// Declared first, since it has to end before its namespace does.
    pub(crate) daemon: Daemon,
    pub(crate) switch: Switch,
    /// On tag 10.
    pub(crate) blue: Host,
    /// On tag 20.
    pub(crate) green: Host,
    /// On the trunk without a tag.
    pub(crate) grey: Host,
    /// On tag 10 inside of 802.1ad 100.
    pub(crate) red: Host,
    /// On 802.1ad 200 alone.
    pub(crate) pink: Host,
    /// On a port of its own.
    pub(crate) plain: Host,
    pub(crate) table: Table,
    pub(crate) lab: Lab,
}

impl Scene {
    /// Everything but a running daemon.
    pub(crate) fn prepare(tag: &str) -> Result<Self> {
        let lab = Lab::new(tag)?;
        let mut switch = Switch::new(&lab, "trunk")?;
        let blue = switch.host(&lab, "blue", BLUE)?;
        let green = switch.host(&lab, "green", GREEN)?;
        let grey = switch.host(&lab, "grey", GREY)?;
        let red = switch.host(&lab, "red", RED)?;
        let pink = switch.host(&lab, "pink", PINK)?;
        let plain = lab.host("plain")?;
        // Of an untagged port the host itself has the address.
        lab.router.ip(&format!(
            "addr add {}/24 dev trunk\naddr add {}/64 dev trunk nodad",
            grey.gateway4, grey.gateway6
        ))?;
        let mut table = Table::of([&blue, &green, &grey, &red, &pink, &plain]);
        for (host, tags) in [
            (&blue, "vlan: 10"),
            (&green, "vlan: 20"),
            (&red, "outer: 100, vlan: 10"),
            (&pink, "outer: 200"),
        ] {
            table = table.with(&host.name, |network| network.ports = vec![port(host, tags)]);
        }
        for other in ["green", "grey", "red", "pink", "plain"] {
            table = table.peered("blue", other);
        }
        let table = table.peered("green", "grey");
        let daemon = Daemon::new(&lab, Programs::find()?)?;
        daemon.write_table(&table.to_string())?;
        Ok(Self {
            daemon,
            switch,
            blue,
            green,
            grey,
            red,
            pink,
            plain,
            table,
            lab,
        })
    }

    /// With its daemon ready.
    pub(crate) fn start(tag: &str) -> Result<Self> {
        let mut scene = Self::prepare(tag)?;
        scene.daemon.start()?;
        Ok(scene)
    }

    /// Edit the table file.
    pub(crate) fn edit(&mut self, edit: impl FnOnce(Table) -> Table) -> Result<()> {
        self.table = edit(self.table.clone());
        self.daemon.write_table(&self.table.to_string())
    }

    /// Names of the stand-ins there are, with what their aliases say.
    pub(crate) fn stand_ins(&self) -> Result<Vec<(String, String)>> {
        let links = self.lab.router.run("ip -json link show type veth")?;
        let links: Vec<serde_json::Value> = serde_json::from_str(&links)?;
        let text = |link: &serde_json::Value, field: &str| {
            link[field].as_str().unwrap_or_default().to_owned()
        };
        let all = links
            .iter()
            .map(|link| (text(link, "ifname"), text(link, "ifalias")));
        Ok(all
            .filter(|(_, alias)| alias.starts_with("peerd:"))
            .collect())
    }

    /// Every pair that peers, with what they are on.
    pub(crate) fn peers(&self) -> [(&Host, &Host); 6] {
        let Self {
            blue,
            green,
            grey,
            red,
            pink,
            plain,
            ..
        } = self;
        [
            (blue, green),
            (blue, grey),
            (blue, red),
            (blue, pink),
            (blue, plain),
            (green, grey),
        ]
    }

    /// A datagram from one of the hosts to another's address, as it leaves the host.
    pub(crate) fn datagram(&self, from: &Host, source: IpAddr, to: IpAddr) -> Result<Udp> {
        Ok(Udp {
            to_mac: self.lab.router.mac(&from.port)?,
            from_mac: from.mac()?,
            from: source,
            to,
            ttl: 64,
            payload: b"over the trunk".to_vec(),
        })
    }

    /// Wait until a port of the router says something, in `get ports -o json`.
    pub(crate) fn wait_ports(&self, what: &str) -> Result<String> {
        wait_until(&format!("ports say {what}"), SOON, || {
            let ports = self.daemon.peerctl(&["get", "ports", "-A", "-o", "json"])?;
            let ports = ports.ok()?;
            ensure!(ports.contains(what), "they say {ports}");
            Ok(ports)
        })
    }
}

/// The port of a host on the trunk.
pub(crate) fn port(host: &Host, tags: &str) -> String {
    format!(
        "interface: {}, {tags}, address: [{}/24, \"{}/64\"]",
        host.port, host.gateway4, host.gateway6
    )
}

/// A tag on the wire: its ethertype, and priority and VLAN id.
pub(crate) type Tag = (u16, u16);

/// A frame with tags put in, from the outside in.
pub(crate) fn tagged(frame: &[u8], tags: &[Tag]) -> Vec<u8> {
    let mut tagged = frame[..12].to_vec();
    for (protocol, tag) in tags {
        tagged.extend(protocol.to_be_bytes());
        tagged.extend(tag.to_be_bytes());
    }
    tagged.extend(&frame[12..]);
    tagged
}

/// A frame's tags, and the frame without them.
pub(crate) fn untagged(frame: &[u8]) -> (Vec<Tag>, Vec<u8>) {
    let mut rest = frame.to_vec();
    let mut tags = Vec::new();
    while let Some(&[a, b, c, d]) = rest.get(12..16).and_then(|tag| tag.first_chunk())
        && matches!(u16::from_be_bytes([a, b]), 0x8100 | 0x88a8)
    {
        tags.push((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
        rest.drain(12..16);
    }
    (tags, rest)
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Captured by the test runner, which shows it where a test failed.
        println!("--- table\n{}", self.table);
        println!("--- peerd's log\n{}", self.daemon.log());
        for line in ["ip addr", "ip neigh"] {
            let told = self.lab.router.run(line);
            println!(
                "--- {line}\n{}",
                told.unwrap_or_else(|error| format!("{error:#}"))
            );
        }
        if let Ok(drops) = self.daemon.peerctl(&["get", "drops", "-A"]) {
            println!("--- drops\n{drops}");
        }
    }
}
