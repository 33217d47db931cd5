//! Route tables, as far as no packets are needed.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::calls::{BLUE, Client, GREEN, MISSING, NO_PEERING, RED, STATE, id, start};

const NO_TABLE: (u16, u32, &str) = (400, 5046, "InvalidResource");
const NO_ROUTE: (u16, u32, &str) = (400, 5045, "InvalidResource");
const VALUE: (u16, u32, &str) = (400, 4047, "InvalidParameterValue");
const OTHER_NET: (u16, u32, &str) = (400, 4086, "InvalidParameterValue");
const EXISTS: (u16, u32, &str) = (409, 9052, "ResourceConflict");

fn route(client: &Client, net: &str, to: &str, pcx: &str) -> Result<Value> {
    Ok(json!({ "RouteTableId": client.table(net)?, "DestinationIpRange": to, "NetPeeringId": pcx }))
}

/// Destinations and peerings of a table.
fn routes(table: &Value) -> Vec<(&str, &str)> {
    let routes = table["Routes"].as_array().into_iter().flatten();
    routes
        .map(|route| {
            let to = route["DestinationIpRange"].as_str().unwrap_or_default();
            let by = route["NetPeeringId"].as_str();
            (to, by.or(route["GatewayId"].as_str()).unwrap_or_default())
        })
        .collect()
}

#[test]
fn every_net_has_one_main_table_with_its_own_route() -> Result<()> {
    let (_bare, client) = start("main table")?;
    let filters = json!({ "Filters": { "NetIds": [client.net(BLUE)?] } });
    let tables = client.ok("ReadRouteTables", filters)?;
    let table = client.table(BLUE)?;
    assert_eq!(
        tables["RouteTables"],
        json!([{
            "RouteTableId": table, "NetId": client.net(BLUE)?, "Tags": [],
            "RoutePropagatingVirtualGateways": [],
            "Routes": [{ "DestinationIpRange": "10.1.0.0/16", "GatewayId": "local",
                         "CreationMethod": "CreateRouteTable", "State": "active" }],
            "LinkRouteTables": [{ "LinkRouteTableId": table.replace("rtb-", "rtbassoc-"),
                                  "RouteTableId": table, "NetId": client.net(BLUE)?, "Main": true }],
        }])
    );
    let all = client.ok("ReadRouteTables", json!({}))?;
    assert_eq!(all["RouteTables"].as_array().map(Vec::len), Some(3));
    Ok(())
}

#[test]
fn routes_are_created_updated_deleted_and_found() -> Result<()> {
    let (_bare, client) = start("routes")?;
    let (green, red) = (client.peer(BLUE, GREEN)?, client.peer(BLUE, RED)?);
    let made = client.ok("CreateRoute", route(&client, BLUE, "10.2.0.0/16", &green)?)?;
    assert_eq!(
        made["RouteTable"]["Routes"][1],
        json!({ "DestinationIpRange": "10.2.0.0/16", "NetPeeringId": green,
                "CreationMethod": "CreateRoute", "State": "active" })
    );
    // The same once more is the same; another one is another.
    client.ok("CreateRoute", route(&client, BLUE, "10.2.0.0/16", &green)?)?;
    client.refused(
        "CreateRoute",
        route(&client, BLUE, "10.2.0.0/16", &red)?,
        EXISTS,
    )?;
    client.refused(
        "CreateRoute",
        route(&client, BLUE, "10.1.0.0/16", &red)?,
        EXISTS,
    )?;
    client.refused(
        "UpdateRoute",
        route(&client, BLUE, "10.3.0.0/16", &red)?,
        NO_ROUTE,
    )?;
    client.ok("CreateRoute", route(&client, BLUE, "10.3.0.0/16", &red)?)?;
    let updated = client.ok("UpdateRoute", route(&client, BLUE, "10.2.0.0/16", &red)?)?;
    assert_eq!(
        routes(&updated["RouteTable"]),
        [
            ("10.1.0.0/16", "local"),
            ("10.2.0.0/16", &red),
            ("10.3.0.0/16", &red)
        ]
    );
    client.ok("UpdateRoute", route(&client, BLUE, "10.2.0.0/16", &green)?)?;
    let count = |filters: Value| -> Result<_> {
        let tables = client.ok("ReadRouteTables", json!({ "Filters": filters }))?;
        Ok(tables["RouteTables"]
            .as_array()
            .map(Vec::len)
            .unwrap_or_default())
    };
    for (filters, expected) in [
        (json!({ "RouteTableIds": [client.table(BLUE)?] }), 1),
        (json!({ "RouteNetPeeringIds": [green] }), 1),
        (json!({ "RouteDestinationIpRanges": ["10.3.0.0/16"] }), 2),
        (json!({ "RouteCreationMethods": ["CreateRoute"] }), 1),
        (json!({ "RouteStates": ["active"] }), 3),
        (json!({ "RouteGatewayIds": ["local"] }), 3),
        (json!({ "RouteVmIds": ["i-12345678"] }), 0),
        (json!({ "LinkRouteTableMain": true }), 3),
        (json!({ "LinkRouteTableMain": false }), 0),
    ] {
        assert_eq!(count(filters.clone())?, expected, "{filters}");
    }
    let delete =
        json!({ "RouteTableId": client.table(BLUE)?, "DestinationIpRange": "10.3.0.0/16" });
    let left = client.ok("DeleteRoute", delete.clone())?;
    assert_eq!(
        routes(&left["RouteTable"]),
        [("10.1.0.0/16", "local"), ("10.2.0.0/16", &green)]
    );
    client.refused("DeleteRoute", delete, NO_ROUTE)?;
    // With the peering its routes go.
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": green }))?;
    assert_eq!(
        count(json!({ "RouteCreationMethods": ["CreateRoute"] }))?,
        0
    );
    let again = client.peer(BLUE, GREEN)?;
    assert_eq!(count(json!({ "RouteNetPeeringIds": [again] }))?, 0);
    Ok(())
}

