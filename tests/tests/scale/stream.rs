//! Numbered datagrams from one host to another, thousands a second, and when each
//! was sent and came in.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use peer_tests::Host;

/// Between two datagrams; the timer's slack comes on top.
const INTERVAL: Duration = Duration::from_micros(150);

/// Datagrams under way until dropped.
#[derive(Debug)]
pub(super) struct Stream {
    log: Arc<Mutex<Log>>,
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// When each datagram was sent and came in, by its number.
#[derive(Debug, Default)]
struct Log(Vec<(Instant, Option<Instant>)>);

impl Stream {
    pub(super) fn start(from: &Host, to: &Host) -> Result<Self> {
        let socket = |host: &Host| -> Result<UdpSocket> {
            let bound = host
                .ns
                .enter(|| UdpSocket::bind(SocketAddr::new(host.v4, 0)))?;
            bound.with_context(|| format!("no socket in {}", host.name))
        };
        let (sender, receiver) = (socket(from)?, socket(to)?);
        sender.connect(receiver.local_addr()?)?;
        receiver.set_read_timeout(Some(Duration::from_millis(100)))?;
        let (log, ended) = (Arc::<Mutex<Log>>::default(), Arc::<AtomicBool>::default());
        let send = {
            let (log, ended) = (log.clone(), ended.clone());
            thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    let number = {
                        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                        log.0.push((Instant::now(), None));
                        log.0.len() as u64 - 1
                    };
                    let _ = sender.send(&number.to_be_bytes());
                    thread::sleep(INTERVAL);
                }
            })
        };
        let receive = {
            let (log, ended) = (log.clone(), ended.clone());
            thread::spawn(move || {
                let mut number = [0; 8];
                while !ended.load(Ordering::Relaxed) {
                    if receiver.recv(&mut number).is_err() {
                        continue;
                    }
                    let now = Instant::now();
                    let number = u64::from_be_bytes(number) as usize;
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some((_, came)) = log.0.get_mut(number) {
                        *came = Some(now);
                    }
                }
            })
        };
        Ok(Self {
            log,
            ended,
            threads: vec![send, receive],
        })
    }

    fn ask<T>(&self, question: impl FnOnce(&[(Instant, Option<Instant>)]) -> T) -> T {
        question(&self.log.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// When the first datagram came in after `since`.
    pub(super) fn first_after(&self, since: Instant) -> Option<Instant> {
        self.ask(|log| {
            let late = log.iter().rev().take(20_000);
            let came = late.filter_map(|(_, came)| *came);
            came.filter(|came| *came >= since).min()
        })
    }

    /// Of the datagrams sent between two moments: how many, and how many came in.
    pub(super) fn between(&self, from: Instant, until: Instant) -> (usize, usize) {
        self.ask(|log| {
            let late = log.iter().rev().take(40_000);
            let sent: Vec<_> = late
                .filter(|(sent, _)| (from..until).contains(sent))
                .collect();
            (
                sent.len(),
                sent.iter().filter(|(_, came)| came.is_some()).count(),
            )
        })
    }

    /// Datagrams a second so far.
    pub(super) fn rate(&self) -> f64 {
        self.ask(|log| match (log.first(), log.last()) {
            (Some(first), Some(last)) => log.len() as f64 / (last.0 - first.0).as_secs_f64(),
            _ => 0.0,
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
