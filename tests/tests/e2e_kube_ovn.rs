//! Kube-OVN's documents, unchanged, in force on a host.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod kube_ovn {
    mod documents;
    mod life;
    mod page;
    mod rules;
    mod scene;
    mod traffic;
}
