//! Outscale's ids of what peerd knows by uids: a prefix and eight hexadecimal digits.
//!
//! Owns how they look. No two uids begin with the same digits (`model::uid`).

use uuid::Uuid;

use super::errors::Error;
use crate::model::uid::short;

/// Far apart and odd, so that the subnets of a Net all have other ids than it.
const STEP: u32 = 0x9e37_79b1;

/// A kind of resource, by the prefix of its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    /// A network.
    Net,
    /// One of its prefixes.
    Subnet,
    /// Its route table.
    RouteTable,
    /// Between route table and network, or prefix.
    LinkRouteTable,
    /// Its security group.
    SecurityGroup,
    /// A peering.
    NetPeering,
}

impl Resource {
    const ALL: [Self; 6] = [
        Self::Net,
        Self::Subnet,
        Self::RouteTable,
        Self::LinkRouteTable,
        Self::SecurityGroup,
        Self::NetPeering,
    ];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Net => "vpc-",
            Self::Subnet => "subnet-",
            Self::RouteTable => "rtb-",
            Self::LinkRouteTable => "rtbassoc-",
            Self::SecurityGroup => "sg-",
            Self::NetPeering => "pcx-",
        }
    }

    /// The id of the resource that a uid stands for.
    pub(super) fn id(self, uid: Uuid) -> String {
        self.numbered(short(uid))
    }

    /// The id with these digits.
    pub(super) fn numbered(self, digits: u32) -> String {
        format!("{}{digits:08x}", self.prefix())
    }

    /// The digits of an id of this kind.
    pub(super) fn read(self, id: &str) -> Result<u32, Error> {
        let prefix = self.prefix();
        let digits = id.strip_prefix(prefix).ok_or_else(|| {
            Error::wrong_prefix(format!(
                "`{id}` is no id of this kind: those begin with {prefix}"
            ))
        })?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let digits = Some(digits).filter(|it| it.len() == 8 && it.bytes().all(is_hex));
        let digits = digits.and_then(|it| u32::from_str_radix(it, 16).ok());
        digits.ok_or_else(|| {
            let text = format!("`{id}` is no id: {prefix} is followed by eight digits of 0-9a-f");
            Error::malformed_id(text)
        })
    }

    /// What kind an id is of.
    pub(super) fn of(id: &str) -> Option<(Self, u32)> {
        let mut kinds = Self::ALL.into_iter();
        kinds.find_map(|kind| Some((kind, kind.read(id).ok()?)))
    }
}

/// The digits of a Net's subnet, which is the prefix at this position.
pub(super) fn subnet(net: Uuid, position: u32) -> u32 {
    short(net).wrapping_add(position.wrapping_add(1).wrapping_mul(STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "0a1b2c3d-7d0b-4a39-9d4f-0a3a5f0e1b2c";

    #[test]
    fn an_id_is_read_as_it_was_written() {
        for kind in Resource::ALL {
            let id = kind.id(UID.parse().unwrap());
            assert!(id.ends_with("-0a1b2c3d"), "{id}");
            assert_eq!(kind.read(&id).unwrap(), 0x0a1b_2c3d);
            assert_eq!(Resource::of(&id), Some((kind, 0x0a1b_2c3d)));
        }
        assert_eq!(Resource::of("ami-0a1b2c3d"), None);
    }

    #[test]
    fn what_is_no_id_is_refused_with_the_code_for_how() {
        let code = |id: &str| {
            Resource::NetPeering.read(id).unwrap_err().body()["Errors"][0]["Code"].take()
        };
        for id in ["", "foo", "vpc-0a1b2c3d", "PCX-0a1b2c3d"] {
            assert_eq!(code(id), "4104", "{id}");
        }
        for id in [
            "pcx-",
            "pcx-0a1b2c3",
            "pcx-0a1b2c3d4",
            "pcx-0A1B2C3D",
            "pcx-+a1b2c3d",
            "pcx-0a1b2cé",
        ] {
            assert_eq!(code(id), "4105", "{id}");
        }
    }

    #[test]
    fn the_subnets_of_a_net_have_ids_of_their_own() {
        let net: Uuid = UID.parse().unwrap();
        let ids: std::collections::BTreeSet<u32> = (0..10_000).map(|it| subnet(net, it)).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(!ids.contains(&short(net)));
    }
}
