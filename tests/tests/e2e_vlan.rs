//! Ports that are a tag on an interface.
//!
//! The hosts are on access ports of a switch, the router on its trunk. `scene` is
//! that place, `leaks` the matrix of what must not get from one tag to another.

#[path = "vlan/leaks.rs"]
mod leaks;
#[path = "vlan/life.rs"]
mod life;
#[path = "vlan/scene.rs"]
mod scene;
#[path = "vlan/tags.rs"]
mod tags;
#[path = "vlan/traffic.rs"]
mod traffic;
#[path = "vlan/xdp.rs"]
mod xdp;
