//! Which subnets were linked to their Net's route table. It holds for them in any case:
//! a Net has no other.

use serde_json::{Value, json};

use super::{
    Call,
    errors::Error,
    ids::{Resource, subnet},
    nets::{self, Net},
    params::Params,
    routes::own,
    settings,
};
use crate::model::uid;

/// `LinkRouteTable`.
pub(super) async fn link(call: &Call, mut params: Params) -> Result<Value, Error> {
    let table = params.required_text("RouteTableId")?;
    let linked = params.required_text("SubnetId")?;
    params.finish()?;
    let (digits, _) = call
        .write(move |caller, snapshot, stored| {
            let net = own(snapshot, caller, &table)?;
            let digits = Resource::Subnet.read(&linked)?;
            let is_meant = |net: &Net<'_>| positions(*net).any(|it| subnet(net.uid, it) == digits);
            let position = positions(net).find(|it| subnet(net.uid, *it) == digits);
            let position = position.ok_or_else(|| {
                let text = format!("the SubnetId `{linked}` is not one of this route table's Net");
                match nets::seen(snapshot, caller).find(is_meant) {
                    Some(_) => Error::other_net(text),
                    None => Error::no_subnet(text),
                }
            })?;
            settings::change(stored, caller, &net.network.id, |settings| {
                if !settings.links.contains(&position) {
                    settings.links.push(position);
                }
                Ok(())
            })?;
            Ok(digits)
        })
        .await?;
    Ok(json!({ "LinkRouteTableId": Resource::LinkRouteTable.numbered(digits) }))
}

/// `UnlinkRouteTable`.
pub(super) async fn unlink(call: &Call, mut params: Params) -> Result<Value, Error> {
    let id = params.required_text("LinkRouteTableId")?;
    params.finish()?;
    call.write(move |caller, snapshot, stored| {
        let digits = Resource::LinkRouteTable.read(&id)?;
        let absent = || Error::no_link(format!("the LinkRouteTableId `{id}` does not exist"));
        let mut seen = nets::seen(snapshot, caller);
        let found = seen.find_map(|net| {
            if uid::short(net.uid) == digits {
                return Some((net, None));
            }
            let links = settings::of(stored, &net.network.id).links.into_iter();
            let mut links = links.filter(|position| subnet(net.uid, *position) == digits);
            Some((net, Some(links.next()?)))
        });
        let (net, position) = found.ok_or_else(absent)?;
        let Some(position) = position else {
            let text = "a Net's main route table stays linked to it";
            return Err(Error::invalid_parameter(text));
        };
        settings::change(stored, caller, &net.network.id, |settings| {
            settings.links.retain(|known| *known != position);
            Ok(())
        })
    })
    .await?;
    Ok(json!({}))
}

fn positions(net: Net<'_>) -> impl Iterator<Item = u32> {
    nets::subnet_ranges(&net.network.prefixes).map(|(position, _)| position)
}
