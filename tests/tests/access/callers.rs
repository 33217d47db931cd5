//! Everybody who might ask.

use std::process::Command;

use anyhow::Result;
use peer_tests::{Api, Daemon, User, process};

/// A role in a namespace; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Nothing,
    Viewer,
    Operator,
    Admin,
}

/// Who somebody is to the daemon.
#[derive(Clone, Debug)]
pub(super) enum Who {
    Root,
    User(User),
    /// What goes into the `Authorization` header, and whether it is a known token.
    Token(Option<String>, bool),
}

/// A caller and what `peerd.yaml` gives it.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) who: Who,
    /// Roles by namespace; `*` for all.
    pub(super) grants: Vec<(&'static str, Role)>,
}

impl Caller {
    /// Its role in a namespace: what several entries give it adds up.
    pub(super) fn role(&self, namespace: &str) -> Role {
        let grants = self.grants.iter();
        let fitting = grants.filter(|(granted, _)| *granted == "*" || *granted == namespace);
        let roles = fitting.map(|(_, role)| *role);
        roles.max().unwrap_or(Role::Nothing)
    }

    pub(super) fn sees(&self, namespace: &str) -> bool {
        self.role(namespace) >= Role::Viewer
    }

    pub(super) fn sees_all(&self) -> bool {
        self.grants.iter().any(|(namespace, _)| *namespace == "*")
    }

    /// Whether it is served at all.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self.who, Who::Token(_, false))
    }

    pub(super) fn api(&self, daemon: &Daemon) -> Result<Api> {
        match &self.who {
            Who::Root => Ok(daemon.api()),
            Who::User(user) => Ok(daemon.api_as(user)),
            Who::Token(token, _) => daemon.api_with(token.as_deref()),
        }
    }
}

const NETOPS: u32 = 61_000;
const BLUE_DESK: u32 = 61_001;

/// Everybody on the socket.
pub(super) fn users() -> Vec<Caller> {
    let user = |name: &str, user: User, grants: &[(&'static str, Role)]| Caller {
        name: name.to_owned(),
        who: Who::User(user),
        grants: grants.to_vec(),
    };
    let mut all = vec![
        Caller {
            name: "root".to_owned(),
            who: Who::Root,
            grants: vec![("*", Role::Admin)],
        },
        user("nobody", User::new(60_000), &[]),
        user(
            "member of netops",
            User::new(60_001).member_of(NETOPS),
            &[("*", Role::Viewer)],
        ),
        user(
            "member of two groups",
            User::new(60_002).member_of(NETOPS).member_of(BLUE_DESK),
            &[("*", Role::Viewer), ("blue-team", Role::Operator)],
        ),
        user(
            "viewer of green-team in a group of blue-team's",
            User::new(60_003).member_of(BLUE_DESK),
            &[("green-team", Role::Viewer), ("blue-team", Role::Operator)],
        ),
    ];
    let reaches: [&[&'static str]; 4] = [
        &["blue-team"],
        &["green-team"],
        &["blue-team", "green-team"],
        &["*"],
    ];
    for (number, namespaces) in (1..).zip(reaches) {
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            let id = 60_000 + 10 * number + role as u32;
            let grants: Vec<_> = namespaces
                .iter()
                .map(|namespace| (*namespace, role))
                .collect();
            let name = format!("{role:?} of {}", namespaces.join(" and "));
            all.push(user(&name, User::new(id), &grants));
        }
    }
    all
}

/// Everybody on TCP.
pub(super) fn bearers() -> Vec<Caller> {
    let bearer = |name: &str, token: Option<&str>, grants: &[(&'static str, Role)]| Caller {
        name: format!("token: {name}"),
        who: Who::Token(token.map(str::to_owned), !grants.is_empty()),
        grants: grants.to_vec(),
    };
    vec![
        bearer("none", None, &[]),
        bearer("wrong", Some("blue-admin-secreT"), &[]),
        bearer("empty", Some(""), &[]),
        bearer(
            "the hash of one",
            Some(&hash("blue-admin-secret").unwrap()),
            &[],
        ),
        bearer("the name of one", Some("blue-admin"), &[]),
        bearer(
            "viewer",
            Some("blue-viewer-secret"),
            &[("blue-team", Role::Viewer)],
        ),
        bearer(
            "operator",
            Some("green-operator-secret"),
            &[("green-team", Role::Operator)],
        ),
        bearer(
            "admin",
            Some("blue-admin-secret"),
            &[("blue-team", Role::Admin)],
        ),
        bearer(
            "viewer of all",
            Some("all-viewer-secret"),
            &[("*", Role::Viewer)],
        ),
        bearer(
            "given twice",
            Some("twice-secret"),
            &[("green-team", Role::Operator), ("red-team", Role::Viewer)],
        ),
    ]
}

/// SHA-256 in hexadecimal digits, as docs/api.md says to make it.
fn hash(token: &str) -> Result<String> {
    let done = process::run_with_input(&mut Command::new("sha256sum"), token, process::SHORT)?;
    let line = done.ok()?;
    Ok(line
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// The `peerd.yaml` that says all of this.
pub(super) fn config() -> Result<String> {
    let mut text = String::from("access:\n");
    let mut entry = |who: String, (namespace, role): (&str, Role)| {
        let role = format!("{role:?}").to_lowercase();
        text += &format!("  - {{ {who}, namespaces: [\"{namespace}\"], role: {role} }}\n");
    };
    entry(format!("group: \"{NETOPS}\""), ("*", Role::Viewer));
    entry(
        format!("group: \"{BLUE_DESK}\""),
        ("blue-team", Role::Operator),
    );
    for caller in users().into_iter().chain(bearers()) {
        for grant in caller.grants {
            match &caller.who {
                // What groups give is said above.
                Who::User(user) if user.groups.len() > 1 && grant.0 != "green-team" => {}
                Who::User(user) => entry(format!("user: \"{}\"", user.id), grant),
                Who::Token(Some(token), true) => {
                    let name = token.trim_end_matches("-secret");
                    entry(format!("token: {name}, sha256: {}", hash(token)?), grant);
                }
                Who::Root | Who::Token(..) => {}
            }
        }
    }
    Ok(text)
}
