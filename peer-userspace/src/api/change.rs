//! What every write goes through: whether it may be, what follows from it, and its
//! way to the disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{caller::Caller, problem::Problem};
use crate::{
    compile::{ForwardingTable, compile, diff},
    daemon::{Declared, Given, Role, Shared, Snapshot, needs, plan, resolve_ports},
    dialect,
    lifecycle::State,
    model::{Consent, DEFAULT_REQUEST_TTL, Kind, Moment, Name, ObjectRef, Origin, PeerRef, Ttl},
    store::{Declaration, Key, StoreError, Stored},
};

/// What a write was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is to be.
    Real,
    /// Only to see what would follow.
    DryRun,
}

impl Mode {
    pub(super) fn of(dry_run: Option<bool>) -> Self {
        if dry_run == Some(true) {
            Self::DryRun
        } else {
            Self::Real
        }
    }
}

/// Make `change` to what is stored, or see what it would make. Returns its answer and
/// the snapshot that shows it.
pub(super) async fn make<T: Send + 'static>(
    shared: &Shared,
    mode: Mode,
    change: impl FnOnce(&Snapshot, &mut Stored) -> Result<T, Problem> + Send + 'static,
) -> Result<(T, Arc<Snapshot>), Problem> {
    make_or(shared, mode, change).await
}

/// The same, with errors in another system's words.
pub(super) async fn make_or<T, E>(
    shared: &Shared,
    mode: Mode,
    change: impl FnOnce(&Snapshot, &mut Stored) -> Result<T, E> + Send + 'static,
) -> Result<(T, Arc<Snapshot>), E>
where
    T: Send + 'static,
    E: From<Problem> + From<StoreError> + Send + 'static,
{
    let snapshot = shared.snapshot();
    let store = shared.store.clone();
    let (answer, stored) = blocking({
        let snapshot = snapshot.clone();
        move || match mode {
            Mode::Real => store.write(|stored| change(&snapshot, stored)),
            Mode::DryRun => {
                let mut stored = Stored::clone(&store.stored());
                let answer = change(&snapshot, &mut stored)?;
                Ok((answer, Arc::new(stored)))
            }
        }
    })
    .await?;
    let seen = match mode {
        Mode::Real => shared.after(stored.revision).await,
        Mode::DryRun => {
            let now = shared.store.clock().now();
            blocking(move || Ok::<_, E>(Arc::new(foresee(&snapshot, stored, now)))).await?
        }
    };
    Ok((answer, seen))
}

/// Run what waits for disks, or computes for long, beside the other requests.
async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Problem> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Problem::internal(error.to_string()).into()))
}

/// What the daemon would show if `stored` were stored.
pub(super) fn foresee(snapshot: &Snapshot, stored: Arc<Stored>, now: Moment) -> Snapshot {
    let declared = snapshot.declared.with(stored);
    let given = |host| Given {
        host,
        quotas: &snapshot.quotas,
        in_kernel: &snapshot.in_kernel,
        now,
    };
    let needs = needs(&declared, &snapshot.facts, &given(&*snapshot.host));
    let host = snapshot.host.with_stand_ins(&needs.stand_ins);
    let given = given(&host);
    let mut plan = plan(
        &declared,
        &snapshot.facts,
        &given,
        |table, facts, refused| resolve_ports(table, facts, refused, &host, &BTreeMap::new()),
    );
    // The kernel follows at once, as far as anybody can foresee.
    plan.states.followed();
    Snapshot {
        host: Arc::new(host),
        table: Arc::new(plan.table),
        refused: plan.refused,
        ports: Arc::new(plan.ports),
        states: Arc::new(plan.states),
        facts: Arc::new(plan.facts),
        declared: Arc::new(declared),
        ..snapshot.clone()
    }
}

/// What the kernel would hold with `foreseen`, against what it holds.
pub(super) fn routes(snapshot: &Snapshot, foreseen: &Snapshot) -> super::schema::RouteChanges {
    let ids = snapshot.ids.assigned(
        foreseen.table.networks.keys().cloned(),
        foreseen.states.counted().cloned(),
        foreseen.ports.working().map(|(index, ..)| index),
        &snapshot.content,
    );
    let wanted = compile(foreseen.inputs(&ids));
    count(&snapshot.content, &wanted)
}

