//! TCP transfers with iperf3.

use std::{
    fmt, fs,
    net::IpAddr,
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{
    host::Host,
    process,
    wait::{SOON, wait_until},
};

/// Every host has its namespace, hence its ports, to itself.
const PORT: u16 = 5201;

/// Who sends the data of a connection the client opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client.
    Upload,
    /// The server.
    Download,
}

/// What to move.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Who sends.
    pub direction: Direction,
    /// Connections at once.
    pub streams: u32,
    /// How long.
    pub seconds: u32,
}

/// What a transfer moved, in all its connections.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// Bytes that arrived.
    pub bytes: u64,
    /// Mean rate over its time.
    pub bits_per_second: f64,
}

impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} Gbit/s", self.bits_per_second / 1e9)
    }
}

/// An iperf3 server, ended when dropped: `-1` alone outlives a failed client.
struct Server(Child);

impl Server {
    fn start(host: &Host) -> Result<Self> {
        let server = host
            .ns
            .command("iperf3")
            .args(["--server", "--one-off"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start iperf3")?;
        let server = Self(server);
        wait_until("iperf3 listens", SOON, || {
            ensure!(
                listening(host)?,
                "nothing listens on port {PORT} of {}",
                host.name
            );
            Ok(())
        })?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn listening(host: &Host) -> Result<bool> {
    const LISTEN: &str = "0A";
    let tables = host.ns.enter(|| {
        let read = |table| fs::read_to_string(format!("/proc/thread-self/net/{table}"));
        Ok::<_, std::io::Error>(read("tcp")? + &read("tcp6")?)
    })??;
    let port = format!(":{PORT:04X}");
    Ok(tables.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&port)) && fields.nth(1) == Some(LISTEN)
    }))
}

/// Move data over one TCP connection from `client` to the server's address `to`.
pub fn tcp_transfer(
    client: &Host,
    server: &Host,
    to: IpAddr,
    direction: Direction,
    seconds: u32,
) -> Result<Transfer> {
    let load = Load {
        direction,
        streams: 1,
        seconds,
    };
    tcp_load(client, server, to, load)
}

/// Move data over TCP connections from `client` to the server's address `to`.
pub fn tcp_load(client: &Host, server: &Host, to: IpAddr, load: Load) -> Result<Transfer> {
    let Load {
        direction,
        streams,
        seconds,
    } = load;
    let _server = Server::start(server)?;
    let mut iperf = client.ns.command("iperf3");
    iperf.args([
        "--json",
        "--connect-timeout",
        "3000",
        "--client",
        &to.to_string(),
    ]);
    iperf.args(["--time", &seconds.to_string()]);
    iperf.args(["--parallel", &streams.to_string()]);
    if direction == Direction::Download {
        iperf.arg("--reverse");
    }
    let limit = Duration::from_secs(u64::from(seconds) + 60);
    let done = process::run(&mut iperf, limit)?;
    let report: Value = serde_json::from_str(&done.stdout).with_context(|| done.to_string())?;
    if let Some(error) = report["error"].as_str() {
        bail!("{} {direction:?}: {error}", done.command);
    }
    let received = &report["end"]["sum_received"];
    let (bytes, rate) = (
        received["bytes"].as_u64(),
        received["bits_per_second"].as_f64(),
    );
    let (Some(bytes), Some(bits_per_second)) = (bytes, rate) else {
        bail!("iperf3 reported no sum: {done}");
    };
    Ok(Transfer {
        bytes,
        bits_per_second,
    })
}
