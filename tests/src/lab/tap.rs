//! A tap, as virtual machines send through: what is too large for the wire is cut by
//! whoever comes after, and nobody says into how many.

use std::{fs::File, io::Write as _};

use anyhow::{Context as _, Result};

use super::{namespace::Namespace, sys};

/// The end of the virtual machine; the interface goes with it.
#[derive(Debug)]
pub struct Tap(File);

impl Tap {
    /// Make an interface in a namespace, and bring it up.
    pub fn new(namespace: &Namespace, name: &str) -> Result<Self> {
        let tap = namespace
            .enter(|| sys::tap(name))?
            .with_context(|| format!("cannot make {name} in {}", namespace.name))?;
        namespace.ip(&format!("link set {name} up"))?;
        Ok(Self(tap))
    }

    /// Send a TCP frame over IPv4 without options, to be cut into segments of `size`
    /// payload bytes, its checksum left to whoever cuts it.
    pub fn send_segments(&mut self, frame: &[u8], size: u16) -> Result<()> {
        const NEEDS_CHECKSUM: u8 = 1;
        const TCPV4: u8 = 1;
        const HEADERS: u16 = 54;
        const TRANSPORT: u16 = 34;
        const CHECKSUM: u16 = 16;
        let words = [HEADERS, size, TRANSPORT, CHECKSUM].map(u16::to_le_bytes);
        let header = [&[NEEDS_CHECKSUM, TCPV4], words.as_flattened()].concat();
        let whole = [&header, frame].concat();
        self.0.write_all(&whole).context("cannot send by the tap")
    }
}
