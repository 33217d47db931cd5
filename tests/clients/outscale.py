"""Outscale's API by Outscale's client: Nets, errors, and the whole life of a Net peering."""

import datetime
import re

from harness import Checks, Network, Refused, World, among, blocked, closes, equal, expect, flows, refused
from outscale_client import Outscale

check = Checks()
world = World()
blue = Outscale(world, "blue-team")
green = Outscale(world, "green-team")
red = Outscale(world, "red-team")
NOBODY = Network("nobody", {"account": "blue-team", "zone": "default", "uid": "ffffffff", "prefixes": []})
# Whatever a call that is no error of the server's may be refused with.
CLIENTS_FAULT = range(400, 500)


def nets():
    with check("nets: an account reads its own, and no stranger's"):
        found = {net["NetId"]: net for net in blue.ReadNets()["Nets"]}
        equal(set(found), {network.net_id for network in world.of("blue-team")}, "what is read")
        for network in world.of("blue-team"):
            told = found[network.net_id]
            equal((told["IpRange"], told["State"]), (network.v4, "available"), network.name)
            expect(isinstance(told["Tags"], list), f"tags are {told['Tags']!r}")
    with check("nets: both of one account are two, one of a stranger's is none"):
        both = [world.blue.net_id, world.azure.net_id]
        equal(len(blue.ReadNets(Filters={"NetIds": both})["Nets"]), 2)
        equal(blue.ReadNets(Filters={"NetIds": [world.green.net_id]})["Nets"], [])
    with check("nets: filtered by their range"):
        found = blue.ReadNets(Filters={"IpRanges": [world.azure.v4]})["Nets"]
        equal([net["NetId"] for net in found], [world.azure.net_id])
    with check("account: its id is the namespace"):
        for account in [blue, green, red]:
            found = [each["AccountId"] for each in account.ReadAccounts()["Accounts"]]
            equal(found, [account.account])
    with check("subnets: a Net has one at least, inside of it"):
        subnets = blue.ReadSubnets(Filters={"NetIds": [world.blue.net_id]})["Subnets"]
        expect(subnets, "there is none")
        for subnet in subnets:
            equal(subnet["NetId"], world.blue.net_id)
            expect(re.fullmatch("subnet-[0-9a-f]{8}", subnet["SubnetId"]), f"it is {subnet['SubnetId']!r}")
            expect(subnet["IpRange"].startswith("10.1."), f"its range is {subnet['IpRange']}")
    with check("route tables: a Net has one, the main one"):
        tables = blue.ReadRouteTables(Filters={"NetIds": [world.blue.net_id]})["RouteTables"]
        equal([table["RouteTableId"] for table in tables], [blue.table(world.blue)])
        equal(tables[0]["NetId"], world.blue.net_id)
        expect(any(link["Main"] for link in tables[0]["LinkRouteTables"]), "it is not linked as the main one")
        equal(len(blue.ReadRouteTables()["RouteTables"]), len(world.of("blue-team")), "the number of all")
    with check("route tables: the main one is linked to a subnet"):
        [subnet, *_] = blue.ReadSubnets(Filters={"NetIds": [world.blue.net_id]})["Subnets"]
        linked = blue.LinkRouteTable(RouteTableId=blue.table(world.blue), SubnetId=subnet["SubnetId"])
        expect(linked["LinkRouteTableId"], f"the answer is {linked}")
    with check("security groups: a Net has one, nothing comes in and everything goes out"):
        groups = blue.ReadSecurityGroups(Filters={"NetIds": [world.blue.net_id]})["SecurityGroups"]
        equal([group["SecurityGroupId"] for group in groups], [blue.group(world.blue)])
        [group] = groups
        told = (group["NetId"], group["AccountId"], group["InboundRules"])
        equal(told, (world.blue.net_id, "blue-team", []))
        rules = [(rule["IpProtocol"], rule["IpRanges"]) for rule in group["OutboundRules"]]
        # Outscale knows no IPv6; a Net here may have both.
        equal(rules, [("-1", ["0.0.0.0/0", "::/0"])], "what goes out")


