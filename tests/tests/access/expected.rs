//! docs/api.md, "Who may do what", in a few lines.

use super::{
    callers::{Caller, Role},
    world::{Kind, Object, Stage},
};

/// A request about one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Accept,
    Reject,
    Enable,
    Disable,
}

impl Verb {
    pub(super) const ALL: [Self; 9] = [
        Self::Get,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Accept,
        Self::Reject,
        Self::Enable,
        Self::Disable,
    ];
}

/// The statuses that are right.
pub(super) type Right = &'static [u16];

/// To those who do not see the namespace: not there, or not theirs to change.
const NOT_THEIRS: Right = &[403, 404];
const TOO_LITTLE: Right = &[403];
const NOT_THERE: Right = &[404];
const DONE: Right = &[200];
const MADE: Right = &[201];

/// What a known caller is to be answered.
pub(super) fn of(caller: &Caller, verb: Verb, object: &Object) -> Right {
    let own = caller.role(object.namespace());
    let there = object.stage != Stage::Absent;
    let asked = match object.kind {
        Kind::Peering if there => caller.role(object.peer()),
        _ => Role::Nothing,
    };
    match verb {
        Verb::Get => {
            let asks_caller = object.stage == Stage::Asked && asked >= Role::Viewer;
            let seen = there && (own >= Role::Viewer || asks_caller);
            if seen { DONE } else { NOT_THERE }
        }
        Verb::Accept | Verb::Reject => match (verb, object.stage) {
            (_, Stage::Absent) => NOT_THERE,
            _ if asked == Role::Nothing && own == Role::Nothing => NOT_THERE,
            _ if asked < Role::Operator => TOO_LITTLE,
            (Verb::Accept, Stage::Asked) => MADE,
            // There is a consent already.
            (Verb::Accept, _) | (_, Stage::Asked) => DONE,
            _ => &[409],
        },
        _ if own == Role::Nothing => NOT_THEIRS,
        _ if own < needed(object.kind) => TOO_LITTLE,
        Verb::Post | Verb::Put if !there => MADE,
        _ if !there => NOT_THERE,
        _ => DONE,
    }
}

/// The role for a change in a namespace.
fn needed(kind: Kind) -> Role {
    match kind {
        Kind::Network => Role::Admin,
        Kind::Peering => Role::Operator,
    }
}

/// What an apply of these objects is to be answered; with `prune`, objects of both
/// kinds would go in their namespaces.
pub(super) fn of_apply(caller: &Caller, objects: &[&Object], prune: bool) -> Right {
    let may = |object: &&Object| {
        let role = caller.role(object.namespace());
        role >= needed(object.kind) && (!prune || role == Role::Admin)
    };
    if objects.iter().all(may) {
        DONE
    } else {
        NOT_THEIRS
    }
}

/// Whether an object is in the caller's lists.
pub(super) fn is_listed(caller: &Caller, object: &Object) -> bool {
    of(caller, Verb::Get, object) == DONE
}
