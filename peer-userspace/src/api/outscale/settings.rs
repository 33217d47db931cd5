//! What is stored for a Net beside its peerings: its route table and its security group.

use super::errors::Error;
use crate::{
    api::{caller::Caller, change::authorize},
    dialect::kept_net,
    model::{Kind, Net, ObjectRef, Spec},
    store::{Declaration, Stored},
};

/// What is stored for the Net that the network `id` is.
pub(super) fn of(stored: &Stored, id: &ObjectRef) -> Net {
    let object = stored.objects.get(&(Kind::Net, id.clone()));
    match object.map(|object| &object.declared) {
        Some(Declaration::Foreign(foreign)) => match &foreign.spec {
            Spec::Net(net) => net.clone(),
            _ => Net::default(),
        },
        _ => Net::default(),
    }
}

/// Change that.
pub(super) fn change(
    stored: &mut Stored,
    caller: &Caller,
    id: &ObjectRef,
    change: impl FnOnce(&mut Net) -> Result<(), Error>,
) -> Result<(), Error> {
    authorize(caller, &(Kind::Net, id.clone()))?;
    let mut net = of(stored, id);
    change(&mut net)?;
    keep(stored, id, net);
    Ok(())
}

/// Forget the routes by a consent: it is gone, or another one has the name now.
pub(super) fn forget_routes(stored: &mut Stored, network: &ObjectRef, consent: &ObjectRef) {
    let mut net = of(stored, network);
    if net.routes.iter().any(|(_, by)| by == consent) {
        net.routes.retain(|(_, by)| by != consent);
        keep(stored, network, net);
    }
}

fn keep(stored: &mut Stored, id: &ObjectRef, net: Net) {
    stored.put(Declaration::Foreign(kept_net(id, net).into()));
}
