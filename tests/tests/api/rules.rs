//! What peers with what, and what cannot.

use anyhow::{Context as _, Result};
use peer_tests::{
    Bare,
    documents::{consent, network},
};
use serde_json::json;

#[test]
fn one_network_peers_with_another_by_one_consent() -> Result<()> {
    let bare = Bare::with_networks("pair exists")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let twice = consent("blue-team/twice", "blue", "green-team/green");
    for answer in [
        api.put("POST", "/v1/peerings", &twice)?,
        api.put("PUT", "/v1/peerings/blue-team/twice", &twice)?,
        api.put("POST", "/v1/apply", &twice)?,
    ] {
        let detail = answer.refused(409, "pair-exists")?;
        assert!(detail.contains("blue-team/to-green"), "{detail}");
    }
    let other = consent("blue-team/other", "blue", "red-team/red");
    api.put("POST", "/v1/peerings", &other)?.expect(201)?;
    let turn = json!({ "spec": { "peer": { "namespace": "green-team", "network": "green" } } });
    let turned = api.put("PATCH", "/v1/peerings/blue-team/other", &turn)?;
    turned.refused(409, "pair-exists")?;
    assert_eq!(api.list("/v1/peerings")?.len(), 3);
    bare.wait_state("blue-team/to-green", "active").map(drop)
}

#[test]
fn no_network_peers_with_itself() -> Result<()> {
    let bare = Bare::with_networks("itself")?;
    let api = bare.daemon.api();
    let mut own = consent("blue-team/own", "blue", "blue-team/blue");
    let refused = api.put("POST", "/v1/peerings", &own)?;
    let detail = refused.refused(422, "invalid-document")?;
    assert!(detail.contains("itself"), "{detail}");
    // Nor by its id, which a document alone does not tell.
    let blue = api.get("/v1/networks/blue-team/blue")?;
    own["spec"]["peer"] = json!({ "id": blue["metadata"]["uid"] });
    let refused = api.put("POST", "/v1/peerings", &own)?;
    refused.refused(422, "invalid-document")?;
    let apply = api.put("POST", "/v1/apply", &own)?;
    apply.refused(422, "invalid-document")?;
    assert!(api.list("/v1/peerings")?.is_empty());
    Ok(())
}

#[test]
fn a_request_from_or_to_a_network_that_is_known_not_to_be_there_is_refused() -> Result<()> {
    let bare = Bare::with_networks("not there")?;
    let api = bare.daemon.api();
    for (own, peer) in [
        ("blue", "green-team/absent"),
        ("absent", "green-team/green"),
    ] {
        let ask = consent("blue-team/ask", own, peer);
        let refused = api.put("POST", "/v1/peerings", &ask)?;
        let detail = refused.refused(404, "network-not-found")?;
        assert!(detail.contains("absent"), "{detail}");
    }
    Ok(())
}

#[test]
fn an_overlap_names_both_prefixes_and_one_that_is_free() -> Result<()> {
    let bare = Bare::with_networks("overlap")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let azure = network("azure-team/azure", "p4", &["10.1.128.0/17"]);
    api.put("POST", "/v1/networks", &azure)?.expect(201)?;
    let ask = consent("azure-team/to-green", "azure", "green-team/green");
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    // It is foreseen as well.
    let path = "/v1/peerings/azure-team/to-green/accept";
    let dry = api
        .call("POST", &format!("{path}?dryRun=true"))?
        .expect(201)?;
    assert_eq!(dry["status"]["state"], "conflict");
    api.call("POST", path)?.expect(201)?;
    let conflict = bare.wait_state("green-team/to-azure", "conflict")?;
    let reason = conflict["status"]["reason"].as_str().unwrap_or_default();
    for prefix in ["10.1.128.0/17", "10.1.0.0/16"] {
        assert!(reason.contains(prefix), "{reason}");
    }
    let words = reason.split([' ', ',', ';']);
    let mut prefixes = words.filter(|word| word.ends_with("/17"));
    let free = prefixes.rfind(|prefix| *prefix != "10.1.128.0/17");
    let free = free.with_context(|| format!("nothing free is suggested: {reason}"))?;
    let moved = json!({ "spec": { "prefixes": [free] } });
    api.put("PATCH", "/v1/networks/azure-team/azure", &moved)?
        .expect(200)?;
    bare.wait_state("green-team/to-azure", "active")?;
    bare.wait_state("azure-team/to-green", "active")?;
    bare.wait_state("blue-team/to-green", "active").map(drop)
}

#[test]
fn networks_of_different_zones_do_not_peer_and_both_are_told() -> Result<()> {
    let bare = Bare::with_networks("zones")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let away = json!({ "spec": { "zone": "elsewhere" } });
    api.put("PATCH", "/v1/networks/green-team/green", &away)?
        .expect(200)?;
    for id in ["blue-team/to-green", "green-team/to-blue"] {
        let failed = bare.wait_state(id, "failed")?;
        let reason = failed["status"]["reason"].as_str().unwrap_or_default();
        assert!(
            reason.contains("elsewhere") && reason.contains("default"),
            "{reason}"
        );
    }
    Ok(())
}

#[test]
fn a_put_that_makes_a_request_is_refused_like_a_post() -> Result<()> {
    let bare = Bare::with_networks("not there, put")?;
    let api = bare.daemon.api();
    let path = "/v1/peerings/blue-team/ask";
    for (own, peer) in [
        ("blue", "green-team/absent"),
        ("absent", "green-team/green"),
    ] {
        let ask = consent("blue-team/ask", own, peer);
        api.put("PUT", path, &ask)?
            .refused(404, "network-not-found")?;
    }
    Ok(())
}
