//! What the host looks like, over netlink: read as a whole, watched for change,
//! and its neighbours asked to be kept fresh.

mod features;
mod neighbours;
mod view;
mod watch;

use std::{collections::BTreeSet, net::IpAddr};

use rtnetlink::Handle;
use tokio::sync::mpsc;

pub use watch::HostChange;

use super::KernelError;
use crate::host::HostView;

/// Netlink sockets of the network namespace the daemon runs in.
pub struct Host {
    route: Handle,
    features: features::Features,
}

impl Host {
    /// Open the sockets. The receiver tells when to look again.
    ///
    /// # Errors
    /// If a socket cannot be had.
    pub async fn open() -> Result<(Self, mpsc::Receiver<HostChange>), KernelError> {
        let (connection, route, _) =
            rtnetlink::new_connection().map_err(|error| KernelError::netlink("routes", error))?;
        tokio::spawn(connection);
        let (sender, receiver) = mpsc::channel(64);
        watch::start(sender.clone())?;
        let features = features::Features::open(sender).await?;
        Ok((Self { route, features }, receiver))
    }

    /// Links and addresses as they are now; what drivers can do, neighbours and routes
    /// only of the interfaces named.
    ///
    /// # Errors
    /// If the kernel refuses a dump.
    pub async fn view(&self, ports: &BTreeSet<&str>) -> Result<HostView, KernelError> {
        let mut view = view::read(&self.route).await?;
        for interface in view.interfaces.values_mut() {
            if ports.contains(interface.name.as_str()) {
                interface.xdp = self.features.of(interface.index).await;
            }
        }
        // A busy host talks to many that are nobody's neighbours here.
        let is_port = |index: &u32| {
            let interface = view.interfaces.get(index);
            interface.is_some_and(|interface| ports.contains(interface.name.as_str()))
        };
        view.neighbours.retain(|(index, _), _| is_port(index));
        view.managed.retain(|(index, _)| is_port(index));
        view.routes.retain(|route| is_port(&route.interface));
        Ok(view)
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

/// Let go of every neighbour kept for us; returns whether there was one.
///
/// # Errors
/// If the kernel refuses a dump.
pub(super) async fn release_all() -> Result<bool, KernelError> {
    let (connection, route, _) =
        rtnetlink::new_connection().map_err(|error| KernelError::netlink("neighbours", error))?;
    tokio::spawn(connection);
    let kept = view::read(&route).await?.kept_for_us;
    let any = !kept.is_empty();
    neighbours::release(&route, kept).await;
    Ok(any)
}
