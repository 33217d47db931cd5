//! A switch between the router and hosts on VLANs: one trunk with tags, and for each
//! host an access port without. Two small BPF programs a host do what a switch's
//! hardware does, so that it works on kernels without 802.1Q.

use std::os::fd::OwnedFd;

use anyhow::{Context as _, Result};

use super::{
    host::{ETH0, Host},
    namespace::Namespace,
    socket::PacketSocket,
    sys::{self, Hook},
    topology::Lab,
};

const C_TAG: u16 = 0x8100;
const S_TAG: u16 = 0x88a8;

/// The tags of one VLAN on the trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tags {
    /// VLAN id of the 802.1ad tag; 0 for none.
    pub outer: u16,
    /// VLAN id of the 802.1Q tag; 0 for none.
    pub vlan: u16,
}

impl Tags {
    /// An 802.1Q tag alone; 0 for no tag at all.
    pub const fn vlan(vlan: u16) -> Self {
        Self { outer: 0, vlan }
    }

    /// Ethertypes and VLAN ids from the outside in.
    fn outside_in(self) -> impl DoubleEndedIterator<Item = (u16, u16)> {
        let tags = [(S_TAG, self.outer), (C_TAG, self.vlan)];
        tags.into_iter().filter(|(_, id)| *id != 0)
    }
}

/// A switch, cabled to the router's interface `trunk`.
#[derive(Debug)]
pub struct Switch {
    /// Where it lives. Its end of the trunk is `eth0`.
    pub ns: Namespace,
    /// The router's interface facing it.
    pub trunk: String,
    programs: Vec<OwnedFd>,
}

impl Switch {
    /// One without access ports.
    pub fn new(lab: &Lab, trunk: &str) -> Result<Self> {
        let ns = lab.namespace("switch")?;
        let index = lab.free_index();
        lab.router.ip(&format!(
            "link add {trunk} index {index} type veth peer name {ETH0} netns {}\n\
             link set {trunk} up",
            ns.name
        ))?;
        ns.ip(&format!("link set {ETH0} up"))?;
        lab.router.wait_link_up(trunk)?;
        ns.wait_link_up(ETH0)?;
        Ok(Self {
            ns,
            trunk: trunk.to_owned(),
            programs: Vec::new(),
        })
    }

    /// A host on an access port of a VLAN. Its `port` is the trunk.
    pub fn host(&mut self, lab: &Lab, name: &str, tags: Tags) -> Result<Host> {
        let mut host = lab.unplugged_host(name)?;
        host.port.clone_from(&self.trunk);
        let access = format!("to-{name}");
        let index = lab.free_index();
        self.ns.ip(&format!(
            "link add {access} index {index} type veth peer name {ETH0} netns {}\n\
             link set {access} up",
            host.ns.name
        ))?;
        host.configure()?;
        host.ns.wait_link_up(ETH0)?;
        self.ns.enter(|| -> Result<()> {
            let trunk = sys::interface_index(ETH0)?;
            for (interface, program) in [
                (ETH0, from_trunk(tags, index)),
                (&access, to_trunk(tags, trunk)),
            ] {
                let link = sys::attach_tcx(interface, Hook::TcxIngress, &program);
                let told = || format!("no program at {interface} of the switch");
                self.programs.push(link.with_context(told)?);
            }
            Ok(())
        })??;
        Ok(host)
    }

    /// Everything that the router sends, and a way to send it anything.
    pub fn frames(&self) -> Result<PacketSocket> {
        PacketSocket::open(&self.ns, ETH0)
    }
}

// Of linux/bpf.h: struct __sk_buff, helpers, and what a tcx program returns.
const VLAN_PRESENT: i16 = 20;
const VLAN_TCI: i16 = 24;
const VLAN_PROTO: i16 = 28;
const VLAN_PUSH: i32 = 18;
const VLAN_POP: i32 = 19;
const REDIRECT: i32 = 23;
const NEXT: i32 = -1;
const DROP: i32 = 2;

/// One instruction: operation, registers, offset, immediate value.
fn op(code: u8, to: u8, from: u8, offset: i16, value: i32) -> u64 {
    let [a, b] = offset.to_le_bytes();
    let [c, d, e, f] = value.to_le_bytes();
    u64::from_le_bytes([code, from << 4 | to, a, b, c, d, e, f])
}

fn set(register: u8, value: i32) -> u64 {
    op(0xb7, register, 0, 0, value)
}

fn copy(to: u8, from: u8) -> u64 {
    op(0xbf, to, from, 0, 0)
}

fn load(register: u8, field: i16) -> u64 {
    op(0x61, register, 6, field, 0)
}

fn call(helper: i32) -> u64 {
    op(0x85, 0, 0, 0, helper)
}

const EXIT: u64 = 0x95;

fn redirect(interface: u32) -> [u64; 4] {
    [set(1, interface as i32), set(2, 0), call(REDIRECT), EXIT]
}

/// Frames with exactly these tags go to the access port, without them.
fn from_trunk(tags: Tags, access: u32) -> Vec<u64> {
    let mut program = vec![copy(6, 1)];
    let mut others = Vec::new();
    let unless_equal = |program: &mut Vec<u64>, others: &mut Vec<usize>, value: i32| {
        others.push(program.len());
        program.push(op(0x55, 2, 0, 0, value));
    };
    for (protocol, id) in tags.outside_in() {
        program.push(load(2, VLAN_PRESENT));
        unless_equal(&mut program, &mut others, 1);
        program.push(load(2, VLAN_PROTO));
        unless_equal(&mut program, &mut others, protocol.to_be().into());
        program.extend([load(2, VLAN_TCI), op(0x57, 2, 0, 0, 0x0fff)]);
        unless_equal(&mut program, &mut others, id.into());
        program.extend([copy(1, 6), call(VLAN_POP)]);
    }
    program.push(load(2, VLAN_PRESENT));
    if tags.outside_in().count() == 0 {
        unless_equal(&mut program, &mut others, 0);
    } else {
        program.extend([op(0x15, 2, 0, 2, 0), set(0, DROP), EXIT]);
    }
    program.extend(redirect(access));
    for jump in others {
        let distance = program.len() - jump - 1;
        program[jump] |= (distance as u64) << 16;
    }
    program.extend([set(0, NEXT), EXIT]);
    program
}

/// Frames of the access port go to the trunk with these tags.
fn to_trunk(tags: Tags, trunk: u32) -> Vec<u64> {
    let mut program = vec![copy(6, 1)];
    for (protocol, id) in tags.outside_in().rev() {
        let (protocol, id) = (protocol.to_be().into(), id.into());
        program.extend([copy(1, 6), set(2, protocol), set(3, id), call(VLAN_PUSH)]);
    }
    program.extend(redirect(trunk));
    program
}
