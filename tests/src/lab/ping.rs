//! ping, run for a count or alongside other work.

use std::{
    fmt,
    io::Read as _,
    net::IpAddr,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{host::Host, process, sys};

/// Echo requests sent and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pings {
    /// Requests sent.
    pub sent: u32,
    /// Replies received.
    pub received: u32,
}

impl Pings {
    /// Whether some were sent and all were answered.
    pub fn none_lost(self) -> bool {
        self.sent > 0 && self.received == self.sent
    }

    /// Read the summary ping ends with.
    fn parse(printed: &str) -> Result<Self> {
        let summary = printed
            .lines()
            .find(|line| line.contains("packets transmitted"));
        let mut numbers = summary
            .into_iter()
            .flat_map(|line| line.split(", "))
            .filter_map(|part| part.split_whitespace().next()?.parse().ok());
        match (numbers.next(), numbers.next()) {
            (Some(sent), Some(received)) => Ok(Self { sent, received }),
            _ => bail!("ping printed no summary: {printed}"),
        }
    }
}

impl fmt::Display for Pings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} answered", self.received, self.sent)
    }
}

fn command(host: &Host, to: IpAddr, count: u32, interval: &str) -> Command {
    let mut ping = host.ns.command("ping");
    ping.args([
        "-n",
        "-W",
        "0.5",
        "-i",
        interval,
        "-c",
        &count.to_string(),
        &to.to_string(),
    ]);
    ping
}

pub(crate) fn run(host: &Host, to: IpAddr, count: u32, interval: &str) -> Result<Pings> {
    let limit = Duration::from_secs(10) + Duration::from_millis(100) * count;
    let done = process::run(&mut command(host, to, count, interval), limit)?;
    Pings::parse(&done.stdout).with_context(|| done.to_string())
}

/// A ping under way until [`PingRun::stop`], at most for five minutes.
#[derive(Debug)]
pub struct PingRun {
    ping: Child,
    printed: Option<JoinHandle<String>>,
}

impl PingRun {
    pub(crate) fn start(host: &Host, to: IpAddr) -> Result<Self> {
        let mut ping = command(host, to, 30_000, "0.01")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start ping")?;
        let mut stdout = ping.stdout.take().context("ping has no output")?;
        let printed = thread::spawn(move || {
            let mut printed = String::new();
            let _ = stdout.read_to_string(&mut printed);
            printed
        });
        Ok(Self {
            ping,
            printed: Some(printed),
        })
    }

    /// End it and count. The request under way at that moment counts as not
    /// sent: ping does not wait for its reply.
    pub fn stop(mut self) -> Result<Pings> {
        sys::signal(self.ping.id(), libc::SIGINT)?;
        let printed = self
            .printed
            .take()
            .and_then(|printed| printed.join().ok())
            .unwrap_or_default();
        let mut pings = Pings::parse(&printed)?;
        let last = printed.lines().filter_map(sequence).max();
        if pings.received + 1 == pings.sent && last == Some(pings.received) {
            pings.sent -= 1;
        }
        Ok(pings)
    }
}

impl PingRun {
    /// End it and see that it was under way and nothing was lost.
    pub fn assert_none_lost(self) -> Result<Pings> {
        let pings = self.stop()?;
        println!("{pings}");
        ensure!(pings.none_lost() && pings.sent > 10, "of the pings {pings}");
        Ok(pings)
    }
}

impl Drop for PingRun {
    fn drop(&mut self) {
        let _ = self.ping.kill();
        let _ = self.ping.wait();
    }
}

/// The sequence number a reply line names, counted from 1.
fn sequence(line: &str) -> Option<u32> {
    line.split_once("icmp_seq=")?
        .1
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_read_with_and_without_errors() {
        let plain = "10 packets transmitted, 10 received, 0% packet loss, time 9ms";
        assert_eq!(
            Pings::parse(plain).unwrap(),
            Pings {
                sent: 10,
                received: 10
            }
        );
        let errors = "3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2ms";
        assert_eq!(
            Pings::parse(errors).unwrap(),
            Pings {
                sent: 3,
                received: 0
            }
        );
        assert!(Pings::parse("ping: socket: Operation not permitted").is_err());
    }

    #[test]
    fn a_reply_names_its_sequence_number() {
        assert_eq!(
            sequence("64 bytes from 10.2.0.2: icmp_seq=17 ttl=63 time=0.1 ms"),
            Some(17)
        );
        assert_eq!(
            sequence("PING 10.2.0.2 (10.2.0.2) 56(84) bytes of data."),
            None
        );
    }
}
