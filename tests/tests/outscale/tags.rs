//! Tags.

use anyhow::Result;
use serde_json::{Value, json};

use super::calls::{BLUE, GREEN, NO_PEERING, id, start};

const VALUE: &str = "InvalidParameterValue";

#[test]
fn tags_are_the_labels_of_the_own_consent() -> Result<()> {
    let (bare, client) = start("tags")?;
    let pcx = id(&client.request(BLUE, GREEN)?);
    let tags = |tags: Value| json!({ "ResourceIds": [pcx], "Tags": tags });
    client.ok(
        "CreateTags",
        tags(json!([{ "Key": "env", "Value": "prod" }, { "Key": "Nom été", "Value": "a \"b\" 'c': d" },
                    { "Key": "empty" }])),
    )?;
    client.ok(
        "CreateTags",
        tags(json!([{ "Key": "env", "Value": "test" }])),
    )?;
    let native = bare.wait_state("blue-team/to-green", "pending")?;
    assert_eq!(
        native["metadata"]["labels"],
        json!({ "env": "test", "Nom été": "a \"b\" 'c': d", "empty": "" })
    );
    let all = client.ok("ReadTags", json!({}))?;
    assert_eq!(
        all["Tags"][2],
        json!({ "ResourceId": pcx, "ResourceType": "vpc-peering-connection", "Key": "env",
                "Value": "test" })
    );
    let count = |filters: Value| -> Result<_> {
        let found = client.ok("ReadTags", json!({ "Filters": filters }))?;
        Ok(found["Tags"].as_array().map(Vec::len).unwrap_or_default())
    };
    assert_eq!(count(json!({ "ResourceIds": [pcx] }))?, 3);
    assert_eq!(count(json!({ "Keys": ["env", "empty"] }))?, 2);
    assert_eq!(count(json!({ "Values": ["test"] }))?, 1);
    assert_eq!(count(json!({ "ResourceTypes": ["vpc"] }))?, 0);
    client.ok(
        "DeleteTags",
        tags(json!([{ "Key": "env", "Value": "prod" }])),
    )?;
    assert_eq!(count(json!({}))?, 3, "the value is another");
    client.ok(
        "DeleteTags",
        tags(json!([{ "Key": "env", "Value": "test" }, { "Key": "empty" }])),
    )?;
    assert_eq!(count(json!({}))?, 1);
    // To tag is not to ask anew.
    client.wait_state(&pcx, "pending-acceptance")?;
    assert_eq!(client.list(json!({ "TagKeys": ["Nom été"] }))?.len(), 1);
    Ok(())
}

#[test]
fn what_is_no_tag_and_what_cannot_have_one_is_refused() -> Result<()> {
    let (_bare, client) = start("no tags")?;
    let pcx = id(&client.request(BLUE, GREEN)?);
    let tag = |id: &str, key: &str, value: &str| json!({ "ResourceIds": [id], "Tags": [{ "Key": key, "Value": value }] });
    for (body, code) in [
        (tag(&pcx, "", "v"), (400, 4069, VALUE)),
        (tag(&pcx, &"k".repeat(256), "v"), (400, 4069, VALUE)),
        (tag(&pcx, "k", &"v".repeat(256)), (400, 4070, VALUE)),
        (tag(&pcx, "k", "line\nbreak"), (400, 4070, VALUE)),
        (tag("pcx-12345678", "k", "v"), NO_PEERING),
        (
            tag(&client.net(BLUE)?, "k", "v"),
            (400, 8011, "OperationNotSupported"),
        ),
        (
            tag(&client.table(BLUE)?, "k", "v"),
            (400, 8011, "OperationNotSupported"),
        ),
        (
            tag("ami-12345678", "k", "v"),
            (400, 5044, "InvalidResource"),
        ),
        (
            json!({ "ResourceIds": [pcx], "Tags": [] }),
            (400, 7000, "MissingParameter"),
        ),
        (
            json!({ "ResourceIds": [], "Tags": [{ "Key": "k" }] }),
            (400, 7000, "MissingParameter"),
        ),
        (
            json!({ "ResourceIds": [pcx], "Tags": [{ "Key": "k", "toto": "t" }] }),
            (400, 3001, "InvalidParameter"),
        ),
    ] {
        client.refused("CreateTags", body, code)?;
    }
    // All or none.
    let both =
        json!({ "ResourceIds": [pcx, "pcx-12345678"], "Tags": [{ "Key": "k", "Value": "v" }] });
    client.refused("CreateTags", both, NO_PEERING)?;
    assert_eq!(client.ok("ReadTags", json!({}))?["Tags"], json!([]));
    Ok(())
}
