//! Sends every case through both routers, and says where what they do is not as
//! expected.

use std::{collections::BTreeSet, fmt, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{send_in_order, wait_until};

use super::{
    outcome::{Outcome, hex},
    router::Router,
};

/// Frames of one kind, and what is expected of the two routers.
#[derive(Clone)]
pub(crate) struct Case {
    name: &'static str,
    frames: Vec<Vec<u8>>,
    agreement: Agreement,
}

/// What is expected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// What comes out is the same, byte by byte.
    Same,
    /// Something is different with every frame, for a reason that users are told.
    Differs { why: &'static str },
}

impl Agreement {
    /// A case of one frame.
    pub(crate) fn of(self, name: &'static str, frame: Vec<u8>) -> Case {
        self.of_each(name, [frame])
    }

    /// A case of several.
    pub(crate) fn of_each(
        self,
        name: &'static str,
        frames: impl IntoIterator<Item = Vec<u8>>,
    ) -> Case {
        Case {
            name,
            frames: frames.into_iter().collect(),
            agreement: self,
        }
    }
}

/// A difference that was seen, in the words of docs/differences.md.
pub(crate) struct Difference {
    pub(crate) packet: &'static str,
    pub(crate) linux: String,
    pub(crate) peerd: String,
    pub(crate) why: &'static str,
}

/// What was seen.
#[derive(Default)]
pub(crate) struct Comparison {
    kinds: usize,
    frames: usize,
    /// Expected differences.
    pub(crate) differences: Vec<Difference>,
    /// Everything that was not as expected, readably.
    unexpected: Vec<String>,
}

impl Comparison {
    /// Send every case through both.
    pub(crate) fn of(linux: &Router, peerd: &Router, cases: &[Case]) -> Result<Self> {
        send_in_order()?;
        let mut comparison = Self::default();
        for case in cases {
            comparison.kinds += 1;
            comparison.frames += case.frames.len();
            comparison
                .compare(linux, peerd, case)
                .with_context(|| case.name)?;
        }
        Ok(comparison)
    }

    fn compare(&mut self, linux: &Router, peerd: &Router, case: &Case) -> Result<()> {
        for frame in &case.frames {
            let by_linux = linux.send(frame)?;
            let by_peerd = match case.agreement {
                Agreement::Same => send_until_answered(peerd, frame, &by_linux)?,
                Agreement::Differs { .. } => peerd.send(frame)?,
            };
            let words = [&by_linux, &by_peerd].map(|outcome| outcome.words(frame));
            match case.agreement {
                Agreement::Differs { why } if by_linux != by_peerd => self.note(case, words, why),
                Agreement::Same if by_linux == by_peerd => {}
                expected => {
                    let expected = match expected {
                        Agreement::Same => "should be treated alike",
                        Agreement::Differs { .. } => "is listed as a difference, and is none",
                    };
                    let [in_linux, in_peerd] = words;
                    let parting = by_linux.parting(&by_peerd).unwrap_or_default();
                    self.unexpected.push(format!(
                        "{}: {expected}\n  sent {}\n  Linux {in_linux}\n{by_linux}  \
                         peerd {in_peerd}\n{by_peerd}{parting}",
                        case.name,
                        hex(frame),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Frames of one case that differ in the same way are one difference.
    fn note(&mut self, case: &Case, [linux, peerd]: [String; 2], why: &'static str) {
        let packet = case.name;
        let is_this = |known: &Difference| {
            (known.packet, &known.linux, &known.peerd) == (packet, &linux, &peerd)
        };
        if !self.differences.iter().any(is_this) {
            self.differences.push(Difference {
                packet,
                linux,
                peerd,
                why,
            });
        }
    }

    /// Fail, and show all of it, if anything was not as expected.
    pub(crate) fn assert_expected(&self) {
        let count = self.unexpected.len();
        assert!(
            self.unexpected.is_empty(),
            "{count} frames were not treated as expected:\n\n{}",
            self.unexpected.join("\n")
        );
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: BTreeSet<_> = self.differences.iter().map(|known| known.packet).collect();
        let (kinds, frames, differ) = (self.kinds, self.frames, names.len());
        write!(
            f,
            "{kinds} kinds of packets, {frames} frames; {differ} kinds differ as expected"
        )
    }
}

/// Every router limits how often it answers with an error (RFC 1812 section
/// 4.3.2.8, RFC 4443 section 2.4), and only Linux can be told not to. So where an
/// error is all that is missing, it is asked for again.
fn send_until_answered(peerd: &Router, frame: &[u8], wanted: &Outcome) -> Result<Outcome> {
    const WITHIN: Duration = Duration::from_secs(5);
    let mut last = peerd.send(frame)?;
    let lacks_error = |outcome: &Outcome| outcome.errors.is_empty() && !wanted.errors.is_empty();
    if lacks_error(&last) {
        let _ = wait_until("an error is answered", WITHIN, || {
            last = peerd.send(frame)?;
            ensure!(!lacks_error(&last), "none is");
            Ok(())
        });
    }
    Ok(last)
}
