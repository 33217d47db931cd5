//! Who calls, and what they may see and do. How a request shows whose it is, is
//! `authentication`'s.

use std::collections::BTreeMap;

use axum::{extract::FromRequestParts, http::request::Parts};
use sha2::{Digest as _, Sha256};

use super::problem::Problem;
use crate::{
    daemon::{Access, Role, SecretKey, Who},
    kernel::Credentials,
    model::Name,
};

/// A caller, known by the socket, by a token or by a signature.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// A stable name: whose apply it was.
    pub(super) name: String,
    /// The role in every namespace.
    everywhere: Option<Role>,
    /// The role in single ones.
    namespaces: BTreeMap<String, Role>,
}

impl Caller {
    /// One that may do nothing.
    fn nobody(name: String) -> Self {
        Self {
            name,
            everywhere: None,
            namespaces: BTreeMap::new(),
        }
    }

    fn grant(&mut self, access: &Access) {
        for namespace in &access.namespaces {
            if namespace == "*" {
                self.everywhere = self.everywhere.max(Some(access.role));
            } else {
                let role = self.namespaces.entry(namespace.clone());
                let role = role.or_insert(access.role);
                *role = access.role.max(*role);
            }
        }
    }

    fn role(&self, namespace: &Name) -> Option<Role> {
        let own = self.namespaces.get(namespace.as_str()).copied();
        own.max(self.everywhere)
    }

    /// Whether what is in `namespace` exists for the caller.
    pub(super) fn sees(&self, namespace: &Name) -> bool {
        self.role(namespace).is_some()
    }

    /// The namespaces that the caller has a role in by their names.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.keys().map(String::as_str)
    }

    /// Whether every namespace exists for the caller.
    pub(super) fn sees_all(&self) -> bool {
        self.everywhere.is_some()
    }

    /// Whether the caller has no role anywhere.
    pub(super) fn is_nobody(&self) -> bool {
        self.everywhere.is_none() && self.namespaces.is_empty()
    }

    /// Whether the caller may change anything anywhere.
    pub(super) fn may_write(&self) -> bool {
        let highest = self.namespaces.values().copied().max();
        highest.max(self.everywhere) >= Some(Role::Operator)
    }

    /// Whether the caller may do everything.
    pub(super) fn is_admin(&self) -> bool {
        self.everywhere == Some(Role::Admin)
    }

    /// Whether the caller may do in `namespace` what `role` may; if not, what to say.
    pub(super) fn must_be(&self, role: Role, namespace: &Name) -> Result<(), Problem> {
        if self.role(namespace) >= Some(role) {
            return Ok(());
        }
        let what = match role {
            Role::Viewer => "read",
            Role::Operator => "change peerings",
            Role::Admin => "change networks",
        };
        Err(Problem::forbidden(format!(
            "{} may not {what} in namespace {namespace}",
            self.name
        )))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::unauthenticated("the caller is not known"))
    }
}

/// Tells callers apart.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    users: Vec<(u32, Access)>,
    groups: Vec<(u32, Access)>,
    tokens: Vec<([u8; 32], String, Access)>,
    keys: Vec<(String, SecretKey, Access)>,
    /// The daemon's own user, an admin like root.
    own_user: u32,
}

impl Guard {
    /// Names of users and groups are looked up once.
    pub(super) fn new(access: Vec<Access>) -> Self {
        let mut guard = Self {
            users: Vec::new(),
            groups: Vec::new(),
            tokens: Vec::new(),
            keys: Vec::new(),
            own_user: uzers::get_effective_uid(),
        };
        for entry in access {
            match entry.who.clone() {
                Who::User(name) => {
                    let known = uzers::get_user_by_name(&name).map(|user| user.uid());
                    match known.or_else(|| name.parse().ok()) {
                        Some(user) => guard.users.push((user, entry)),
                        None => tracing::warn!("access: there is no user {name}"),
                    }
                }
                Who::Group(name) => {
                    let known = uzers::get_group_by_name(&name).map(|group| group.gid());
                    match known.or_else(|| name.parse().ok()) {
                        Some(group) => guard.groups.push((group, entry)),
                        None => tracing::warn!("access: there is no group {name}"),
                    }
                }
                Who::Token(name, hash) => {
                    guard.tokens.push((hash, name, entry));
                }
                Who::Key(key, secret) => {
                    guard.keys.push((key, secret, entry));
                }
            }
        }
        guard
    }

    /// The caller at the other end of the unix socket.
    pub(super) fn local(&self, credentials: &Credentials) -> Caller {
        let user = credentials.user;
        let mut caller = Caller::nobody(format!("uid:{user}"));
        if self.is_trusted(credentials) {
            caller.everywhere = Some(Role::Admin);
        }
        let users = self.users.iter().filter(|(known, _)| *known == user);
        let groups = self.groups.iter();
        let groups = groups.filter(|(known, _)| credentials.groups.contains(known));
        for (_, access) in users.chain(groups) {
            caller.grant(access);
        }
        caller
    }

    /// Whether this is root or the daemon's own user.
    pub(super) fn is_trusted(&self, credentials: &Credentials) -> bool {
        credentials.user == 0 || credentials.user == self.own_user
    }

    /// The caller who knows `token`, and calls it by its name if `name` is given. Only
    /// hashes are compared: how long that takes tells nothing about a token.
    pub(super) fn token(&self, token: &str, name: Option<&str>) -> Option<Caller> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut known = self
            .tokens
            .iter()
            .filter(|(known, called, _)| *known == hash && name.is_none_or(|name| name == called));
        let (_, name, access) = known.next()?;
        let mut caller = Caller::nobody(format!("token:{name}"));
        caller.grant(access);
        known.for_each(|(.., access)| caller.grant(access));
        Some(caller)
    }

    /// The secret of an access key, and the caller who can sign with it.
    pub(super) fn key(&self, access_key: &str) -> Option<(&SecretKey, Caller)> {
        let mut known = self.keys.iter().filter(|(known, ..)| known == access_key);
        let (key, secret, access) = known.next()?;
        let mut caller = Caller::nobody(format!("key:{key}"));
        caller.grant(access);
        known.for_each(|(.., access)| caller.grant(access));
        Some((secret, caller))
    }
}
