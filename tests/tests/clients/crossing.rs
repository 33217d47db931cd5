//! Peerings whose two sides are of two systems.

use anyhow::Result;

use super::stage::Stage;

#[test]
fn a_peering_asked_for_in_one_system_is_answered_in_another() -> Result<()> {
    Stage::start("crossing")?.play("crossing.py")
}
