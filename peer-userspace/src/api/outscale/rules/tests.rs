use super::*;

fn rules(body: Value, flow: Flow) -> Result<Vec<Rule>, Error> {
    let mut params = Params::parse(body.to_string().as_bytes())?;
    let rules = read(&mut params, flow)?;
    params.finish()?;
    Ok(rules)
}

fn shown(body: Value) -> Value {
    json(&rules(body, Flow::Inbound).unwrap(), Flow::Inbound)
}

fn code(body: Value) -> Value {
    let error = rules(body.clone(), Flow::Inbound);
    let error = error.expect_err(&body.to_string());
    error.body()["Errors"][0]["Code"].take()
}

#[test]
fn both_forms_say_the_same() {
    let flat = json!({ "IpProtocol": "tcp", "FromPortRange": 22, "ToPortRange": 23,
                       "IpRange": "10.2.0.0/16" });
    let listed = json!({ "Rules": [{ "IpProtocol": "tcp", "FromPortRange": 22,
                         "ToPortRange": 23, "IpRanges": ["10.2.0.0/16"],
                         "SecurityGroupsMembers": [], "ServiceIds": [] }] });
    assert_eq!(
        rules(flat.clone(), Flow::Inbound).unwrap(),
        rules(listed.clone(), Flow::Inbound).unwrap()
    );
    let inbound = &rules(flat.clone(), Flow::Inbound).unwrap()[0];
    let outbound = &rules(flat, Flow::Outbound).unwrap()[0];
    assert_eq!((&inbound.from, &inbound.to), (&outbound.to, &outbound.from));
    assert_eq!(inbound.from[0].to_string(), "10.2.0.0/16");
}

#[test]
fn a_rule_is_shown_as_it_was_given() {
    for (protocol, first, last) in [
        ("tcp", 1, 65_535),
        ("tcp", 0, 65_535),
        ("udp", 53, 53),
        ("132", 5, 6),
        ("icmp", -1, -1),
        ("58", -1, -1),
        ("-1", -1, -1),
    ] {
        let rule = json!({ "IpProtocol": protocol, "FromPortRange": first, "ToPortRange": last,
                           "IpRanges": ["10.2.0.0/16", "fd00::/8"] });
        assert_eq!(shown(json!({ "Rules": [rule] })), json!([rule]));
    }
    let all = shown(json!({ "IpRange": "10.2.0.0/16" }));
    assert_eq!(all[0]["IpProtocol"], "-1");
    let tcp = |first, last| {
        shown(
            json!({ "IpProtocol": "6", "FromPortRange": first, "ToPortRange": last,
                      "IpRange": "10.2.0.0/16" }),
        )
    };
    assert_eq!(tcp(-1, -1), tcp(0, 65_535), "all ports");
    assert_eq!(tcp(-1, -1)[0]["IpProtocol"], "tcp");
}

#[test]
fn the_default_lets_everything_out_of_the_families_that_the_net_has() {
    let prefixes =
        |texts: &[&str]| -> Vec<IpNet> { texts.iter().map(|text| text.parse().unwrap()).collect() };
    let shown = |texts: &[&str]| json(&Flow::Outbound.everything(&prefixes(texts)), Flow::Outbound);
    let rule = |ranges: &[&str]| json!([{ "IpProtocol": "-1", "FromPortRange": -1, "ToPortRange": -1, "IpRanges": ranges }]);
    assert_eq!(shown(&["10.1.0.0/16"]), rule(&["0.0.0.0/0"]));
    assert_eq!(
        shown(&["10.1.0.0/16", "fd00:1::/48"]),
        rule(&["0.0.0.0/0", "::/0"])
    );
}

#[test]
fn what_peerd_cannot_say_is_refused() {
    let tcp = |first: i32, last: i32| {
        json!({ "IpProtocol": "tcp", "FromPortRange": first, "ToPortRange": last,
                "IpRange": "10.2.0.0/16" })
    };
    for (body, expected) in [
        (json!({}), "7000"),
        (
            json!({ "IpProtocol": "tcp", "IpRange": "10.2.0.0/16" }),
            "7000",
        ),
        (json!({ "Rules": [] }), "7000"),
        (json!({ "Rules": [{ "IpProtocol": "icmp" }] }), "7000"),
        (tcp(1237, 1234), "4047"),
        (tcp(0, 80), "4047"),
        (tcp(80, 65_536), "4047"),
        (tcp(-1, 80), "4047"),
        (
            json!({ "IpProtocol": "icmp", "FromPortRange": 8, "ToPortRange": 0,
                 "IpRange": "10.2.0.0/16" }),
            "4047",
        ),
        (
            json!({ "FromPortRange": 8, "ToPortRange": 8, "IpRange": "10.2.0.0/16" }),
            "4047",
        ),
        (
            json!({ "IpProtocol": "new_protocol", "IpRange": "10.2.0.0/16" }),
            "4047",
        ),
        (
            json!({ "IpProtocol": "256", "IpRange": "10.2.0.0/16" }),
            "4047",
        ),
        (json!({ "IpProtocol": 6, "IpRange": "10.2.0.0/16" }), "4110"),
        (json!({ "IpRange": "Hello" }), "4047"),
        (json!({ "IpRange": "10.2.0.1/16" }), "4047"),
        (json!({ "SecurityGroupNameToLink": "sg-12345678" }), "5060"),
        (
            json!({ "Rules": [{ "SecurityGroupsMembers": [{}], "IpRanges": [] }] }),
            "5060",
        ),
        (
            json!({ "Rules": [{ "ServiceIds": ["pl-1"], "IpRanges": [] }] }),
            "5044",
        ),
        (
            json!({ "Rules": [{ "IpRanges": ["10.2.0.0/16"] }], "IpProtocol": "tcp" }),
            "3002",
        ),
        (
            json!({ "Rules": [{ "IpRanges": ["10.2.0.0/16"] }], "IpRange": "10.2.0.0/16" }),
            "3002",
        ),
        (
            json!({ "Rules": [{ "IpRanges": ["10.2.0.0/16"], "Foo": 1 }] }),
            "3001",
        ),
    ] {
        assert_eq!(code(body.clone()), expected, "{body}");
    }
}

#[test]
fn what_nobody_forwards_is_no_ip_range() {
    for range in [
        "127.0.0.1/32",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "fe80::/64",
        "ff00::/8",
    ] {
        let rule = json!({ "IpProtocol": "-1", "IpRange": range });
        assert_eq!(code(rule), "4047", "{range}");
    }
    let rule = json!({ "IpProtocol": "-1", "IpRange": "0.0.0.0/0" });
    assert!(rules(rule, Flow::Inbound).is_ok());
}
