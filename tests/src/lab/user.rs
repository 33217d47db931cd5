//! Users of the host, known by number alone: no lab needs them to have names.

use std::{io, panic, thread};

use anyhow::{Context as _, Result};

use super::sys;

/// A user with its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub id: u32,
    /// Its own group, then those it is a member of.
    pub groups: Vec<u32>,
}

impl User {
    /// A user whose only group is its own, of the same number.
    pub fn new(id: u32) -> Self {
        Self {
            id,
            groups: vec![id],
        }
    }

    /// Also a member of a group.
    pub fn member_of(mut self, group: u32) -> Self {
        self.groups.push(group);
        self
    }

    /// Run a closure in a thread that is this user's. Sockets connected there stay
    /// the user's, wherever they are used afterwards.
    pub fn be<T: Send>(&self, work: impl FnOnce() -> io::Result<T> + Send) -> Result<T> {
        let own = self.groups.first().copied().unwrap_or(self.id);
        let done = thread::scope(|scope| {
            let inside = scope.spawn(|| {
                sys::become_user(self.id, own, &self.groups)?;
                work()
            });
            inside
                .join()
                .unwrap_or_else(|payload| panic::resume_unwind(payload))
        });
        done.with_context(|| format!("as user {}", self.id))
    }
}
