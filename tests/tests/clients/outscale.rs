//! Outscale's API, `/api/v1` and `/api/latest`.

use anyhow::Result;

use super::stage::Stage;

#[test]
fn outscales_client_finds_all_that_its_api_promises_about_net_peerings() -> Result<()> {
    Stage::start("outscale")?.play("outscale.py")
}

#[test]
fn a_net_peering_carries_what_routes_and_rules_of_both_sides_say() -> Result<()> {
    Stage::start("outscale-routes")?.play("outscale_routes.py")
}

#[test]
fn outscales_client_finds_net_peerings_by_tags_filters_and_pages() -> Result<()> {
    Stage::start("outscale-lists")?.play("outscale_lists.py")
}

#[test]
fn outscales_command_line_takes_a_net_peering_through_its_life() -> Result<()> {
    Stage::start("osc-cli")?.play("osc_cli.py")
}

#[test]
fn what_terraform_does_with_an_outscale_net_peering_works() -> Result<()> {
    Stage::start("outscale-terraform")?.play("outscale_terraform.py")
}
