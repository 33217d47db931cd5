//! UpCloud's API, `/1.3`.

use anyhow::Result;

use super::stage::Stage;

#[test]
fn upclouds_client_finds_all_that_its_api_promises_about_peerings() -> Result<()> {
    Stage::start("upcloud")?.play("upcloud.py")
}

#[test]
fn upclouds_client_sees_every_state_for_its_own_cause() -> Result<()> {
    Stage::start("upcloud-states")?.play("upcloud_states.py")
}

#[test]
fn what_terraform_does_with_an_upcloud_peering_works() -> Result<()> {
    Stage::start("upcloud-terraform")?.play("upcloud_terraform.py")
}
