//! Creating NetPeerings.
//!
//! Owns the order of refusals. Must not know when two networks can peer: that is asked of
//! the model.

use serde_json::Value;

use super::{
    Call,
    errors::Error,
    ids::Resource,
    net_peerings::{asked_first, both_ask, id_of},
    nets,
    params::Params,
    requests::answer,
    settings,
};
use crate::{
    api::{
        answer::free_name,
        caller::Caller,
        change::{check, check_quota, consents, foresee, has_ended, peer_of, with_defaults},
    },
    daemon::Snapshot,
    lifecycle::{Reason, Rejection, State},
    model::{Consent, Kind, Moment, ObjectRef, Origin, PairLabel, PeerRef},
    store::{Declaration, Key, Stored},
};

/// `CreateNetPeering`.
pub(super) async fn create(call: &Call, mut params: Params) -> Result<Value, Error> {
    let source = params.required_text("SourceNetId")?;
    let accepter = params.required_text("AccepterNetId")?;
    let owner = params.text("AccepterOwnerId")?;
    params.finish()?;
    let now = call.shared.store.clock().now();
    let (id, snapshot) = call
        .write(move |caller, snapshot, stored| {
            let kind = (Resource::Net, source.as_str());
            let source = nets::own(snapshot, caller, kind, Error::no_net)?;
            let source = source.network.id.clone();
            let owner = owner.as_deref().unwrap_or(source.namespace.as_str());
            let accepter = accepter_of(snapshot, &accepter, owner)?;
            if source == accepter {
                return Err(Error::invalid_parameter("a Net cannot peer with itself"));
            }
            request(caller, snapshot, stored, (&source, &accepter), now)
        })
        .await?;
    answer(call, &snapshot, &id)
}

/// The Net that a request is made to. Whoever does not say whose it is means one of the
/// source's account.
fn accepter_of(snapshot: &Snapshot, id: &str, owner: &str) -> Result<ObjectRef, Error> {
    let digits = Resource::Net.read(id).ok();
    let net = digits.and_then(|digits| nets::any(snapshot, digits));
    let network = net.map(|net| &net.network.id);
    let owned = network.filter(|network| network.namespace.as_str() == owner);
    owned.cloned().ok_or_else(|| {
        Error::no_net(format!(
            "the AccepterNetId `{id}` does not exist in the account {owner}; AccepterOwnerId \
             says whose it is where that is not the source Net's"
        ))
    })
}

/// Make the request, and say at once if it can never be.
fn request(
    caller: &Caller,
    snapshot: &Snapshot,
    stored: &mut Stored,
    (source, accepter): (&ObjectRef, &ObjectRef),
    now: Moment,
) -> Result<String, Error> {
    let ours = standing(snapshot, stored, source, accepter);
    let theirs = standing(snapshot, stored, accepter, source);
    let redundant = match (&ours, &theirs) {
        (None, Some(_)) => is_agreed(snapshot, source, accepter),
        (Some(ours), Some(theirs)) if !both_ask(ours, theirs) => {
            asked_first(snapshot, &theirs.id, &ours.id)
        }
        _ => false,
    };
    if let Some(ours) = ours.filter(|_| !redundant) {
        let id = id_of(snapshot, &ours.id);
        let id = id.map(|id| format!(", {id}")).unwrap_or_default();
        return Err(Error::peering_exists(format!(
            "there is a Net peering between the two already{id}"
        )));
    }
    let origin = Origin::OutscaleRequest;
    let consent = consent(snapshot, stored, (source, accepter), origin)?;
    let key = (Kind::Peering, consent.id.clone());
    stored.put(with_defaults(Declaration::Peering(consent)));
    settings::forget_routes(stored, source, &key.1);
    let outcome = if redundant {
        check_quota(snapshot, stored, key.0, &key.1.namespace)?;
        Some((
            "a Net peering the other way is active already".to_owned(),
            false,
        ))
    } else {
        check(snapshot, stored, std::slice::from_ref(&key))?;
        let sees = caller.sees(&accepter.namespace);
        let why = impossible(snapshot, stored, (&key, accepter), now, sees)?;
        why.map(|why| (why, true))
    };
    let uid = stored.objects.get(&key).map(|object| object.uid);
    let uid = uid.ok_or_else(|| Error::internal("a request made no consent"))?;
    if let Some((reason, impossible)) = outcome {
        let rejection = Rejection {
            uid,
            // The first of a new object.
            request: 1,
            at: now,
            reason: Some(reason),
            impossible,
        };
        stored.decisions.rejections.insert(key.1, rejection);
    }
    Ok(Resource::NetPeering.id(uid))
}

