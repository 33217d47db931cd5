//! Datagrams and whole frames, sent and received by the lab itself.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::{host::Host, namespace::Namespace, sys};

/// A UDP socket inside a namespace, at a port of the kernel's choice.
fn udp_socket(host: &Host, local: IpAddr) -> Result<UdpSocket> {
    let socket = host
        .ns
        .enter(|| UdpSocket::bind(SocketAddr::new(local, 0)))?
        .with_context(|| format!("cannot open a UDP socket at {local} in {}", host.name))?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    Ok(socket)
}

/// Send `count` datagrams of `size` bytes one after another, answered in kind;
/// says how many answers came back unchanged.
pub fn udp_round_trips(
    (client, from): (&Host, IpAddr),
    (server, to): (&Host, IpAddr),
    count: u8,
    size: usize,
) -> Result<usize> {
    let here = udp_socket(client, from)?;
    let there = udp_socket(server, to)?;
    here.connect(there.local_addr()?)?;
    let mut buffer = vec![0; size + 1];
    let mut answered = 0;
    for number in 0..count {
        let question = vec![number; size];
        here.send(&question)?;
        // A lost datagram is counted, not an error.
        let Ok((length, sender)) = there.recv_from(&mut buffer) else {
            continue;
        };
        there.send_to(&buffer[..length], sender)?;
        let Ok(length) = here.recv(&mut buffer) else {
            continue;
        };
        answered += usize::from(buffer[..length] == question);
    }
    Ok(answered)
}

/// Have all that this thread sends from now on received in the order it was sent,
/// whichever sockets and interfaces it sends by.
pub fn send_in_order() -> Result<()> {
    sys::stay_on_this_cpu().context("cannot bind this thread to one CPU")
}

/// Sends any frame out of an interface, and sees every frame that comes in there
/// from the moment it was opened, tags included.
#[derive(Debug)]
pub struct PacketSocket(UdpSocket);

impl PacketSocket {
    /// Open one on an interface of a namespace.
    pub fn open(namespace: &Namespace, interface: &str) -> Result<Self> {
        let socket = namespace
            .enter(|| sys::packet_socket(interface))?
            .with_context(|| format!("no packet socket at {interface} of {}", namespace.name))?;
        Ok(Self(socket))
    }

    /// Send a whole frame.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        self.0.send(frame).context("cannot send a frame")?;
        Ok(())
    }

    /// The first frame within `limit` of which `pick` makes something.
    pub fn receive<T>(
        &self,
        limit: Duration,
        mut pick: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<Option<T>> {
        let deadline = Instant::now() + limit;
        let mut frame = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.0.set_read_timeout(Some(left))?;
            match sys::receive_frame(&self.0, &mut frame) {
                Ok(()) => {
                    if let Some(found) = pick(&frame) {
                        return Ok(Some(found));
                    }
                }
                // Where the interface went down nothing comes until it is up again.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NetworkDown
                    ) => {}
                Err(error) => return Err(error).context("cannot receive frames"),
            }
        }
    }
}
