//! The MongoDB Atlas operator's projects: their network peers as they are written, and
//! what becomes of them.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod atlas {
    mod entries;
    mod flows;
    mod project;
}