/// The consent of `own` to peer with `peer` that has not ended.
fn standing(
    snapshot: &Snapshot,
    stored: &Stored,
    own: &ObjectRef,
    peer: &ObjectRef,
) -> Option<Consent> {
    let mut all = consents(snapshot, stored);
    all.find(|consent| {
        consent.own() == *own
            && peer_of(snapshot, consent).as_ref() == Some(peer)
            && !has_ended(snapshot, stored, consent)
    })
    .cloned()
}

fn is_agreed(snapshot: &Snapshot, one: &ObjectRef, other: &ObjectRef) -> bool {
    let label = PairLabel::of(one, other);
    let pair = snapshot.states.pairs.get(&label);
    pair.is_some_and(|pair| pair.agreed)
}

/// A consent of `own` to peer with `peer`, under a name that nothing listed has.
fn consent(
    snapshot: &Snapshot,
    stored: &Stored,
    (own, peer): (&ObjectRef, &ObjectRef),
    origin: Origin,
) -> Result<Consent, Error> {
    let name = free_name(stored, &own.namespace, peer, |id| {
        snapshot.facts.consents.contains_key(id)
    });
    let name = name.ok_or_else(|| Error::internal("no name is free for the peering"))?;
    let id = ObjectRef {
        namespace: own.namespace.clone(),
        name,
    };
    let peer = PeerRef::Network(peer.clone());
    Ok(Consent {
        origin,
        ..Consent::between(id, own.name.clone(), peer)
    })
}

/// Why the request under `key` could carry nothing if it were accepted now.
fn impossible(
    snapshot: &Snapshot,
    stored: &Stored,
    (key, accepter): (&Key, &ObjectRef),
    now: Moment,
    sees_accepter: bool,
) -> Result<Option<String>, Error> {
    let Some(Declaration::Peering(request)) = stored.objects.get(key).map(|it| &it.declared) else {
        return Ok(None);
    };
    let source = request.own();
    let mut accepted = stored.clone();
    let theirs = standing(snapshot, stored, accepter, &source);
    if theirs
        .as_ref()
        .is_none_or(|theirs| both_ask(request, theirs))
    {
        // What an answer would reject as redundant.
        if let Some(theirs) = theirs {
            accepted.objects.remove(&(Kind::Peering, theirs.id));
        }
        let answer = consent(
            snapshot,
            stored,
            (accepter, &source),
            Origin::OutscaleAnswer,
        )?;
        accepted.put(Declaration::Peering(answer));
    }
    let foreseen = foresee(snapshot, accepted.into(), now);
    let status = foreseen.states.consents.get(&key.1);
    let status = status.filter(|status| matches!(status.state, State::Failed | State::Conflict));
    Ok(status.map(|status| why(&status.reason, sees_accepter)))
}

/// The sentence that is kept, which both sides read.
fn why(reason: &Reason, sees_accepter: bool) -> String {
    match reason {
        // Why a port does not work is its host's to know.
        Reason::NoPort(network, _) | Reason::NoPeerPort(network) => {
            format!("network {network} has no working port")
        }
        Reason::Overlap(_) if !sees_accepter => {
            "the IP ranges of the two Nets, or what they reach by other peerings, overlap"
                .to_owned()
        }
        Reason::Zones(_) if !sees_accepter => "the two Nets are in different zones".to_owned(),
        reason => reason.text(|_| false),
    }
}