/// How the tables of networks differ.
pub(super) fn count(
    before: &ForwardingTable,
    after: &ForwardingTable,
) -> super::schema::RouteChanges {
    use crate::compile::Change;
    let mut counted = super::schema::RouteChanges::default();
    for change in diff(before, after) {
        match change {
            Change::AddFibs(fibs) => {
                counted.added += fibs.values().map(|fib| fib.len()).sum::<usize>()
            }
            Change::RemoveFibs(ids) => {
                let gone = ids.iter().filter_map(|id| before.fibs.get(id));
                counted.removed += gone.map(|fib| fib.len()).sum::<usize>();
            }
            Change::PutRoute(id, at, _) => {
                let known = before
                    .fibs
                    .get(&id)
                    .is_some_and(|fib| fib.contains_key(&at));
                if known {
                    counted.changed += 1;
                } else {
                    counted.added += 1;
                }
            }
            Change::RemoveRoute(..) => counted.removed += 1,
            _ => {}
        }
    }
    counted
}

/// Whether the caller may change objects of this kind there.
pub(super) fn authorize(caller: &Caller, key: &Key) -> Result<(), Problem> {
    // Their names are the whole host's, and so are the networks they speak for.
    if !key.0.is_namespaced() && !caller.is_admin() {
        return Err(Problem::forbidden(format!(
            "{} may not change a {}, which is in no namespace: only who may do everything does",
            caller.name, key.0
        )));
    }
    caller.must_be(role_for(key.0), &key.1.namespace)
}

/// Whether the caller may say that a network is what another system calls by a name that is
/// nobody's here: whoever says so is sent what was meant for the one that was called so.
pub(super) fn authorize_source(
    caller: &Caller,
    stored: &Stored,
    declared: &Declaration,
) -> Result<(), Problem> {
    let Declaration::Network(network) = declared else {
        return Ok(());
    };
    let Some(source) = network.source.as_ref().filter(|source| !source.is_owned()) else {
        return Ok(());
    };
    let known = stored.objects.get(&declared.key());
    let is_known = known.is_some_and(|known| match &known.declared {
        Declaration::Network(known) => known.source.as_ref() == Some(source),
        _ => false,
    });
    if is_known || caller.is_admin() {
        return Ok(());
    }
    Err(Problem::forbidden(format!(
        "{} may not say that network {} is {source}: only who may do everything says whose name \
         that is",
        caller.name, network.id
    )))
}

fn role_for(kind: Kind) -> Role {
    match kind {
        Kind::Peering | Kind::NetworkPeeringRequest | Kind::Net => Role::Operator,
        // They say what a network's prefixes are.
        Kind::Network | Kind::OnmetalNetwork | Kind::Vpc | Kind::Subnet | Kind::AtlasProject => {
            Role::Admin
        }
    }
}

/// Refuse to change by itself what a document of another system's says.
pub(super) fn refuse_made(snapshot: &Snapshot, key: &Key) -> Result<(), Problem> {
    if key.0 != Kind::Peering {
        return Ok(());
    }
    match snapshot.declared.object_of(&key.1) {
        (Kind::Peering, _) => Ok(()),
        (kind, id) => Err(Problem::made_by_document(format!(
            "Peering {} is what {kind} {id} says: change that",
            key.1
        ))),
    }
}

/// Refuse to say natively what a consent of Outscale's calls routes and lets through: its
/// Net says that, so that it would have no effect.
pub(super) fn refuse_settings(
    snapshot: &Snapshot,
    stored: &Stored,
    declared: &Declaration,
) -> Result<(), Problem> {
    let known = stored.objects.get(&declared.key());
    let (Declaration::Peering(wanted), Some(Declaration::Peering(known))) =
        (declared, known.map(|known| &known.declared))
    else {
        return Ok(());
    };
    if !known.origin.is_outscale() {
        return Ok(());
    }
    let said = |consent: &Consent| {
        let Consent {
            routes,
            allow,
            allow_out,
            ..
        } = consent.clone();
        (routes, allow, allow_out)
    };
    // What is shown may be sent back as it is.
    let shown = snapshot.declared.table.consents.get(&wanted.id);
    if said(wanted) == said(known) || shown.is_some_and(|shown| said(shown) == said(wanted)) {
        return Ok(());
    }
    Err(Problem::invalid_state(format!(
        "Peering {} was made by Outscale's calls: the route table and the security group of its \
         Net say its routes and rules",
        wanted.id
    )))
}

