//! An answered write is on disk; an unanswered one is there whole or not at all.
//!
//! `crash` kills the daemon at random instants while `writer`s do `deed`s, each in a
//! `world` of its own that says what must be there afterwards. `full_disk` and
//! `clock` run it `around` other mounts and clocks; `together` asks the store alone what
//! becomes of many who write at the same time.

#[cfg(test)]
mod durable {
    mod around;
    mod clock;
    mod crash;
    mod deed;
    mod full_disk;
    mod random;
    mod timed;
    mod together;
    mod world;
    mod writer;
}
