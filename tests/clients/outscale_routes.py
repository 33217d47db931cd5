"""Outscale's route tables and security groups: what a peering carries, by Outscale's client."""

from harness import Checks, Network, Refused, World, blocked, closes, equal, flows, refused
from outscale_client import Outscale

check = Checks()
world = World()
blue = Outscale(world, "blue-team")
green = Outscale(world, "green-team")
red = Outscale(world, "red-team")
NOBODY = Network("nobody", {"account": "blue-team", "zone": "default", "uid": "ffffffff", "prefixes": []})
# Whatever a call that is no error of the server's may be refused with.
CLIENTS_FAULT = range(400, 500)
own, peer = world.blue, world.green


def group_of(account, network):
    """A Net's security group as it is read."""
    found = account.ReadSecurityGroups(Filters={"SecurityGroupIds": [account.group(network)]})
    [group] = found["SecurityGroups"]
    return group


with check("an active peering"):
    peering = blue.request(own, peer, "green-team")["NetPeeringId"]
    green.accept(peering)
    for account in [blue, green]:
        account.wait(peering, "active")
# The same for both sides of the peering.
upper = "10.2.128.0/17"
with check("routes: an active peering without any carries nothing"):
    blocked(own, peer, (4, 6))
    blocked(peer, own, (4, 6))
with check("routes: one is made, and is in the table that is answered and read"):
    blue.dry("CreateRoute", RouteTableId=blue.table(own), DestinationIpRange=peer.v4, NetPeeringId=peering)
    equal(blue.routes(own), {})
    table = blue.route(own, upper, peering)
    equal((table["RouteTableId"], table["NetId"]), (blue.table(own), own.net_id))
    [route] = [each for each in table["Routes"] if each["DestinationIpRange"] == upper]
    told = (route["NetPeeringId"], route["State"], route["CreationMethod"])
    equal(told, (peering, "active", "CreateRoute"))
    equal(blue.routes(own), {upper: peering})
with check("routes: tables are found by the peering their routes lead to"):
    wanted = [blue.table(own)]
    for account, tables in [(blue, wanted), (green, [])]:
        found = account.ReadRouteTables(Filters={"RouteNetPeeringIds": [peering]})["RouteTables"]
        equal([table["RouteTableId"] for table in found], tables)
    found = blue.ReadRouteTables(Filters={"RouteNetPeeringIds": [peering], "NetIds": [world.azure.net_id]})
    equal(found["RouteTables"], [])
with check("routes: the same route again changes nothing"):
    before = blue.routes(own)
    blue.route(own, upper, peering)
    equal(blue.routes(own), before)
with check("routes: a table or a peering that is not there, or not the caller's, is 400"):
    refused(400, ["5046"], blue.route, NOBODY, peer.v4, peering)
    refused(400, ["5046"], blue.route, peer, own.v4, peering)
    refused(400, None, blue.route, own, peer.v4, "pcx-ffffffff")
    refused(400, None, red.route, world.red, own.v4, peering)
with check("routes: no target, two targets, or no range is 400"):
    named = {"RouteTableId": blue.table(own)}
    refused(400, None, blue.CreateRoute, DestinationIpRange=peer.v4, **named)
    both = {"NetPeeringId": peering, "GatewayId": "igw-00000000"}
    refused(400, None, blue.CreateRoute, DestinationIpRange=peer.v4, **both, **named)
    refused(400, None, blue.CreateRoute, DestinationIpRange="everywhere", NetPeeringId=peering, **named)
with check("rules: what may come in is made, answered and read"):
    for account, network, source in [(blue, own, peer), (green, peer, own)]:
        group = account.let_in(network, source.v4, "icmp")
        equal(group["SecurityGroupId"], account.group(network))
        found = [(rule["IpProtocol"], rule["IpRanges"]) for rule in group["InboundRules"]]
        equal(found, [("icmp", [source.v4])], "what comes in")
        equal(group_of(account, network)["InboundRules"], group["InboundRules"], "what is read")
with check("routes: one side's alone carry nothing"):
    blue.route(own, peer.v4, peering)
    blocked(own, peer)
    blocked(peer, own)
