//! What the kernel had to walk through to trust the programs.

use super::{outcome::Hook, rig::with_rig};

/// A tenth of what the verifier allows, so that there is room to grow and older
/// kernels, which walk more paths, take the programs too.
const BUDGET: u32 = 100_000;

#[test]
fn the_verifier_is_done_with_either_program_well_within_its_budget() {
    with_rig(|rig| {
        for hook in [Hook::Xdp, Hook::Tc] {
            let verified = rig.program(hook).verified_instruction_count().unwrap();
            eprintln!("{hook:?}: {verified} instructions verified");
            assert!(verified < BUDGET, "{hook:?}: {verified}");
        }
    });
}
