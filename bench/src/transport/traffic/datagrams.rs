//! Small datagrams from one socket to another, as fast as they can be sent.

use std::{
    io::{ErrorKind, IoSlice},
    net::{IpAddr, UdpSocket},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use peer_tests::Host;
use rustix::net::{
    MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg, sockopt::set_socket_recv_buffer_size_force,
};

use super::{stay_on, two_cpus};

/// Bytes of payload.
pub(super) const SIZE: usize = 64;
/// Datagrams of one system call.
pub(super) const BATCH: usize = 64;

/// So that a receiver which is not running for a moment loses nothing.
const RECEIVE_BUFFER: usize = 64 << 20;
/// The last datagram is there when nothing has come for so long.
const SILENCE: Duration = Duration::from_millis(100);

/// Datagrams delivered a second.
pub(super) fn run(client: &Host, server: &Host, ends: [IpAddr; 2], time: Duration) -> Result<f64> {
    let [sending, receiving] = two_cpus()?;
    let open = |host: &Host, address: IpAddr| {
        host.ns
            .enter(|| UdpSocket::bind((address, 0)))?
            .with_context(|| format!("cannot open a UDP socket at {address}"))
    };
    let (from, to) = (open(client, ends[0])?, open(server, ends[1])?);
    from.connect(to.local_addr()?)?;
    set_socket_recv_buffer_size_force(&to, RECEIVE_BUFFER)?;
    to.set_nonblocking(true)?;

    let is_over = AtomicBool::new(false);
    let (sent, delivered) = thread::scope(|scope| {
        let receiver = scope.spawn(|| stay_on(receiving).and_then(|()| receive(&to, &is_over)));
        let sender = scope.spawn(|| stay_on(sending).and_then(|()| send(&from, time)));
        let sent = sender.join();
        is_over.store(true, Ordering::Relaxed);
        let delivered = receiver.join();
        let sent = sent.map_err(|_| anyhow!("the sender panicked"))??;
        let delivered = delivered.map_err(|_| anyhow!("the receiver panicked"))??;
        anyhow::Ok((sent, delivered))
    })?;
    ensure!(delivered > 0, "none of {sent} datagrams came");
    Ok(delivered as f64 / time.as_secs_f64())
}

/// How many were sent.
fn send(socket: &UdpSocket, time: Duration) -> Result<u64> {
    let payload = [0x2a; SIZE];
    let parts = [IoSlice::new(&payload)];
    let mut controls: Vec<_> = (0..BATCH).map(|_| SendAncillaryBuffer::default()).collect();
    let messages = controls.iter_mut();
    let mut messages: Vec<_> = messages
        .map(|control| MMsgHdr::new(&parts, control))
        .collect();
    let started = Instant::now();
    let mut sent = 0;
    while started.elapsed() < time {
        let taken = sendmmsg(socket, &mut messages, SendFlags::empty());
        sent += taken.context("cannot send datagrams")? as u64;
    }
    Ok(sent)
}

/// How many came until it was over and silent. It never sleeps: to wake it would cost the
/// sender, on another CPU, many times what a datagram costs.
fn receive(socket: &UdpSocket, is_over: &AtomicBool) -> Result<u64> {
    let mut datagram = [0; SIZE + 1];
    let mut came = 0;
    let mut last = Instant::now();
    loop {
        match socket.recv(&mut datagram) {
            Ok(size) => {
                came += u64::from(size == SIZE);
                last = Instant::now();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if is_over.load(Ordering::Relaxed) && last.elapsed() > SILENCE {
                    return Ok(came);
                }
                thread::yield_now();
            }
            Err(error) => return Err(error).context("cannot receive datagrams"),
        }
    }
}
