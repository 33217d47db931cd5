//! What holds from one table to the next.
