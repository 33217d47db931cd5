//! The Linux kernel's own forwarding as an oracle for peerd's: the same frames
//! through two routers, one of each, and what comes out compared byte by byte.
//!
//! `router` builds either, and sends; `packet` writes what goes in, `outcome` reads
//! what comes out. The cases are one file a subject and family, each packet with what
//! is expected of the two: the same, or a difference with its reason, one of `reasons`.
//! `comparison` finds where that is not so, and `document` keeps
//! docs/differences.md true.

// Inside `cfg(test)` clippy knows helpers for tests as well as the tests.
#[cfg(test)]
mod linux {
    mod addresses4;
    mod addresses6;
    mod answers4;
    mod answers6;
    mod cases4;
    mod cases6;
    mod comparison;
    mod document;
    mod extensions6;
    mod options4;
    mod outcome;
    mod packet;
    mod reasons;
    mod router;

    use anyhow::Result;

    use comparison::{Case, Comparison};
    use router::Router;

    fn assert_peerd_forwards_as_documented(mode: &str) -> Result<()> {
        let (linux, peerd) = (Router::linux()?, Router::peerd(mode)?);
        let cases: Vec<Case> = [
            cases4::all(),
            options4::all(),
            addresses4::all(),
            answers4::all(),
            cases6::all(),
            extensions6::all(),
            addresses6::all(),
            answers6::all(),
        ]
        .concat();
        let comparison = Comparison::of(&linux, &peerd, &cases)?;
        println!("{comparison}\n{}", document::table(&comparison.differences));
        comparison.assert_expected();
        document::assert_tells(&comparison.differences)
    }

    #[test]
    fn by_tc_peerd_forwards_as_linux_does_or_the_document_says_why_not() -> Result<()> {
        assert_peerd_forwards_as_documented("tc")
    }

    #[test]
    fn by_xdp_peerd_forwards_as_linux_does_or_the_document_says_why_not() -> Result<()> {
        assert_peerd_forwards_as_documented("xdp")
    }
}