with check("routes: one to a part carries that part alone"):
    green.route(peer, own.v4, peering)
    blue.unroute(own, peer.v4)
    closes(own, peer)
with check("routes: with those of both sides packets flow both ways"):
    blue.route(own, peer.v4, peering)
    equal(blue.routes(own), {upper: peering, peer.v4: peering})
    flows(own, peer)
    flows(peer, own)
with check("routes: not in the family nobody made one for, nor to a third Net"):
    blocked(own, peer, (6,))
    blocked(own, world.red)
with check("rules: without one nothing comes in, and what was asked for still does"):
    group = green.keep_out(peer, own.v4, "icmp")
    equal(group["InboundRules"], [])
    closes(own, peer)
    flows(peer, own)
with check("rules: one for another protocol or another source lets nothing in"):
    green.CreateSecurityGroupRule(
        SecurityGroupId=green.group(peer),
        Flow="Inbound",
        IpProtocol="tcp",
        FromPortRange=443,
        ToPortRange=443,
        IpRange=own.v4,
    )
    green.let_in(peer, "10.1.128.0/17", "icmp")
    blocked(own, peer)
with check("rules: by the list `Rules` as well"):
    rule = {"IpProtocol": "icmp", "FromPortRange": -1, "ToPortRange": -1, "IpRanges": [own.v4]}
    green.CreateSecurityGroupRule(SecurityGroupId=green.group(peer), Flow="Inbound", Rules=[rule])
    flows(own, peer)
    green.DeleteSecurityGroupRule(SecurityGroupId=green.group(peer), Flow="Inbound", Rules=[rule])
    closes(own, peer)
with check("rules: a dry run makes none"):
    green.dry(
        "CreateSecurityGroupRule",
        SecurityGroupId=green.group(peer),
        Flow="Inbound",
        IpProtocol="-1",
        IpRange=own.v4,
    )
    blocked(own, peer)
with check("rules: one for everything from the other Net"):
    green.let_in(peer, own.v4)
    flows(own, peer)
with check("rules: the same again makes no second one"):
    before = group_of(green, peer)["InboundRules"]
    try:
        green.let_in(peer, own.v4)
    except Refused as refusal:
        equal(refusal.status, 409, "the status")
    equal(group_of(green, peer)["InboundRules"], before)
with check("rules: one that is not there is not deleted, and a stranger's group is not there"):
    refused(CLIENTS_FAULT, None, green.keep_out, peer, "192.0.2.0/24")
    refused(400, None, blue.let_in, peer, own.v4)
with check("routes: one is changed to lead where it led"):
    answer = blue.UpdateRoute(
        RouteTableId=blue.table(own), DestinationIpRange=peer.v4, NetPeeringId=peering
    )
    equal(answer["RouteTable"]["RouteTableId"], blue.table(own))
    flows(own, peer)
with check("routes: one that is not there is neither changed nor deleted"):
    missing = {"RouteTableId": blue.table(own), "DestinationIpRange": "10.9.0.0/16"}
    refused(CLIENTS_FAULT, ["5045", "9053"], blue.UpdateRoute, NetPeeringId=peering, **missing)
    refused(CLIENTS_FAULT, ["5045", "9053"], blue.DeleteRoute, **missing)
with check("routes: deleted by one owner, and nothing flows in either direction"):
    blue.dry("DeleteRoute", RouteTableId=blue.table(own), DestinationIpRange=peer.v4)
    equal(blue.routes(own), {upper: peering, peer.v4: peering})
    blue.unroute(own, peer.v4)
    equal(blue.routes(own), {upper: peering})
    closes(own, peer)
    closes(peer, own)
with check("routes: made again, and packets flow again"):
    blue.route(own, peer.v4, peering)
    flows(own, peer)
    flows(peer, own)
with check("routes: those of a peering that is deleted are gone on both sides"):
    blue.delete(peering)
    blue.wait(peering, "deleted")
    closes(own, peer)
    equal((blue.routes(own), green.routes(peer)), ({}, {}))
check.end()
