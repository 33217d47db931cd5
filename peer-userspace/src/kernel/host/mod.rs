//! What the host looks like, over netlink: read as a whole, watched for change,
//! and its neighbours asked to be kept fresh.

mod features;
mod neighbours;
mod offload;
mod routes;
mod standin;
mod view;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::Path,
    sync::Arc,
};

use ipnet::IpNet;
use peer_common::Subinterface;
use rtnetlink::Handle;
use tokio::sync::mpsc;
use tracing::warn;

pub use watch::HostChange;

use super::KernelError;
use crate::{
    compile::Needs,
    host::{HostView, Interface},
};

/// Netlink sockets of the network namespace the daemon runs in.
pub struct Host {
    route: Handle,
    features: features::Features,
    offload: offload::Offload,
    owner: standin::Owner,
    announced: watch::Announced,
    /// What was seen last, of which interfaces.
    last: Option<(BTreeSet<String>, Arc<HostView>)>,
    /// Routes whose next hops cannot be known, as last told.
    unlisted: BTreeSet<IpNet>,
}

impl Host {
    /// Open the sockets. The receiver tells when to look again; stand-ins are those
    /// of the daemon that pins in `bpffs`.
    ///
    /// # Errors
    /// If a socket cannot be had.
    pub async fn open(bpffs: &Path) -> Result<(Self, mpsc::Receiver<HostChange>), KernelError> {
        let (connection, route, _) =
            rtnetlink::new_connection().map_err(|error| KernelError::netlink("routes", error))?;
        tokio::spawn(connection);
        let (sender, receiver) = mpsc::channel(64);
        watch::start(sender.clone())?;
        let features = features::Features::open(sender).await?;
        let host = Self {
            route,
            features,
            offload: offload::Offload::open()?,
            owner: standin::Owner::of(bpffs),
            announced: watch::Announced::open()?,
            last: None,
            unlisted: BTreeSet::new(),
        };
        Ok((host, receiver))
    }

    /// Links and addresses as they are now; what drivers can do, neighbours and routes
    /// only of the interfaces named. The host is dumped if it said since the last time
    /// that it changed; what it does not tell of stays until [`Host::forget`].
    ///
    /// # Errors
    /// If the kernel refuses a dump.
    pub async fn view(&mut self, ports: &BTreeSet<&str>) -> Result<Arc<HostView>, KernelError> {
        // Before the dump: what is announced while it runs leads to another.
        let is_announced = self.announced.any();
        if let Some((of, view)) = &self.last
            && of.iter().map(String::as_str).eq(ports.iter().copied())
            && !is_announced
        {
            return Ok(view.clone());
        }
        self.last = None;
        let view = Arc::new(self.dump(ports).await?);
        let of = ports.iter().map(ToString::to_string).collect();
        self.last = Some((of, view.clone()));
        Ok(view)
    }

    /// Have the host dumped next time.
    pub fn forget(&mut self) {
        self.last = None;
    }

    async fn dump(&mut self, ports: &BTreeSet<&str>) -> Result<HostView, KernelError> {
        let mut view = view::read(&self.route, &self.owner).await?;
        for interface in view.interfaces.values_mut() {
            if ports.contains(interface.name.as_str()) {
                interface.xdp = self.features.of(interface.index).await;
                // Software devices have none, and generic XDP runs on all others.
                if interface.kind.is_none() {
                    interface.tag_offload = self.offload.of(interface.index).await;
                }
            }
        }
        // A busy host talks to many that are nobody's neighbours here.
        let stands_for_tags =
            |interface: &Interface| interface.stands_for.is_some() || interface.takes_off.is_some();
        let is_port = |index: &u32| {
            let interface = view.interfaces.get(index);
            interface.is_some_and(|interface| {
                ports.contains(interface.name.as_str()) || stands_for_tags(interface)
            })
        };
        view.neighbours.retain(|(index, _), _| is_port(index));
        view.managed.retain(|(index, _)| is_port(index));
        let mut routes = routes::read(&self.route).await?;
        self.tell_unlisted(std::mem::take(&mut routes.unlisted));
        let followed = routes.known.into_iter().filter_map(|mut route| {
            route.hops.retain(|hop| is_port(&hop.interface));
            (!route.hops.is_empty()).then_some(route)
        });
        view.routes = followed.collect();
        Ok(view)
    }

    /// Give ports what they need of the host: stand-ins, and tags left where XDP sees
    /// them. Returns whether anything had to be done, and which stand-ins could not be
    /// made.
    pub async fn provide(
        &mut self,
        needs: &Needs,
        view: &HostView,
    ) -> (bool, BTreeMap<Subinterface, String>) {
        let stand_ins = &needs.stand_ins;
        let (mut any, unmade) = standin::provide(&self.route, &self.owner, stand_ins, view).await;
        for interface in &needs.tags_in_frames {
            any = true;
            self.offload.turn_off(*interface).await;
        }
        if any {
            self.forget();
        }
        (any, unmade)
    }

    /// Take away the stand-ins that no port needs any more.
    pub async fn remove_other_stand_ins(&self, needs: &Needs, view: &HostView) {
        let wanted = needs.stand_ins.keys().copied().collect();
        standin::remove_others(&self.route, &wanted, view).await;
    }

    /// Name each route by a nexthop object that lists no hops, once.
    fn tell_unlisted(&mut self, unlisted: BTreeSet<IpNet>) {
        for to in unlisted.difference(&self.unlisted) {
            warn!(
                "the route to {to} is not followed: the kernel does not list the hops of its \
                 nexthop object; set net.ipv4.nexthop_compat_mode to 1"
            );
        }
        self.unlisted = unlisted;
    }

    /// Have the kernel keep these next hops' link addresses fresh by itself
    /// (NTF_EXT_MANAGED, kernel 5.16), and resolve those it does not know.
    pub async fn keep_fresh(&self, next_hops: impl IntoIterator<Item = (u32, IpAddr)>) {
        neighbours::keep_fresh(&self.route, next_hops).await;
    }

    /// Let go of neighbours that are no next hops any more, or the kernel would ask
    /// for them for ever.
    pub async fn release(&self, neighbours: impl IntoIterator<Item = (u32, IpAddr)>) {
        neighbours::release(&self.route, neighbours).await;
    }
}

/// Take away the stand-ins of the daemon that pins in `bpffs`, and let go of every
/// neighbour kept for us; returns whether there was one of either.
///
/// # Errors
/// If the kernel refuses a dump.
pub(super) async fn release_all(bpffs: &Path) -> Result<bool, KernelError> {
    let (connection, route, _) =
        rtnetlink::new_connection().map_err(|error| KernelError::netlink("neighbours", error))?;
    tokio::spawn(connection);
    let view = view::read(&route, &standin::Owner::of(bpffs)).await?;
    let kept = !view.kept_for_us.is_empty();
    neighbours::release(&route, view.kept_for_us.iter().copied()).await;
    Ok(standin::remove_others(&route, &BTreeSet::new(), &view).await || kept)
}
