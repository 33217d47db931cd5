//! Generic netlink family `ethtool`: whether a device takes VLAN tags off frames by
//! itself, and telling it not to (Documentation/networking/ethtool-netlink.rst,
//! kernel 5.7).

use futures::StreamExt as _;
use genetlink::GenetlinkHandle;
use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NLM_F_ACK, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
    Nla as _, NlasIterator, Parseable as _, ParseableParametrized,
};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};
use tracing::debug;

use super::KernelError;
use crate::host::TagOffload;

const FEATURES_GET: u8 = 11;
const FEATURES_SET: u8 = 12;

const A_HEADER: u16 = 1;
const A_HEADER_DEV_INDEX: u16 = 1;
const A_FEATURES_HW: u16 = 2;
const A_FEATURES_WANTED: u16 = 3;
const A_FEATURES_ACTIVE: u16 = 4;
const A_BITSET_BITS: u16 = 3;
const A_BITSET_BITS_BIT: u16 = 1;
const A_BIT_NAME: u16 = 2;
const NESTED: u16 = 1 << 15;

/// Taking off 802.1Q and 802.1ad tags.
const NAMES: [&str; 2] = ["rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"];

pub(super) struct Offload {
    handle: GenetlinkHandle,
}

impl Offload {
    pub(super) fn open() -> Result<Self, KernelError> {
        let (connection, handle, _) = genetlink::new_connection()
            .map_err(|error| KernelError::netlink("device features", error))?;
        tokio::spawn(connection);
        Ok(Self { handle })
    }

    /// Whether a device hides tags. One that does not say is taken to.
    pub(super) async fn of(&self, index: u32) -> TagOffload {
        let request = Features::get(index);
        match self.ask(request).await {
            Some(features) if features.active.is_empty() => TagOffload::Off,
            Some(features)
                if features
                    .active
                    .iter()
                    .all(|name| features.hw.contains(name)) =>
            {
                TagOffload::Changeable
            }
            _ => TagOffload::Fixed,
        }
    }

    /// Have a device leave tags in frames. Whether it does, is to be seen.
    pub(super) async fn turn_off(&self, index: u32) {
        self.ask(Features::turned_off(index)).await;
    }

    async fn ask(&self, features: Features) -> Option<Features> {
        let index = features.index;
        let mut request = NetlinkMessage::from(GenlMessage::from_payload(features));
        request.header.flags = NLM_F_REQUEST | NLM_F_ACK;
        let mut handle = self.handle.clone();
        let mut replies = match handle.request(request).await {
            Ok(replies) => replies,
            Err(error) => {
                debug!("no word on the features of interface {index}: {error}");
                return None;
            }
        };
        match replies.next().await {
            Some(Ok(NetlinkMessage {
                payload: NetlinkPayload::InnerMessage(message),
                ..
            })) => Some(message.payload),
            _ => None,
        }
    }
}

/// A features message: asks about one device or tells it when sent, describes it when
/// received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Features {
    command: u8,
    index: u32,
    /// Those of [`NAMES`] that are on.
    active: Vec<&'static str>,
    /// Those that can be changed.
    hw: Vec<&'static str>,
}

impl Features {
    fn get(index: u32) -> Self {
        Self {
            command: FEATURES_GET,
            index,
            ..Self::default()
        }
    }

    fn turned_off(index: u32) -> Self {
        Self {
            command: FEATURES_SET,
            index,
            ..Self::default()
        }
    }

    fn attributes(&self) -> Vec<DefaultNla> {
        let index = DefaultNla::new(A_HEADER_DEV_INDEX, self.index.to_ne_bytes().to_vec());
        let mut attributes = vec![nest(A_HEADER, &[index])];
        if self.command == FEATURES_SET {
            // A bit that is named without a value is to be off; others stay.
            let bit = |name: &&str| {
                let name = DefaultNla::new(A_BIT_NAME, [name.as_bytes(), &[0]].concat());
                nest(A_BITSET_BITS_BIT, &[name])
            };
            let bits: Vec<_> = NAMES.iter().map(bit).collect();
            attributes.push(nest(A_FEATURES_WANTED, &[nest(A_BITSET_BITS, &bits)]));
        }
        attributes
    }
}

fn nest(kind: u16, inner: &[DefaultNla]) -> DefaultNla {
    let mut value = vec![0; inner.buffer_len()];
    inner.emit(&mut value);
    DefaultNla::new(kind | NESTED, value)
}

impl GenlFamily for Features {
    fn family_name() -> &'static str {
        "ethtool"
    }

    fn command(&self) -> u8 {
        self.command
    }

    fn version(&self) -> u8 {
        1
    }
}

impl Emitable for Features {
    fn buffer_len(&self) -> usize {
        self.attributes().as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.attributes().as_slice().emit(buffer);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Features {
    fn parse_with_param(bytes: &[u8], _: GenlHeader) -> Result<Self, DecodeError> {
        let mut features = Self::default();
        for (kind, value) in inner(bytes)? {
            match kind {
                A_FEATURES_HW => features.hw = named(&value)?,
                A_FEATURES_ACTIVE => features.active = named(&value)?,
                _ => {}
            }
        }
        Ok(features)
    }
}

/// Those of [`NAMES`] that a bitset names. Without mask, which is how the kernel
/// sends these, all that are named are set.
fn named(bitset: &[u8]) -> Result<Vec<&'static str>, DecodeError> {
    let mut found = Vec::new();
    for (_, bits) in inner(bitset)?
        .into_iter()
        .filter(|(kind, _)| *kind == A_BITSET_BITS)
    {
        for (_, bit) in inner(&bits)? {
            for (_, name) in inner(&bit)?
                .into_iter()
                .filter(|(kind, _)| *kind == A_BIT_NAME)
            {
                let name = name.strip_suffix(&[0]).unwrap_or(&name);
                found.extend(NAMES.into_iter().filter(|known| known.as_bytes() == name));
            }
        }
    }
    Ok(found)
}

fn inner(bytes: &[u8]) -> Result<Vec<(u16, Vec<u8>)>, DecodeError> {
    let read = |attribute: Result<_, DecodeError>| {
        let attribute = DefaultNla::parse(&attribute?)?;
        let mut value = vec![0; attribute.value_len()];
        attribute.emit_value(&mut value);
        Ok((attribute.kind() & !NESTED, value))
    };
    NlasIterator::new(bytes).map(read).collect()
}