/// Refuse to change what a table file declares, also one that no snapshot shows yet.
pub(super) fn refuse_files(stored: &Stored, key: &Key) -> Result<(), Problem> {
    match stored.files.get(key) {
        None => Ok(()),
        Some(file) => Err(Problem::declared_in_file(format!(
            "{} {} is declared in {}: change it there",
            key.0,
            key.1,
            file.display()
        ))),
    }
}

/// The consent that a document made here declares, with all that documents must be.
pub(super) fn read_consent(document: &Value) -> Result<Consent, Problem> {
    let declared = dialect::parse(&document.to_string());
    let mut declared = declared.map_err(|findings| Problem::invalid(&findings))?;
    let consent = declared.consents.pop().map(|(consent, _)| consent);
    consent.ok_or_else(|| Problem::internal("a document made here declares no consent"))
}

/// `declared` as it is stored: requests made here do not wait for ever unasked, but for
/// UpCloud's, which know no end.
pub(super) fn with_defaults(mut declared: Declaration) -> Declaration {
    if let Declaration::Peering(consent) = &mut declared {
        let ttl = match consent.origin {
            Origin::UpCloud => Ttl::Never,
            _ => DEFAULT_REQUEST_TTL,
        };
        consent.ttl.get_or_insert(ttl);
    }
    declared
}

/// The tag of what is stored under `key`.
pub(super) fn stored_tag(stored: &Stored, key: &Key) -> Option<String> {
    let object = stored.objects.get(key)?;
    Some(format!("\"{}.{}\"", object.uid, object.generation))
}

/// Forget an object whose request expired: its name may be asked with again.
pub(super) fn forget_expired(snapshot: &Snapshot, stored: &mut Stored, key: &Key) {
    let Some(object) = stored.objects.get(key) else {
        return;
    };
    let facts = match key.0 {
        Kind::Peering => snapshot.facts.consents.get(&key.1),
        // The consent it is has its uid, and most often its name.
        Kind::NetworkPeeringRequest => {
            let mut all = snapshot.facts.consents.values();
            all.find(|facts| facts.uid == object.uid)
        }
        _ => None,
    };
    if facts.is_some_and(|facts| facts.uid == object.uid && facts.expired_at.is_some()) {
        stored.objects.remove(key);
    }
}

/// Check what was put under `keys` against quotas and the rules that hold at once.
pub(super) fn check(snapshot: &Snapshot, stored: &Stored, keys: &[Key]) -> Result<(), Problem> {
    let mut namespaces = BTreeSet::new();
    let mut asked = BTreeMap::new();
    for key in keys {
        let Some(object) = stored.objects.get(key) else {
            continue;
        };
        namespaces.insert((key.0, &key.1.namespace));
        if let Declaration::Peering(consent) = &object.declared
            && let Some(pair) = sides(snapshot, consent)
        {
            if pair.0 == pair.1 {
                let text = format!("network {} cannot peer with itself", pair.0);
                return Err(Problem::invalid_document(text));
            }
            asked.insert(pair, &consent.id);
        }
    }
    for (kind, namespace) in namespaces {
        check_quota(snapshot, stored, kind, namespace)?;
    }
    check_pairs(snapshot, stored, &asked)
}

/// The own network and the peer's.
fn sides(snapshot: &Snapshot, consent: &Consent) -> Option<(ObjectRef, ObjectRef)> {
    Some((consent.own(), peer_of(snapshot, consent)?))
}

