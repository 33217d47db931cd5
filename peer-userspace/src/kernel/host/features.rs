//! Generic netlink family `netdev`: what each driver can do with XDP, and word
//! when that changes (Documentation/netlink/specs/netdev.yaml, kernel 6.3).

use futures::StreamExt as _;
use genetlink::GenetlinkHandle;
use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload, Nla as _,
    NlasIterator, Parseable as _, ParseableParametrized,
};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};
use netlink_sys::AsyncSocket as _;
use tokio::sync::mpsc;
use tracing::debug;

use super::{KernelError, watch::HostChange};
use crate::host::XdpFeatures;

const DEV_GET: u8 = 1;
const ATTR_IFINDEX: u16 = 1;
const ATTR_XDP_FEATURES: u16 = 3;

const ACT_BASIC: u64 = 1 << 0;
const ACT_REDIRECT: u64 = 1 << 1;
const ACT_NDO_XMIT: u64 = 1 << 2;

pub(super) struct Features {
    handle: GenetlinkHandle,
}

impl Features {
    /// Open the family; changes are told to `changed`. Kernels without it have no
    /// features to report, and every port forwards in tcx.
    pub(super) async fn open(changed: mpsc::Sender<HostChange>) -> Result<Self, KernelError> {
        let error = |error| KernelError::netlink("driver features", error);
        let group = mgmt_group().await;
        let (mut connection, handle, mut messages) = genetlink::new_connection().map_err(error)?;
        if let Some(group) = group {
            let socket = connection.socket_mut().socket_mut();
            socket.add_membership(group).map_err(error)?;
        }
        tokio::spawn(connection);
        tokio::spawn(async move {
            while messages.next().await.is_some() {
                if changed.send(HostChange::Look).await.is_err() {
                    break;
                }
            }
        });
        Ok(Self { handle })
    }

    /// The features of one device. Asked one by one: the kernel's dump lacks
    /// NLM_F_MULTI (6.18), and ends for the library after its first message.
    pub(super) async fn of(&self, index: u32) -> XdpFeatures {
        let mut request =
            NetlinkMessage::from(GenlMessage::from_payload(Device { index, features: 0 }));
        request.header.flags = NLM_F_REQUEST;
        let mut handle = self.handle.clone();
        let reply = match handle.request(request).await {
            Ok(mut replies) => replies.next().await,
            Err(error) => {
                debug!("no word on the XDP features of interface {index}: {error}");
                None
            }
        };
        match reply {
            Some(Ok(NetlinkMessage {
                payload: NetlinkPayload::InnerMessage(message),
                ..
            })) => {
                let Device { features, .. } = message.payload;
                XdpFeatures {
                    native: features & (ACT_BASIC | ACT_REDIRECT) == ACT_BASIC | ACT_REDIRECT,
                    egress: features & ACT_NDO_XMIT != 0,
                }
            }
            _ => XdpFeatures::default(),
        }
    }
}

/// Id of the multicast group that announces changes.
async fn mgmt_group() -> Option<u32> {
    let (connection, handle, _) = genetlink::new_connection().ok()?;
    let task = tokio::spawn(connection);
    let family = handle.resolve_family::<Device>().await;
    task.abort();
    family.ok()?.multicast_groups.get("mgmt").copied()
}

/// A `dev` message: asks for one device when sent, describes it when received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Device {
    index: u32,
    features: u64,
}

impl GenlFamily for Device {
    fn family_name() -> &'static str {
        "netdev"
    }

    fn command(&self) -> u8 {
        DEV_GET
    }

    fn version(&self) -> u8 {
        1
    }
}

impl Emitable for Device {
    fn buffer_len(&self) -> usize {
        self.asked().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.asked().emit(buffer);
    }
}

impl Device {
    fn asked(&self) -> DefaultNla {
        DefaultNla::new(ATTR_IFINDEX, self.index.to_ne_bytes().to_vec())
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Device {
    fn parse_with_param(bytes: &[u8], _: GenlHeader) -> Result<Self, DecodeError> {
        let mut device = Self::default();
        for attribute in NlasIterator::new(bytes) {
            let attribute = DefaultNla::parse(&attribute?)?;
            let mut value = vec![0; attribute.value_len()];
            attribute.emit_value(&mut value);
            match (attribute.kind(), value.as_slice()) {
                (ATTR_IFINDEX, bytes) => {
                    device.index = bytes.try_into().map_or(0, u32::from_ne_bytes);
                }
                (ATTR_XDP_FEATURES, bytes) => {
                    device.features = bytes.try_into().map_or(0, u64::from_ne_bytes);
                }
                _ => {}
            }
        }
        Ok(device)
    }
}
