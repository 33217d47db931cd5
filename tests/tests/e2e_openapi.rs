//! The API against its own description, by a client that knows nothing else.

use std::{env, time::Duration};

use anyhow::{Result, ensure};
use peer_tests::{Bare, process, tools};

/// `printf %s secret | sha256sum`
const SHA256_OF_SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

/// Found by schemathesis in each of its ways of looking; the watch, which never ends by
/// itself, has tests of its own.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

#[test]
fn whatever_is_asked_the_api_answers_as_it_says_and_never_breaks() -> Result<()> {
    let mut bare = Bare::prepare("openapi", 3)?;
    bare.daemon.configure(&format!(
        "access: [{{ token: fuzz, sha256: {SHA256_OF_SECRET}, namespaces: [\"*\"], role: admin }}]"
    ))?;
    let address = bare.daemon.listen()?;
    bare.daemon.start()?;
    bare.declare_networks()?;
    bare.peer("blue", "green")?;
    let description = format!("http://{address}/openapi.json");
    let mut schemathesis = bare
        .lab
        .router
        .command(tools::SCHEMATHESIS.program("schemathesis")?);
    // It keeps examples where it runs.
    schemathesis.current_dir(bare.lab.folder());
    schemathesis
        .args([
            "run",
            &description,
            "--header",
            "Authorization: Bearer secret",
        ])
        .args([
            "--exclude-path",
            "/v1/watch",
            "--phases",
            "examples,coverage,fuzzing",
        ])
        .args([
            "--max-examples",
            &env::var("PEERD_FUZZ_EXAMPLES").unwrap_or("10".into()),
        ])
        .args(["--seed", "1", "--request-timeout", "10", "--checks", CHECKS]);
    let done = process::run(&mut schemathesis, Duration::from_secs(240))?;
    let said = done.said();
    let cases = said.lines().find(|line| line.contains("generated,"));
    eprintln!("schemathesis: {}", cases.unwrap_or_default().trim());
    ensure!(done.code == Some(0), "{said}");
    ensure!(cases.is_some(), "it tried nothing:\n{said}");
    Ok(())
}
