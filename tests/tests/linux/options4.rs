//! IPv4: options, right and wrong.

use super::{
    comparison::{Agreement::Same, Case},
    packet::{GREEN4, v4},
    reasons::{BROKEN_OPTIONS, OPTIONS},
};

pub(crate) fn all() -> Vec<Case> {
    [options(), malformed_options()].concat()
}

fn with_options(options: &[u8]) -> Vec<u8> {
    v4(|p| p.options = options.to_vec())
}

fn options() -> Vec<Case> {
    let [a, b, c, d] = GREEN4;
    let full = [7, 7, 8, 10, 1, 0, 2, 0];
    vec![
        Same.of("NOP and EOL options", with_options(&[1, 1, 1, 0])),
        OPTIONS.of("bytes after EOL", with_options(&[0, 0xff, 0x83, 1])),
        Same.of("router alert", with_options(&[148, 4, 0, 0])),
        Same.of(
            "a security option",
            with_options(&[130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ),
        Same.of("an unknown option", with_options(&[0x5e, 4, 0, 0])),
        Same.of("stream identifier", with_options(&[136, 4, 0, 1])),
        OPTIONS.of("record route with room", {
            with_options(&[7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        }),
        Same.of("record route without room", with_options(&full)),
        OPTIONS.of(
            "timestamps with room",
            with_options(&[68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ),
        OPTIONS.of("timestamps and addresses with room", {
            with_options(&[68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0])
        }),
        OPTIONS.of(
            "timestamps without room",
            with_options(&[68, 8, 9, 0, 0, 0, 0, 0]),
        ),
        Same.of("a loose source route to be followed", {
            with_options(&[131, 7, 4, a, b, c, d, 0])
        }),
        Same.of("a strict source route to be followed", {
            with_options(&[137, 7, 4, a, b, c, d, 0])
        }),
        Same.of("a source route that has been followed", {
            with_options(&[131, 7, 8, a, b, c, d, 0])
        }),
    ]
}

fn malformed_options() -> Vec<Case> {
    vec![
        BROKEN_OPTIONS.of("an option of length 0", with_options(&[7, 0, 0, 0])),
        BROKEN_OPTIONS.of("an option of length 1", with_options(&[148, 1, 0, 0])),
        BROKEN_OPTIONS.of(
            "an option longer than the header",
            with_options(&[7, 39, 4, 0]),
        ),
        BROKEN_OPTIONS.of("an option without its length", with_options(&[1, 1, 1, 7])),
        OPTIONS.of("record route with its pointer before the data", {
            with_options(&[7, 7, 3, 0, 0, 0, 0, 0])
        }),
        OPTIONS.of("two record routes", {
            with_options(&[7, 7, 8, 1, 2, 3, 4, 7, 7, 8, 1, 2, 3, 4, 0, 0])
        }),
        BROKEN_OPTIONS.of(
            "an unknown option of length 0",
            with_options(&[0x5e, 0, 0, 0]),
        ),
    ]
}
