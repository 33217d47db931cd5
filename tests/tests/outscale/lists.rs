//! ReadNetPeerings: every filter, and pages.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::calls::{BLUE, Client, GREEN, RED, add, id, start};

/// blue→green active, blue→red pending, red→green rejected, green→more failed.
fn world(client: &Client) -> Result<[String; 4]> {
    add(client, "red-team/more", "p4", "10.2.0.0/17")?;
    let active = client.peer(BLUE, GREEN)?;
    let pending = id(&client.request(BLUE, RED)?);
    let rejected = id(&client.request(RED, GREEN)?);
    client.ok("RejectNetPeering", json!({ "NetPeeringId": rejected }))?;
    let failed = id(&client.request(GREEN, "red-team/more")?);
    client.ok(
        "CreateTags",
        json!({ "ResourceIds": [active, pending],
                "Tags": [{ "Key": "env", "Value": "prod" }, { "Key": "shared", "Value": "" }] }),
    )?;
    client.ok(
        "CreateTags",
        json!({ "ResourceIds": [pending], "Tags": [{ "Key": "env", "Value": "test" }] }),
    )?;
    Ok([active, pending, rejected, failed])
}

#[test]
fn every_filter_leaves_what_fits_it() -> Result<()> {
    let (_bare, client) = start("filters")?;
    let [active, pending, rejected, failed] = world(&client)?;
    let (blue, green, red) = (client.net(BLUE)?, client.net(GREEN)?, client.net(RED)?);
    let expires = client.read(&pending)?["ExpirationDate"].take();
    let message = |pcx: &str| -> Result<Value> { Ok(client.read(pcx)?["State"]["Message"].take()) };
    let cases: Vec<(Value, Vec<&String>)> = vec![
        (json!({}), vec![&active, &pending, &rejected, &failed]),
        (
            json!({ "NetPeeringIds": [active, failed] }),
            vec![&active, &failed],
        ),
        (json!({ "NetPeeringIds": ["pcx-1234578"] }), vec![]),
        (
            json!({ "SourceNetNetIds": [blue] }),
            vec![&active, &pending],
        ),
        (
            json!({ "AccepterNetNetIds": [green] }),
            vec![&active, &rejected],
        ),
        (
            json!({ "SourceNetAccountIds": ["red-team"] }),
            vec![&rejected],
        ),
        (
            json!({ "AccepterNetAccountIds": ["red-team"] }),
            vec![&pending, &failed],
        ),
        (
            json!({ "SourceNetIpRanges": ["10.1.0.0/16"] }),
            vec![&active, &pending],
        ),
        (
            json!({ "AccepterNetIpRanges": ["10.2.0.0/17", "10.3.0.0/16"] }),
            vec![&pending, &failed],
        ),
        (json!({ "StateNames": ["active"] }), vec![&active]),
        (
            json!({ "StateNames": ["rejected", "failed"] }),
            vec![&rejected, &failed],
        ),
        (json!({ "StateMessages": ["Active"] }), vec![&active]),
        (
            json!({ "StateMessages": ["Pending acceptance by red-team"] }),
            vec![&pending],
        ),
        (
            json!({ "StateMessages": [message(&failed)?] }),
            vec![&failed],
        ),
        (json!({ "ExpirationDates": [expires] }), vec![&pending]),
        (
            json!({ "ExpirationDates": ["2020-06-14T00:00:00.000Z"] }),
            vec![],
        ),
        (json!({ "TagKeys": ["env"] }), vec![&active, &pending]),
        (json!({ "TagValues": ["prod"] }), vec![&active]),
        (json!({ "Tags": ["env=test"] }), vec![&pending]),
        (json!({ "Tags": ["shared="] }), vec![&active, &pending]),
        (
            json!({ "TagKeys": ["env"], "AccepterNetNetIds": [red] }),
            vec![&pending],
        ),
        (
            json!({ "StateNames": ["active"], "SourceNetNetIds": [red] }),
            vec![],
        ),
    ];
    for (filters, expected) in cases {
        let found = client.list(filters.clone())?;
        let found: BTreeSet<String> = found.iter().map(id).collect();
        let expected: BTreeSet<String> = expected.into_iter().cloned().collect();
        assert_eq!(found, expected, "{filters}");
    }
    client.refused(
        "ReadNetPeerings",
        json!({ "Filters": { "foo": ["bar"] } }),
        (400, 3001, "InvalidParameter"),
    )?;
    Ok(())
}

#[test]
fn pages_put_together_are_the_list_of_many() -> Result<()> {
    let (_bare, client) = start("pages")?;
    // Each is withdrawn and asked again, and stays listed for an hour.
    for _ in 0..12 {
        for (source, accepter) in [(BLUE, GREEN), (GREEN, RED)] {
            let pcx = id(&client.request(source, accepter)?);
            client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
        }
    }
    let whole: Vec<String> = client.list(json!({}))?.iter().map(id).collect();
    assert_eq!(whole.len(), 24);
    assert_eq!(
        whole.iter().collect::<BTreeSet<_>>().len(),
        24,
        "no id twice"
    );
    for limit in [1, 5, 23, 24, 25, 1000] {
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let body = json!({ "ResultsPerPage": limit, "NextPageToken": token });
            let page = client.ok("ReadNetPeerings", body)?;
            let items = page["NetPeerings"].as_array().context("no page")?;
            assert!(items.len() <= limit, "{page}");
            found.extend(items.iter().map(id));
            token = page["NextPageToken"].clone();
            if token.is_null() {
                break;
            }
            assert_eq!(items.len(), limit, "only the last may be short");
        }
        assert_eq!(found, whole, "{limit} at a time");
    }
    let filtered = client.ok(
        "ReadNetPeerings",
        json!({ "ResultsPerPage": 12, "Filters": { "SourceNetAccountIds": ["blue-team"] } }),
    )?;
    assert_eq!(filtered["NetPeerings"].as_array().map(Vec::len), Some(12));
    assert!(filtered["NextPageToken"].is_null(), "it is the last page");
    Ok(())
}
