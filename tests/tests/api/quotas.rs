//! How much a namespace may have.

use anyhow::Result;
use peer_tests::{
    Bare,
    documents::{consent, network, stream},
};
use serde_json::json;

fn start(tag: &str) -> Result<Bare> {
    let mut bare = Bare::prepare(tag, 5)?;
    bare.daemon.configure(
        "quotas:\n  default: { networks: 50 }\n  namespaces:\n    \
         blue-team: { networks: 2, peerings: 1, prefixes: 4 }\n",
    )?;
    bare.daemon.start()?;
    bare.declare_networks()?;
    Ok(bare)
}

#[test]
fn more_than_the_quota_is_refused_naming_it() -> Result<()> {
    let bare = start("quota")?;
    let api = bare.daemon.api();
    let second = network("blue-team/second", "p4", &["10.4.0.0/16", "10.5.0.0/16"]);
    api.put("POST", "/v1/networks", &second)?.expect(201)?;
    let third = network("blue-team/third", "p5", &["10.21.0.0/16"]);
    let more = json!({ "spec": { "prefixes": ["10.4.0.0/16", "10.5.0.0/16", "10.6.0.0/16", "10.7.0.0/16"] } });
    let ask = consent("blue-team/to-green", "blue", "green-team/green");
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let another = consent("blue-team/to-red", "blue", "red-team/red");
    for (answer, what, limit) in [
        (api.put("POST", "/v1/networks", &third)?, "networks", "2"),
        (
            api.put("PUT", "/v1/networks/blue-team/third", &third)?,
            "networks",
            "2",
        ),
        (api.put("POST", "/v1/apply", &third)?, "networks", "2"),
        (
            api.put("PATCH", "/v1/networks/blue-team/second", &more)?,
            "prefixes",
            "4",
        ),
        (api.put("POST", "/v1/peerings", &another)?, "peerings", "1"),
        (
            api.put("POST", "/v1/peerings?dryRun=true", &another)?,
            "peerings",
            "1",
        ),
    ] {
        let detail = answer.refused(403, "quota-exceeded")?;
        for word in ["blue-team", what, limit] {
            assert!(detail.contains(word), "{word}: {detail}");
        }
    }
    // To accept is to have one more.
    let theirs = consent("red-team/ask", "red", "blue-team/blue");
    api.put("POST", "/v1/peerings", &theirs)?.expect(201)?;
    let accept = api.call("POST", "/v1/peerings/red-team/ask/accept")?;
    accept.refused(403, "quota-exceeded")?;
    assert_eq!(api.list("/v1/networks?namespace=blue-team")?.len(), 2);
    // Others have their own, and what is given back can be used again.
    let others = [
        network("green-team/second", "p5", &["10.22.0.0/16"]),
        network("green-team/third", "p5", &["10.23.0.0/16"]),
    ];
    api.apply("", &stream(&others))?;
    api.call("DELETE", "/v1/peerings/blue-team/to-green")?
        .expect(200)?;
    api.put("POST", "/v1/peerings", &another)?.expect(201)?;
    Ok(())
}

#[test]
fn an_apply_over_the_quota_changes_nothing() -> Result<()> {
    let bare = start("apply over quota")?;
    let api = bare.daemon.api();
    let before = api.list("/v1/networks")?;
    let many = [
        network("green-team/more", "p4", &["10.4.0.0/16"]),
        network("blue-team/second", "p5", &["10.5.0.0/16"]),
        network("blue-team/third", "p5", &["10.6.0.0/16"]),
    ];
    let refused = api.send(&peer_tests::Ask::new("POST", "/v1/apply").yaml(&stream(&many)))?;
    refused.refused(403, "quota-exceeded")?;
    assert_eq!(api.list("/v1/networks")?, before);
    Ok(())
}