def errors():
    own, peer = world.blue.net_id, world.green.net_id
    with check("errors: a wrong secret, and an unknown key, are 401"):
        refused(401, None, Outscale(world, "blue-team", secret="no-secret").ReadNets)
        refused(401, None, Outscale(world, "blue-team", key="NOBODYSKEY").ReadNets)
    with check("errors: a parameter that is unknown, missing or of another type is 400"):
        refused(400, None, blue.raw, "CreateNetPeering", SourceNetId=own, AccepterNetId=peer, Colour="blue")
        refused(400, None, blue.raw, "CreateNetPeering", SourceNetId=own)
        refused(400, None, blue.raw, "AcceptNetPeering", NetPeeringId=7)
        refused(400, None, blue.raw, "ReadNetPeerings", Filters={"NetPeeringId": ["pcx-00000000"]})
        refused(400, None, blue.raw, "ReadNetPeerings", ResultsPerPage=0)
        refused(400, None, blue.raw, "ReadNetPeerings", ResultsPerPage=1001)
    with check("errors: an action that is not served is refused in the API's own form"):
        refusal = refused(CLIENTS_FAULT, None, blue.raw, "CreateVms")
        expect(refusal.code, f"it says {refusal}")
    with check("errors: a Net that is not there, or not the caller's to ask for, is 400"):
        refusal = refused(400, ["5065", "5033"], blue.request, NOBODY, world.green, "green-team")
        equal(refusal.kind, "InvalidResource")
        refused(400, ["5065", "5033"], blue.request, world.green, world.blue)
        refused(400, ["5065", "5033"], blue.request, world.blue, NOBODY, "green-team")
    with check("errors: a peering that is not there is 400, accepted, rejected or deleted"):
        for work in [blue.accept, blue.reject, blue.delete]:
            refused(400, None, work, "pcx-ffffffff")
    with check("errors: a Net does not peer with itself"):
        try:
            equal(blue.request(world.blue, world.blue)["State"]["Name"], "failed", "the state")
        except Refused as refusal:
            among(refusal.status, [400, 409], "the status")


def failed(account, source, accepter, word):
    """A peering that has failed when it is made, and with which nothing can be done."""
    made = account.request(source, accepter)
    equal(made["State"]["Name"], "failed")
    expect(made["State"]["Message"], "there is no message")
    expect(word in made["State"]["Message"].lower(), f"the message does not say {word}: {made['State']['Message']}")
    equal(account.peering(made["NetPeeringId"])["State"], made["State"], "the state read")
    for work in [account.accept, account.reject, account.delete]:
        refused(409, None, work, made["NetPeeringId"])
    equal(account.peering(made["NetPeeringId"])["State"]["Name"], "failed")


def failures():
    with check("failed: ranges that overlap, and it can be neither accepted nor rejected nor deleted"):
        failed(blue, world.blue, world.overlapping, "overlap")
    with check("failed: another zone"):
        failed(blue, world.blue, world.elsewhere, "elsewhere")
    with check("failed: a source without a working port"):
        failed(blue, world.portless, world.blue, "port")
    with check("failed: an accepter without a working port"):
        failed(blue, world.blue, world.portless, "port")
    with check("failed: what failed does not count as the pair's one"):
        failed(blue, world.blue, world.portless, "port")


