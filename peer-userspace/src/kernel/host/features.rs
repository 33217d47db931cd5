//! Generic netlink family `netdev`: what each driver can do with XDP, and word
//! when that changes (Documentation/netlink/specs/netdev.yaml, kernel 6.3).

use std::collections::BTreeMap;

use futures::StreamExt as _;
use genetlink::GenetlinkHandle;
use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
    Nla as _, NlasIterator, Parseable as _, ParseableParametrized,
};
use netlink_packet_generic::{
    GenlFamily, GenlHeader, GenlMessage,
    ctrl::{
        GenlCtrl, GenlCtrlCmd,
        nlas::{GenlCtrlAttrs, McastGrpAttrs},
    },
};
use netlink_sys::AsyncSocket as _;
use tokio::sync::mpsc;

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
        let (mut connection, handle, mut messages) = genetlink::new_connection().map_err(error)?;
        let group = mgmt_group().await;
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

    /// The features of every device that reports any.
    pub(super) async fn read(&self) -> BTreeMap<u32, XdpFeatures> {
        let mut found = BTreeMap::new();
        let mut request = NetlinkMessage::from(GenlMessage::from_payload(Device::default()));
        request.header.flags = NLM_F_REQUEST | NLM_F_DUMP;
        let mut handle = self.handle.clone();
        let Ok(mut replies) = handle.request(request).await else {
            return found;
        };
        while let Some(Ok(reply)) = replies.next().await {
            if let NetlinkPayload::InnerMessage(message) = reply.payload {
                let Device { index, features } = message.payload;
                let native = features & (ACT_BASIC | ACT_REDIRECT) == ACT_BASIC | ACT_REDIRECT;
                let egress = features & ACT_NDO_XMIT != 0;
                found.insert(index, XdpFeatures { native, egress });
            }
        }
        found
    }
}

/// Id of the multicast group that announces changes.
async fn mgmt_group() -> Option<u32> {
    let (connection, mut handle, _) = genetlink::new_connection().ok()?;
    let task = tokio::spawn(connection);
    let query = GenlCtrl {
        cmd: GenlCtrlCmd::GetFamily,
        nlas: vec![GenlCtrlAttrs::FamilyName(Device::family_name().to_owned())],
    };
    let mut request = NetlinkMessage::from(GenlMessage::from_payload(query));
    request.header.flags = NLM_F_REQUEST;
    let reply = handle.request(request).await.ok()?.next().await;
    task.abort();
    let NetlinkPayload::InnerMessage(message) = reply?.ok()?.payload else {
        return None;
    };
    let groups = message.payload.nlas.into_iter().find_map(|attribute| match attribute {
        GenlCtrlAttrs::McastGroups(groups) => Some(groups),
        _ => None,
    })?;
    groups.into_iter().find_map(|group| {
        let mut id = None;
        let mut is_mgmt = false;
        for attribute in group {
            match attribute {
                McastGrpAttrs::Id(found) => id = Some(found),
                McastGrpAttrs::Name(name) => is_mgmt = name == "mgmt",
            }
        }
        id.filter(|_| is_mgmt)
    })
}

/// A `dev` message: asks for all devices when sent, describes one when received.
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
        0
    }

    fn emit(&self, _: &mut [u8]) {}
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