/// One consent for a pair and side: none but those `asked` now.
fn check_pairs(
    snapshot: &Snapshot,
    stored: &Stored,
    asked: &BTreeMap<(ObjectRef, ObjectRef), &ObjectRef>,
) -> Result<(), Problem> {
    for other in consents(snapshot, stored) {
        let Some(pair) = sides(snapshot, other) else {
            continue;
        };
        let twice = asked.get(&pair).is_some_and(|id| **id != other.id);
        if twice && !has_ended(snapshot, stored, other) {
            return Err(Problem::pair_exists(format!(
                "network {} peers with that network by {} already",
                pair.0, other.id
            )));
        }
    }
    Ok(())
}

/// Every consent that files declare, documents of other systems mean, or the API would
/// hold.
pub(super) fn consents<'a>(
    snapshot: &'a Snapshot,
    stored: &'a Stored,
) -> impl Iterator<Item = &'a Consent> {
    let shown = snapshot.declared.table.consents.values();
    let of_others = shown.filter(|consent| {
        let in_file = snapshot.declared.files.consents.contains_key(&consent.id);
        in_file || consent.origin.document().is_some()
    });
    let of_store = stored.objects.values();
    let of_store = of_store.filter_map(|object| match &object.declared {
        Declaration::Peering(consent) => Some(consent),
        Declaration::Network(_) | Declaration::Foreign(_) => None,
    });
    of_others.chain(of_store)
}

/// Whether a consent's request ended: the pair may be asked for again. A tombstone is
/// of an earlier object of the name.
pub(super) fn has_ended(snapshot: &Snapshot, stored: &Stored, consent: &Consent) -> bool {
    let facts = snapshot.facts.consents.get(&consent.id);
    if facts.is_some_and(|facts| stored.decisions.rejection(&consent.id, facts).is_some()) {
        return true;
    }
    let status = snapshot.states.consents.get(&consent.id);
    status.is_some_and(|status| status.is_terminal() && status.state != State::Deleted)
}

pub(super) fn check_quota(
    snapshot: &Snapshot,
    stored: &Stored,
    kind: Kind,
    namespace: &Name,
) -> Result<(), Problem> {
    let quota = snapshot.quotas.of(namespace);
    let of_files = snapshot.declared.stored.files.keys();
    let all = of_files
        .filter(|key| !stored.objects.contains_key(key))
        .chain(stored.objects.keys())
        .filter(|(found, id)| *found == kind && &id.namespace == namespace);
    let (count, limit, what) = match kind {
        Kind::Peering => (all.count(), quota.peerings, "peerings"),
        // Each may well be a peering.
        kind if kind.is_foreign() => (all.count(), quota.peerings, kind.plural()),
        _ => {
            let networks: Vec<&Key> = all.collect();
            let prefixes = networks.iter().map(|key| {
                let stored = stored.objects.get(*key).map(|object| &object.declared);
                match stored {
                    Some(Declaration::Network(network)) => network.prefixes.len(),
                    _ => {
                        let declared = snapshot.declared.table.networks.get(&key.1);
                        declared.map_or(0, |network| network.prefixes.len())
                    }
                }
            });
            let prefixes = prefixes.sum::<usize>();
            if prefixes > quota.prefixes {
                (prefixes, quota.prefixes, "prefixes")
            } else {
                (networks.len(), quota.networks, "networks")
            }
        }
    };
    if count <= limit {
        return Ok(());
    }
    Err(Problem::quota_exceeded(format!(
        "namespace {namespace} may have {limit} {what}; this would make it {count}"
    )))
}

/// The network a consent names, also where it does so by id.
pub(super) fn peer_of(snapshot: &Snapshot, consent: &Consent) -> Option<ObjectRef> {
    match &consent.peer {
        PeerRef::Network(peer) => Some(peer.clone()),
        PeerRef::Id(uid, _) => snapshot.facts.network_of(*uid).cloned(),
        PeerRef::Source(_, network) => network.clone(),
    }
}

impl Declared {
    /// The same table files with something else stored.
    pub(super) fn with(&self, stored: Arc<Stored>) -> Self {
        Self::new(self.files.clone(), stored)
    }
}