def life():
    own, peer = world.blue, world.green
    with check("request: a dry run makes nothing"):
        blue.dry("CreateNetPeering", SourceNetId=own.net_id, AccepterNetId=peer.net_id, AccepterOwnerId="green-team")
        equal(blue.peerings(SourceNetNetIds=[own.net_id], AccepterNetNetIds=[peer.net_id]), [])
    with check("request: pending-acceptance, by whom, and until when"):
        made = blue.request(own, peer, "green-team")
        peering = made["NetPeeringId"]
        expect(re.fullmatch("pcx-[0-9a-f]{8}", peering), f"its id is {peering!r}")
        equal(made["State"], {"Name": "pending-acceptance", "Message": "Pending acceptance by green-team"})
        source = {"AccountId": "blue-team", "IpRange": own.v4, "NetId": own.net_id}
        equal(made["SourceNet"], source)
        accepter = made["AccepterNet"]
        equal((accepter["AccountId"], accepter["NetId"]), ("green-team", peer.net_id))
        equal(made["Tags"], [])
    with check("request: it expires in seven days"):
        until = datetime.datetime.fromisoformat(made["ExpirationDate"].replace("Z", "+00:00"))
        left = until - datetime.datetime.now(datetime.timezone.utc)
        expect(datetime.timedelta(days=6.9) < left < datetime.timedelta(days=7.1), f"{left} are left")
    with check("request: both owners read it, and nobody else"):
        equal(blue.peering(peering)["State"], made["State"])
        asked = green.peering(peering)
        equal((asked["State"], asked["SourceNet"]), (made["State"], source))
        equal(red.peerings(NetPeeringIds=[peering]), [])
    with check("request: the same pair again is 409, 9067, ResourceConflict"):
        equal(refused(409, "9067", blue.request, own, peer, "green-team").kind, "ResourceConflict")
    with check("request: who asked does neither accept nor reject"):
        refused(CLIENTS_FAULT, None, blue.accept, peering)
        refused(CLIENTS_FAULT, None, blue.reject, peering)
    with check("request: a third account does neither accept, reject nor delete"):
        for work in [red.accept, red.reject, red.delete]:
            refused(400, None, work, peering)
    with check("request: only who asked takes it back"):
        refused(CLIENTS_FAULT, None, green.delete, peering)
        equal(blue.peering(peering)["State"]["Name"], "pending-acceptance")
    with check("accept: a dry run accepts nothing"):
        green.dry("AcceptNetPeering", NetPeeringId=peering)
        equal(blue.peering(peering)["State"]["Name"], "pending-acceptance")
    with check("accept: it becomes active, as both owners read"):
        accepted = green.accept(peering)
        equal(accepted["NetPeeringId"], peering)
        among(accepted["State"]["Name"], ["pending-acceptance", "active"], "the state at once")
        for account in [blue, green]:
            active = account.wait(peering, "active")
            equal(active["State"]["Message"], "Active")
            equal(active["SourceNet"], source)
            equal(active["AccepterNet"], {"AccountId": "green-team", "IpRange": peer.v4, "NetId": peer.net_id})
    with check("accept: what is active is accepted again, which changes nothing, and not rejected, 409"):
        equal(green.accept(peering)["State"]["Name"], "active")
        refused(409, None, green.reject, peering)
    with check("accept: the same pair again is 409, 9067"):
        refused(409, "9067", blue.request, own, peer, "green-team")
    with check("accept: asked for the other way round as well, that is rejected as redundant"):
        reverse = green.request(peer, own, "blue-team")
        equal(reverse["State"]["Name"], "rejected")
        equal(blue.peering(peering)["State"]["Name"], "active")
    with check("delete: a dry run deletes nothing"):
        green.dry("DeleteNetPeering", NetPeeringId=peering)
        equal(green.peering(peering)["State"]["Name"], "active")
    with check("delete: what is active either owner deletes, and both read that it is"):
        green.delete(peering)
        for account in [blue, green]:
            account.wait(peering, "deleted")
        closes(own, peer)
        closes(peer, own)
    with check("delete: nothing more can be done with it, 409"):
        for work in [green.accept, green.reject, blue.delete]:
            refused(409, None, work, peering)
    with check("delete: the pair may be asked for again, which is another peering"):
        again = blue.request(own, peer, "green-team")
        equal(again["State"]["Name"], "pending-acceptance")
        expect(again["NetPeeringId"] != peering, "it has the id of the one deleted")
    with check("delete: who asked takes it back"):
        blue.delete(again["NetPeeringId"])
        for account in [blue, green]:
            account.wait(again["NetPeeringId"], "deleted")
        refused(409, None, green.accept, again["NetPeeringId"])
    with check("reject: a dry run rejects nothing, the owner of the accepter does, and both read it"):
        refusable = blue.request(own, peer, "green-team")["NetPeeringId"]
        green.dry("RejectNetPeering", NetPeeringId=refusable)
        equal(green.peering(refusable)["State"]["Name"], "pending-acceptance")
        green.reject(refusable)
        for account in [blue, green]:
            account.wait(refusable, "rejected")
    with check("reject: rejected again it stays so; it is neither accepted nor deleted, 409"):
        green.reject(refusable)
        for work in [green.accept, blue.delete, green.delete]:
            refused(409, None, work, refusable)
    with check("crossing requests: each way is pending, and accepting one rejects the other"):
        there = blue.request(own, peer, "green-team")["NetPeeringId"]
        back = green.request(peer, own, "blue-team")
        equal(back["State"]["Name"], "pending-acceptance")
        equal(blue.peering(there)["State"]["Name"], "pending-acceptance")
        green.accept(there)
        blue.wait(there, "active")
        green.wait(back["NetPeeringId"], "rejected")
        blue.delete(there)
    with check("same account: it is not accepted by itself, but by a call"):
        within = blue.request(world.blue, world.azure)
        equal(within["State"]["Name"], "pending-acceptance")
        blue.accept(within["NetPeeringId"])
        blue.wait(within["NetPeeringId"], "active")
    with check("same account: with routes and rules on both sides packets flow"):
        for network, other in [(world.blue, world.azure), (world.azure, world.blue)]:
            blue.route(network, other.v4, within["NetPeeringId"])
            blue.let_in(network, other.v4)
        flows(world.blue, world.azure)
        flows(world.azure, world.blue)
        blocked(world.azure, world.green)
    with check("same account: deleted, and nothing flows"):
        blue.delete(within["NetPeeringId"])
        blue.wait(within["NetPeeringId"], "deleted")
        closes(world.blue, world.azure)
        for network, other in [(world.blue, world.azure), (world.azure, world.blue)]:
            blue.keep_out(network, other.v4)


nets()
errors()
failures()
life()
check.end()
