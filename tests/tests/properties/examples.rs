//! The documented examples.
