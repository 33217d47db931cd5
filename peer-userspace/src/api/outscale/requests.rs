//! Accepting, rejecting and deleting NetPeerings.
//!
//! Owns what of the model answers which call, and who may delete what.

use serde_json::{Value, json};

use super::{Call, errors::Error, net_peerings::find, params::Params, settings};
use crate::{
    api::{
        answer,
        caller::Caller,
        change::{refuse_files, refuse_made},
        problem::Problem,
        request::Preconditions,
        schema::Acceptance,
    },
    daemon::{Role, Snapshot},
    lifecycle::State,
    model::{Consent, Kind, Name, Origin},
};

/// `AcceptNetPeering`.
pub(super) async fn accept(call: &Call, mut params: Params) -> Result<Value, Error> {
    let id = params.required_text("NetPeeringId")?;
    params.finish()?;
    let now = call.shared.store.clock().now();
    let wanted = id.clone();
    let (_, snapshot) = call
        .write(move |caller, snapshot, stored| {
            let peering = find(snapshot, caller, &wanted)?;
            if peering.has_ended() {
                return Err(ended(&wanted, "accept"));
            }
            let request = &peering.request.id;
            let how = (Acceptance::default(), Origin::OutscaleAnswer);
            let preconditions = Preconditions::default();
            let accepted = answer::accept(
                (snapshot, stored),
                caller,
                request,
                &preconditions,
                how,
                now,
            )?;
            if let ((_, consent), true) = accepted
                && let Some(accepter) = peering.accepter()
            {
                settings::forget_routes(stored, accepter, &consent);
            }
            Ok(())
        })
        .await?;
    answer(call, &snapshot, &id)
}

/// `RejectNetPeering`.
pub(super) async fn reject(call: &Call, mut params: Params) -> Result<Value, Error> {
    let id = params.required_text("NetPeeringId")?;
    params.finish()?;
    let now = call.shared.store.clock().now();
    call.write(move |caller, snapshot, stored| {
        let peering = find(snapshot, caller, &id)?;
        if peering.has_ended() && peering.status.state != State::Rejected {
            return Err(ended(&id, "reject"));
        }
        let request = &peering.request.id;
        let preconditions = Preconditions::default();
        answer::reject(
            (snapshot, stored),
            caller,
            request,
            &preconditions,
            None,
            now,
        )?;
        Ok(())
    })
    .await?;
    Ok(json!({}))
}

/// `DeleteNetPeering`.
pub(super) async fn delete(call: &Call, mut params: Params) -> Result<Value, Error> {
    let id = params.required_text("NetPeeringId")?;
    params.finish()?;
    call.write(move |caller, snapshot, stored| {
        let peering = find(snapshot, caller, &id)?;
        if peering.has_ended() {
            return Err(ended(&id, "delete"));
        }
        let requester = &peering.request.id.namespace;
        let accepter = peering.accepter().filter(|_| peering.agreed);
        let mut owners = vec![requester];
        owners.extend(accepter.map(|accepter| &accepter.namespace));
        may_delete(caller, &owners)?;
        let mut refused = None;
        let mut any = false;
        for consent in [Some(peering.request), peering.answer]
            .into_iter()
            .flatten()
        {
            let key = (Kind::Peering, consent.id.clone());
            if let Err(others) = may_remove(caller, consent) {
                refused = refused.or(Some(others));
            } else if stored.objects.remove(&key).is_some() {
                settings::forget_routes(stored, &consent.own(), &consent.id);
                any = true;
            } else {
                let others = refuse_files(stored, &key).and_then(|()| refuse_made(snapshot, &key));
                refused = refused.or(others.err());
            }
        }
        match refused {
            // What others declare stays, and asks anew.
            Some(refused) if !any => Err(refused.into()),
            _ => Ok(()),
        }
    })
    .await?;
    Ok(json!({}))
}

/// Nothing leads out of the state that a peering has ended in.
fn ended(id: &str, verb: &str) -> Error {
    Error::invalid_transition(format!("`{id}` has ended: there is nothing to {verb}"))
}

/// Whoever made its side by a cloud's call has a peering that either owner deletes. What
/// another owner declared in our own words, with rules of its own, is for that owner to take
/// back: there, whoever withdraws does so for itself.
fn may_remove(caller: &Caller, consent: &Consent) -> Result<(), Problem> {
    if consent.origin != Origin::Native {
        return Ok(());
    }
    caller.must_be(Role::Operator, &consent.id.namespace)
}

/// An active peering is either owner's to delete.
fn may_delete(caller: &Caller, owners: &[&Name]) -> Result<(), Error> {
    let mut outcome = Ok(());
    for owner in owners {
        outcome = caller.must_be(Role::Operator, owner);
        if outcome.is_ok() {
            break;
        }
    }
    Ok(outcome?)
}

/// The NetPeering as it is now.
pub(super) fn answer(call: &Call, snapshot: &Snapshot, id: &str) -> Result<Value, Error> {
    let peering = find(snapshot, &call.caller, id)?;
    Ok(json!({ "NetPeering": peering.json() }))
}
