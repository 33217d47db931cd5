//! What the kernel had to walk through to trust the programs.

use aya::util::KernelVersion;

use super::{outcome::Hook, rig::with_rig};

/// A tenth of what the verifier allows, so that there is room to grow.
const BUDGET: u32 = 100_000;
/// Older verifiers recognise fewer paths as walked before: 6.1 walks three and a half
/// times as many instructions as 6.18.
const OLD_BUDGET: u32 = 400_000;

#[test]
fn the_verifier_is_done_with_either_program_well_within_its_budget() {
    with_rig(|rig| {
        let verified = [Hook::Xdp, Hook::Tc].map(|hook| {
            let verified = rig.program(hook).verified_instruction_count().unwrap();
            eprintln!("{hook:?}: {verified} instructions verified");
            verified
        });
        let budget = match KernelVersion::current() {
            Ok(version) if version < KernelVersion::new(6, 6, 0) => OLD_BUDGET,
            _ => BUDGET,
        };
        assert!(
            verified.iter().all(|verified| *verified < budget),
            "{verified:?}"
        );
    });
}
