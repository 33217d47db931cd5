//! The rules that a router's owner writes who wants peerd's isolation from the kernel's packet
//! filter: named interfaces may talk, and be answered; nothing else may.

use anyhow::{Context as _, Result};
use peer_tests::{
    Namespace,
    process::{self, SHORT},
};

/// Have `router` forward between one interface and others alone, each by its name, which
/// may end with `*`.
pub(crate) fn load(router: &Namespace, one: &str, others: &str) -> Result<()> {
    let rules = format!(
        "table inet filter {{
             chain forward {{
                 type filter hook forward priority filter; policy drop;
                 ct state established,related accept
                 ct state invalid drop
                 iifname \"{one}\" oifname \"{others}\" accept
                 iifname \"{others}\" oifname \"{one}\" accept
             }}
         }}"
    );
    let mut nft = router.command("nft");
    let loaded = process::run_with_input(nft.args(["-f", "-"]), &rules, SHORT)?;
    loaded
        .ok()
        .context("the kernel refuses the rules")
        .map(drop)
}
