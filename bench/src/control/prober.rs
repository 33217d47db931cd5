//! Numbered datagrams from one host to another, thousands a second, and when each was
//! sent and came in.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use peer_tests::Host;

/// Between two datagrams. The kernel's slack for sleepers comes on top.
const INTERVAL: Duration = Duration::from_micros(20);

/// How long what is under way may take.
const UNDER_WAY: Duration = Duration::from_millis(200);

/// Nobody sends for longer than this.
const MOST: usize = 3_000_000;

/// One datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) sent: Instant,
    /// `None` if it was lost.
    pub(super) came: Option<Instant>,
}

/// Datagrams under way until finished.
///
/// One thread sends and receives: on a veth the packet has gone all its way when the
/// system call that sent it returns, and a second thread's wake-up would be measured too.
pub(super) struct Prober {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Probe>>,
}

impl Prober {
    /// Send from now on.
    pub(super) fn start(from: &Host, to: &Host) -> Result<Self> {
        let socket = |host: &Host| -> Result<UdpSocket> {
            let bind = || UdpSocket::bind(SocketAddr::new(host.v4, 0));
            let bound = host.ns.enter(bind)?;
            bound.with_context(|| format!("no socket in {}", host.name))
        };
        let (sender, receiver) = (socket(from)?, socket(to)?);
        sender.connect(receiver.local_addr()?)?;
        receiver.set_nonblocking(true)?;
        let ended = Arc::<AtomicBool>::default();
        let until = ended.clone();
        let thread = thread::spawn(move || probe(&sender, &receiver, &until));
        Ok(Self { ended, thread })
    }

    /// Stop, and say what became of each.
    pub(super) fn finish(self) -> Result<Vec<Probe>> {
        self.ended.store(true, Ordering::Relaxed);
        let probes = self.thread.join();
        probes.map_err(|_| anyhow!("the thread that sends datagrams ended"))
    }
}

fn probe(sender: &UdpSocket, receiver: &UdpSocket, ended: &AtomicBool) -> Vec<Probe> {
    let mut probes: Vec<Probe> = Vec::new();
    while !ended.load(Ordering::Relaxed) && probes.len() < MOST {
        let number = probes.len() as u64;
        probes.push(Probe {
            sent: Instant::now(),
            came: None,
        });
        // A refusal is a loss, and seen as such.
        let _ = sender.send(&number.to_be_bytes());
        drain(receiver, &mut probes);
        thread::sleep(INTERVAL);
    }
    let deadline = Instant::now() + UNDER_WAY;
    while Instant::now() < deadline {
        drain(receiver, &mut probes);
        thread::sleep(INTERVAL);
    }
    probes
}

fn drain(receiver: &UdpSocket, probes: &mut [Probe]) {
    let mut number = [0; 8];
    while receiver.recv(&mut number).is_ok() {
        let now = Instant::now();
        if let Some(probe) = probes.get_mut(u64::from_be_bytes(number) as usize) {
            probe.came = Some(now);
        }
    }
}

/// From `call` to the first arrival of a datagram that was sent in between, among those
/// sent before `until`.
pub(super) fn opened_after(probes: &[Probe], call: Instant, until: Instant) -> Option<Duration> {
    let sent = sent_between(probes, call, until);
    Some(sent.iter().find_map(|probe| probe.came)? - call)
}

/// From `call` to the last arrival of a datagram that was sent between `call` and
/// `until`, when it must not get through any more. None passed: no time.
pub(super) fn closed_after(probes: &[Probe], call: Instant, until: Instant) -> Duration {
    let sent = sent_between(probes, call, until);
    let last = sent.iter().rev().find_map(|probe| probe.came);
    last.map_or(Duration::ZERO, |last| last - call)
}

fn sent_between(probes: &[Probe], from: Instant, until: Instant) -> &[Probe] {
    let place = |at| probes.partition_point(|probe| probe.sent < at);
    &probes[place(from)..place(until)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A datagram each millisecond, which takes 0.1 ms where it gets through.
    fn probes(begin: Instant, passed: impl Fn(u64) -> bool) -> Vec<Probe> {
        let probe = |number| {
            let sent = begin + Duration::from_millis(number);
            let came = passed(number).then(|| sent + Duration::from_micros(100));
            Probe { sent, came }
        };
        (0..100).map(probe).collect()
    }

    #[test]
    fn opening_takes_until_the_first_datagram_sent_after_the_call_is_there() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        // What passed before is none of this call's doing.
        let probes = probes(begin, |number| !(5..23).contains(&number));
        let opened = opened_after(&probes, at(20), at(40));
        assert_eq!(opened, Some(Duration::from_micros(3_100)));
        assert_eq!(opened_after(&probes, at(10), at(20)), None);
    }

    #[test]
    fn closing_takes_until_the_last_datagram_that_still_passed() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let probes = probes(begin, |number| number <= 24 || number >= 40);
        let closed = closed_after(&probes, at(20), at(40));
        assert_eq!(closed, Duration::from_micros(4_100));
        assert_eq!(closed_after(&probes, at(26), at(40)), Duration::ZERO);
    }
}
