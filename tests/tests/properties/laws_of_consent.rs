//! Who closes what.
