//! The forwarding table: all that the kernel's maps should hold.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::{Arc, OnceLock},
};

use imbl::OrdMap;
use ipnet::IpNet;
use peer_common::{DropReason, Group, Port, Route, Subinterface};

use super::{Policy, Sources, named::Named};

/// The content of the maps the programs read. Copies share what is large until one of
/// them is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardingTable {
    /// Map `ports`, by ifindex.
    pub ports: BTreeMap<u32, Port>,
    /// Map `tags`: the stand-ins of ports with tags.
    pub tags: BTreeMap<Subinterface, u32>,
    /// Map `devices`: slot to ifindex.
    pub devices: BTreeMap<u32, u32>,
    /// Maps `sources4` and `sources6`.
    pub sources: Sources,
    /// Map `groups`.
    pub groups: BTreeMap<u32, Group>,
    /// Maps `fib4` and `fib6`, by network id.
    pub fibs: BTreeMap<u32, Fib>,
    /// Maps `policies`, by a route's counter. Peerings with any have a map in `flows`.
    pub policies: BTreeMap<u32, Policy>,
    /// Maps `elsewhere4` and `elsewhere6`.
    pub elsewhere: Arc<Elsewhere>,
}

/// What any network's own table may not know: why a prefix is refused.
pub type Elsewhere = BTreeMap<IpNet, DropReason>;

/// One network's routes, both families. What was changed shares with what it was all but
/// the changes, which are found without looking at the rest.
pub type Routes = OrdMap<IpNet, Route>;

/// One network's table.
#[derive(Clone, Debug, Default)]
pub struct Fib {
    routes: Routes,
    named: Arc<OnceLock<Named>>,
}

impl Fib {
    /// What its routes name by number.
    pub(super) fn named(&self) -> &Named {
        self.named.get_or_init(|| Named::by(&self.routes))
    }
}

impl Deref for Fib {
    type Target = Routes;

    fn deref(&self) -> &Routes {
        &self.routes
    }
}

impl DerefMut for Fib {
    fn deref_mut(&mut self) -> &mut Routes {
        self.named = Arc::default();
        &mut self.routes
    }
}

impl PartialEq for Fib {
    fn eq(&self, other: &Self) -> bool {
        self.routes == other.routes
    }
}

impl Eq for Fib {}

impl From<Routes> for Fib {
    fn from(routes: Routes) -> Self {
        Self {
            routes,
            named: Arc::default(),
        }
    }
}

impl FromIterator<(IpNet, Route)> for Fib {
    fn from_iter<T: IntoIterator<Item = (IpNet, Route)>>(routes: T) -> Self {
        Routes::from_iter(routes).into()
    }
}

impl<'a> IntoIterator for &'a Fib {
    type Item = (&'a IpNet, &'a Route);
    type IntoIter = <&'a Routes as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&self.routes).into_iter()
    }
}
