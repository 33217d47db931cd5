//! Which hook forwards on a port.

use serde::Serialize;

use crate::{host::Interface, model::Mode};

/// The programs a port carries. The tcx program is always one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The XDP program too, and how it is attached.
    pub xdp: Option<Xdp>,
    /// Why, as a phrase.
    pub why: String,
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
    /// The name `peerctl get ports` shows.
    pub fn name(&self) -> &'static str {
        match self.xdp {
            Some(Xdp::Native) => "xdp",
            Some(Xdp::Generic) => "xdp-generic",
            None => "tc",
        }
    }

    /// The hook for `mode` on `interface`, or why it cannot be had.
    pub(super) fn choose(mode: Mode, interface: &Interface) -> Result<Self, String> {
        let name = &interface.name;
        let hook = |xdp, why: &str| {
            Ok(Self {
                xdp,
                why: why.to_owned(),
            })
        };
        if let (Mode::Xdp | Mode::XdpGeneric, Some(program)) = (mode, interface.foreign_xdp) {
            return Err(format!(
                "interface {name} already carries XDP program {program}, which is not peerd's; \
                 detach it or use mode: tc"
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
            (Mode::Auto, None) => match interface.foreign_xdp {
                Some(program) => hook(None, &format!("XDP program {program} is not peerd's")),
                None => hook(Some(Xdp::Native), "the driver has native XDP"),
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
            Hook::choose(Mode::Auto, &interface(kind, native, None))
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
            let refusal = Hook::choose(mode, &interface).unwrap_err();
            assert!(refusal.contains("interface eth1"), "{refusal}");
        }
    }

    #[test]
    fn auto_leaves_a_foreign_xdp_program_where_it_is() {
        let hook = Hook::choose(Mode::Auto, &interface(None, true, Some(7))).unwrap();
        assert_eq!(hook.name(), "tc");
        assert!(hook.why.contains('7'));
    }
}
