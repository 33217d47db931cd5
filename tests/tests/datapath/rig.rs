//! The kernel under test: a namespace with the world's ports, the maps filled with
//! a table, and the two programs.

use std::{
    io,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use aya::programs::{ProgramFd, ProgramInfo};
use peer_tests::{Lab, Namespace};
use peer_userspace::{
    compile::ForwardingTable,
    kernel::{Datapath, Globals},
};

use super::{
    buckets::Buckets,
    counters::{Counted, Counters},
    outcome::{Arrival, Hook, Outcome, Verdict},
    sys,
    world::{PORTS, table},
};

/// What the programs are told.
const GLOBALS: Globals = Globals {
    log_packets: false,
    mark: 1 << 12,
    table_memory: 1 << 22,
};

/// A loaded datapath. Its pins and its namespace go when the lab goes.
pub(crate) struct Rig {
    pub(crate) namespace: Namespace,
    pub(crate) datapath: Datapath,
    pub(crate) counters: Counters,
    pub(crate) buckets: Buckets,
    /// Where its maps are pinned.
    pub(crate) pins: PathBuf,
    programs: [ProgramInfo; 2],
    fds: [ProgramFd; 2],
    /// What the counters should say in the end.
    books: Counted,
}

/// Run a test against [`table`] in a namespace of its own, and see at the end that
/// nothing was counted that no single run showed.
pub(crate) fn with_rig(test: impl FnOnce(&mut Rig) + Send) {
    let lab = Lab::new("datapath").unwrap();
    let links = PORTS.map(|port| {
        let [a, b, c, d, e, f] = port.mac;
        format!(
            "link add {0} index {1} address {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x} \
             type veth peer name {0}-far",
            port.name, port.index,
        )
    });
    lab.router.ip(&links.join("\n")).unwrap();
    let (namespace, dir) = (lab.router.clone(), lab.bpffs());
    lab.router
        .enter(|| {
            let mut rig = Rig::open(namespace, &dir);
            rig.apply(&table());
            test(&mut rig);
            assert_eq!(rig.counters.all(), rig.books, "the counters at the end");
        })
        .unwrap();
}

impl Rig {
    fn open(namespace: Namespace, dir: &Path) -> Self {
        let datapath = Datapath::open(dir, &GLOBALS).unwrap();
        let programs =
            ["prog_xdp", "prog_tc"].map(|pin| ProgramInfo::from_pin(dir.join(pin)).unwrap());
        Self {
            namespace,
            datapath,
            counters: Counters::open(dir),
            buckets: Buckets::open(dir),
            pins: dir.to_owned(),
            fds: programs.each_ref().map(|program| program.fd().unwrap()),
            programs,
            books: Counted::new(),
        }
    }

    /// Have the maps hold this table.
    pub(crate) fn apply(&mut self, table: &ForwardingTable) {
        self.datapath.follow(table).unwrap();
    }

    /// What the kernel knows about an entry's program.
    pub(crate) fn program(&self, hook: Hook) -> &ProgramInfo {
        &self.programs[hook as usize]
    }

    /// One frame through one entry.
    pub(crate) fn run(&mut self, hook: Hook, arrival: &Arrival) -> Outcome {
        let before = self.counters.near();
        let (verdict, frame) = self.verdict(hook, arrival);
        assert!(
            self.buckets.is_untouched(arrival.slot()),
            "{hook:?} took a token and told nobody: {arrival:?}"
        );
        let counted = self.counters.near().since(&before);
        self.enter(&counted);
        Outcome {
            verdict,
            frame,
            counted,
        }
    }

    /// The same without looking at counters; the books need [`Rig::enter`] or
    /// [`Rig::forget_counts`] then.
    pub(crate) fn verdict(&mut self, hook: Hook, arrival: &Arrival) -> (Verdict, Vec<u8>) {
        let slot = arrival.slot();
        self.buckets.set(slot, arrival.limited);
        let (verdict, frame) = self
            .inject(hook, arrival, 0)
            .unwrap_or_else(|error| panic!("{hook:?} takes no {arrival:?}: {error}"));
        if (hook, verdict) == (Hook::Tc, Verdict::Redirect) {
            self.buckets.taken(slot);
        }
        (verdict, frame)
    }

    /// The same with flags of the test run, and without looking at counters; the
    /// books need [`Rig::forget_counts`] then.
    pub(crate) fn inject(
        &self,
        hook: Hook,
        arrival: &Arrival,
        flags: u32,
    ) -> io::Result<(Verdict, Vec<u8>)> {
        let program = self.fds[hook as usize].as_fd();
        let context = match hook {
            Hook::Xdp => xdp_md(arrival),
            Hook::Tc => sk_buff(arrival),
        };
        let (returned, frame) = sys::test_run(program, &arrival.frame, &context, flags)?;
        Ok((Verdict::of(hook, returned), frame))
    }

    /// What one of many runs on a frame takes, in nanoseconds; the books need
    /// [`Rig::forget_counts`] then.
    pub(crate) fn time(&mut self, hook: Hook, arrival: &Arrival, repeat: u32) -> u32 {
        self.buckets.set(arrival.slot(), arrival.limited);
        let context = match hook {
            Hook::Xdp => xdp_md(arrival),
            Hook::Tc => sk_buff(arrival),
        };
        let program = self.fds[hook as usize].as_fd();
        sys::timed_run(program, &arrival.frame, &context, repeat).unwrap()
    }

    /// Enter in the books what was counted meanwhile, and is right.
    pub(crate) fn enter(&mut self, counted: &Counted) {
        for (count, number) in counted {
            *self.books.entry(*count).or_default() += number;
        }
    }

    /// Take what the counters say now for right.
    pub(crate) fn forget_counts(&mut self) {
        self.books = self.counters.near().counted();
    }
}

/// Whether a test run takes such a frame at all.
pub(crate) fn can_inject(hook: Hook, arrival: &Arrival) -> bool {
    let length = arrival.frame.len();
    if hook == Hook::Xdp {
        return length >= 14 && arrival.gso.size == 0;
    }
    let shortest = match arrival.frame.get(12..14) {
        Some([0x08, 0x00]) => 34,
        Some([0x86, 0xdd]) => 54,
        _ => 14,
    };
    // One page holds the frame, its headroom and `struct skb_shared_info`.
    (shortest..=3600).contains(&length) && arrival.linear.is_none()
}

/// `struct xdp_md`.
fn xdp_md(arrival: &Arrival) -> Vec<u32> {
    let mut context = vec![0; 6];
    context[1] = arrival.linear.unwrap_or(arrival.frame.len() as u32); // data_end
    context[3] = arrival.ingress; // ingress_ifindex
    context
}

/// `struct __sk_buff`.
fn sk_buff(arrival: &Arrival) -> Vec<u32> {
    let mut context = vec![0; 48];
    context[10] = arrival.ingress; // ifindex
    context[41] = arrival.gso.segments; // gso_segs
    context[44] = arrival.gso.size; // gso_size
    context
}
