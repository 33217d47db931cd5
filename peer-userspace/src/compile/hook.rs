//! Which hook forwards on a port.

use std::borrow::Cow;

use serde::Serialize;

use crate::{
    host::{Interface, TagOffload},
    model::Mode,
};

/// The programs a port carries. The tcx program is always one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The XDP program too, and how it is attached.
    pub xdp: Option<Xdp>,
    /// Why, as a phrase.
    pub why: Cow<'static, str>,
}

/// How an XDP program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Xdp {
    /// In the driver.
    Native,
    /// In the stack, after the driver built an skb.
    Generic,
}

impl Hook {
    /// What an interface carries that is no port itself, but whose tags are.
    pub const TRUNK: Self = Self {
        xdp: None,
        why: Cow::Borrowed("it carries ports with tags"),
    };

    /// The name `peerctl get ports` shows.
    pub fn name(&self) -> &'static str {
        match self.xdp {
            Some(Xdp::Native) => "xdp",
            Some(Xdp::Generic) => "xdp-generic",
            None => "tc",
        }
    }

    /// The hook of a port with a tag, or why it cannot be had.
    pub(super) fn of_tag(mode: Mode, label: &str) -> Result<Self, String> {
        match mode {
            Mode::Auto | Mode::Tc => Ok(Self {
                xdp: None,
                why: "tags are put on and taken off by tc".into(),
            }),
            Mode::Xdp | Mode::XdpGeneric => Err(format!(
                "port {label}: a port with a tag has no XDP; use mode: tc or auto"
            )),
        }
    }

    /// The hook for `mode` on `interface`, or why it cannot be had. Where other ports
    /// are tags on the interface, `carries_tags` says so.
    ///
    /// XDP must see every tag, or it takes frames of a VLAN for untagged ones.
    pub(super) fn choose(
        mode: Mode,
        interface: &Interface,
        carries_tags: bool,
    ) -> Result<Self, String> {
        let name = &interface.name;
        let hook = |xdp, why: &str| {
            Ok(Self {
                xdp,
                why: why.to_owned().into(),
            })
        };
        if let (Mode::Xdp | Mode::XdpGeneric, Some(program)) = (mode, interface.foreign_xdp) {
            return Err(format!(
                "interface {name} already carries XDP program {program}, which is not peerd's; \
                 detach it or use mode: tc"
            ));
        }
        if let (Mode::Xdp | Mode::XdpGeneric, Some(kind)) = (mode, &interface.kind)
            && carries_tags
        {
            return Err(format!(
                "interface {name} carries tags, and XDP does not see those that the other end of \
                 a {kind} leaves beside a frame; use mode: tc or auto"
            ));
        }
        let hides_tags = interface.tag_offload != TagOffload::Off;
        if matches!(mode, Mode::Xdp | Mode::XdpGeneric) && hides_tags {
            return Err(format!(
                "interface {name} takes VLAN tags off before XDP sees them; turn that off with \
                 `ethtool -K {name} rxvlan off rx-vlan-stag-hw-parse off`, or use mode: tc"
            ));
        }
        match (mode, &interface.kind) {
            (Mode::Tc, _) => hook(None, "mode: tc"),
            (Mode::XdpGeneric, _) => hook(Some(Xdp::Generic), "mode: xdp-generic"),
            (Mode::Xdp, _) if !interface.xdp.native => Err(format!(
                "the driver of interface {name} has no native XDP; use mode: xdp-generic, tc or auto"
            )),
            (Mode::Xdp, _) => hook(Some(Xdp::Native), "mode: xdp"),
            (Mode::Auto, Some(kind)) => hook(
                None,
                &format!("a {kind} keeps its offloads only without XDP"),
            ),
            (Mode::Auto, None) if !interface.xdp.native => {
                hook(None, "the driver has no native XDP")
            }
            (Mode::Auto, None) if hides_tags => {
                hook(None, "the device takes VLAN tags off before XDP sees them")
            }
            (Mode::Auto, None) => match (interface.foreign_xdp, &interface.xdp_refused) {
                (Some(program), _) => hook(None, &format!("XDP program {program} is not peerd's")),
                (None, Some(why)) => hook(None, &format!("native XDP was refused: {why}")),
                (None, None) => hook(Some(Xdp::Native), "the driver has native XDP"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::XdpFeatures;

    fn interface(kind: Option<&str>, native: bool, foreign_xdp: Option<u32>) -> Interface {
        Interface {
            name: "eth1".into(),
            kind: kind.map(Into::into),
            xdp: XdpFeatures {
                native,
                egress: native,
            },
            foreign_xdp,
            ..Interface::default()
        }
    }

    #[test]
    fn auto_takes_native_xdp_only_where_no_offload_suffers() {
        let chosen = |kind, native| {
            Hook::choose(Mode::Auto, &interface(kind, native, None), false)
                .unwrap()
                .name()
        };
        assert_eq!(chosen(None, true), "xdp");
        assert_eq!(chosen(None, false), "tc");
        assert_eq!(chosen(Some("veth"), true), "tc");
    }

    #[test]
    fn a_mode_that_cannot_be_had_is_refused_by_a_sentence_that_names_the_interface() {
        for (mode, interface) in [
            (Mode::Xdp, interface(None, false, None)),
            (Mode::Xdp, interface(None, true, Some(7))),
            (Mode::XdpGeneric, interface(None, true, Some(7))),
        ] {
            let refusal = Hook::choose(mode, &interface, false).unwrap_err();
            assert!(refusal.contains("interface eth1"), "{refusal}");
        }
    }

    #[test]
    fn auto_does_without_the_xdp_that_a_driver_refuses_and_xdp_itself_does_not() {
        let refusing = Interface {
            xdp_refused: Some("too many queues".into()),
            ..interface(None, true, None)
        };
        let hook = Hook::choose(Mode::Auto, &refusing, false).unwrap();
        assert_eq!(hook.name(), "tc");
        assert!(hook.why.contains("too many queues"));
        let asked_for = Hook::choose(Mode::Xdp, &refusing, false).unwrap();
        assert_eq!(asked_for.name(), "xdp");
    }

    #[test]
    fn auto_leaves_a_foreign_xdp_program_where_it_is() {
        let hook = Hook::choose(Mode::Auto, &interface(None, true, Some(7)), false).unwrap();
        assert_eq!(hook.name(), "tc");
        assert!(hook.why.contains('7'));
    }

    #[test]
    fn xdp_goes_where_it_sees_every_tag() {
        for offload in [TagOffload::Changeable, TagOffload::Fixed] {
            let hidden = Interface {
                tag_offload: offload,
                ..interface(None, true, None)
            };
            let auto = Hook::choose(Mode::Auto, &hidden, false).unwrap();
            assert!(
                auto.xdp.is_none() && auto.why.contains("tags"),
                "{}",
                auto.why
            );
            for mode in [Mode::Xdp, Mode::XdpGeneric] {
                let refusal = Hook::choose(mode, &hidden, false).unwrap_err();
                assert!(refusal.contains("ethtool -K eth1 rxvlan off"), "{refusal}");
            }
        }
        let in_frames = interface(None, true, None);
        let veth = interface(Some("veth"), true, None);
        assert!(Hook::choose(Mode::Xdp, &in_frames, true).is_ok());
        assert!(Hook::choose(Mode::Xdp, &veth, false).is_ok());
        assert!(Hook::choose(Mode::Xdp, &veth, true).is_err());
    }
}