#[test]
fn a_route_needs_the_nets_own_consent_to_a_peering_of_its_own() -> Result<()> {
    let (_bare, client) = start("own consent")?;
    let pcx = id(&client.request(BLUE, GREEN)?);
    // Who asked may set its side up while it waits.
    client.ok("CreateRoute", route(&client, BLUE, "10.2.0.0/16", &pcx)?)?;
    let said = client.refused(
        "CreateRoute",
        route(&client, GREEN, "10.1.0.0/16", &pcx)?,
        STATE,
    )?;
    assert!(said.contains("AcceptNetPeering"), "{said}");
    client.refused(
        "CreateRoute",
        route(&client, RED, "10.1.0.0/16", &pcx)?,
        OTHER_NET,
    )?;
    client.refused(
        "CreateRoute",
        route(&client, RED, "10.1.0.0/16", "pcx-12345678")?,
        NO_PEERING,
    )?;
    client.ok("RejectNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.refused(
        "CreateRoute",
        route(&client, BLUE, "10.2.1.0/24", &pcx)?,
        STATE,
    )?;
    // What has ended leads nowhere.
    let tables = client.ok(
        "ReadRouteTables",
        json!({ "Filters": { "RouteNetPeeringIds": [pcx] } }),
    )?;
    assert_eq!(tables["RouteTables"], json!([]));
    Ok(())
}

#[test]
fn other_targets_and_odd_destinations_are_refused() -> Result<()> {
    let (_bare, client) = start("targets")?;
    let pcx = client.peer(BLUE, GREEN)?;
    let table = client.table(BLUE)?;
    for (target, code) in [
        ("GatewayId", 5001),
        ("NatServiceId", 5032),
        ("NicId", 5036),
        ("VmId", 5063),
    ] {
        let mut body = json!({ "RouteTableId": table, "DestinationIpRange": "0.0.0.0/0" });
        body[target] = json!("igw-12345678");
        let said = client.refused("CreateRoute", body.clone(), (400, code, "InvalidResource"))?;
        assert!(said.contains("Net peerings only"), "{said}");
        body["NetPeeringId"] = json!(pcx);
        client.refused("CreateRoute", body, (400, 3002, "InvalidParameter"))?;
    }
    let untargeted = json!({ "RouteTableId": table, "DestinationIpRange": "0.0.0.0/0" });
    client.refused("CreateRoute", untargeted, MISSING)?;
    for to in ["10.2.0.1/16", "10.2.0.0", "Hello", ""] {
        client.refused("CreateRoute", route(&client, BLUE, to, &pcx)?, VALUE)?;
    }
    let mut body = route(&client, BLUE, "10.2.0.0/16", &pcx)?;
    body["RouteTableId"] = json!("rtb-12345678");
    client.refused("CreateRoute", body, NO_TABLE)?;
    // A route wider than what the peer gives is one.
    client.ok("CreateRoute", route(&client, BLUE, "0.0.0.0/0", &pcx)?)?;
    Ok(())
}

#[test]
fn subnets_are_linked_and_unlinked() -> Result<()> {
    let (_bare, client) = start("links")?;
    let subnet = |net: &str| -> Result<Value> {
        let body = json!({ "Filters": { "NetIds": [client.net(net)?] } });
        let mut answer = client.ok("ReadSubnets", body)?;
        Ok(answer["Subnets"][0]["SubnetId"].take())
    };
    let (table, own, others) = (client.table(BLUE)?, subnet(BLUE)?, subnet(GREEN)?);
    let link = |subnet: &Value| json!({ "RouteTableId": table, "SubnetId": subnet });
    let made = client.ok("LinkRouteTable", link(&own))?;
    let id = made["LinkRouteTableId"].as_str().context("no id")?;
    assert_eq!(
        client.ok("LinkRouteTable", link(&own))?["LinkRouteTableId"],
        id
    );
    let found = client.ok(
        "ReadRouteTables",
        json!({ "Filters": { "LinkSubnetIds": [own] } }),
    )?;
    assert_eq!(
        found["RouteTables"][0]["LinkRouteTables"][1],
        json!({ "LinkRouteTableId": id, "RouteTableId": table, "SubnetId": own, "Main": false })
    );
    client.refused("LinkRouteTable", link(&others), OTHER_NET)?;
    let absent = json!("subnet-12345678");
    client.refused(
        "LinkRouteTable",
        link(&absent),
        (400, 5057, "InvalidResource"),
    )?;
    client.ok("UnlinkRouteTable", json!({ "LinkRouteTableId": id }))?;
    let unlink = json!({ "LinkRouteTableId": id });
    client.refused("UnlinkRouteTable", unlink, (400, 5047, "InvalidResource"))?;
    let main = json!({ "LinkRouteTableId": table.replace("rtb-", "rtbassoc-") });
    client.refused(
        "UnlinkRouteTable",
        main,
        (400, 4045, "InvalidParameterValue"),
    )?;
    Ok(())
}
