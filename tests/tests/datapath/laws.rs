//! What holds for every packet, whichever of the cases it comes from.

use peer_common::{Port, limits};

use super::{
    cases,
    outcome::{Hook, Verdict},
    rig::{Rig, can_inject, with_rig},
    tables,
    world::{GREY, table},
};

#[test]
fn a_network_that_is_gone_leaves_nothing_in_the_kernel() {
    with_rig(|rig| {
        let mut table = table();
        table.fibs.remove(&GREY.network);
        table.ports.remove(&GREY.index);
        rig.apply(&table);
        rig.datapath.reread().unwrap();
        assert_eq!(rig.datapath.content().fibs, table.fibs);
    });
}

/// Its sources are kept by slot, and the next who had it would let them in.
#[test]
fn a_port_whose_interface_went_away_keeps_its_slot_as_long_as_it_is_a_port() {
    with_rig(|rig| {
        let slot = |rig: &Rig| rig.datapath.registered().devices.get(&GREY.index).copied();
        let before = slot(rig);
        assert!(before.is_some());
        rig.datapath.forget_interface(GREY.index).unwrap();
        assert_eq!(slot(rig), before);
    });
}

/// A port is found by the last bits of its ifindex, unless another has the same.
#[test]
fn ports_whose_ifindexes_end_alike_are_told_apart() {
    with_rig(|rig| {
        let cases = cases::all();
        let fates = |rig: &mut Rig| -> Vec<_> {
            let runs = cases.iter().flat_map(|case| {
                let hooks = [Hook::Xdp, Hook::Tc].into_iter();
                hooks
                    .filter(|hook| can_inject(*hook, &case.arrival))
                    .map(move |hook| (hook, case))
            });
            runs.map(|(hook, case)| rig.run(hook, &case.arrival))
                .collect()
        };
        let alone = fates(rig);
        let mut crowded = table();
        for (index, port) in table().ports {
            let network = GREY.network;
            crowded
                .ports
                .insert(index + 2 * limits::MAX_PORTS, Port { network, ..port });
        }
        rig.apply(&crowded);
        assert!(fates(rig) == alone, "beside others");
        rig.apply(&table());
        assert!(fates(rig) == alone, "after the others went");
    });
}

/// XDP decides, or leaves the packet as it is to tc and to the stack; where it
/// decides, tc does the same. Except where a slot of XDP's is empty: tc needs none.
#[test]
fn what_xdp_decides_tc_decides_alike_down_to_bytes_and_counters() {
    with_rig(|rig| {
        let mut compared = 0;
        let all = [cases::all(), tables::cases()].concat();
        for case in &all {
            let both = [Hook::Xdp, Hook::Tc].map(|hook| can_inject(hook, &case.arrival));
            if both != [true, true] {
                continue;
            }
            let xdp = rig.run(Hook::Xdp, &case.arrival);
            let tc = rig.run(Hook::Tc, &case.arrival);
            let text = &case.description;
            if xdp.verdict == Verdict::Up {
                assert_eq!(
                    xdp.frame, case.arrival.frame,
                    "{text}: passed, but written to"
                );
                assert!(xdp.counted.is_empty(), "{text}: passed, but counted");
                assert_ne!(tc.verdict, Verdict::Drop, "{text}: passed for tc to drop");
                continue;
            }
            if xdp.found_no_device() {
                continue;
            }
            assert_eq!(xdp, tc, "{text}");
            compared += 1;
        }
        eprintln!("{compared} of {} cases decided alike", all.len());
        assert!(compared > 500);
    });
}
