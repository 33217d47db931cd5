"""The calls of Terraform's outscale_net_peering and outscale_net_peering_acceptation, as the provider makes them.

Its acceptance tests are played: within one account, across two, with tags that change, and with a peering that fails.
"""

from harness import Checks, Failed, World, among, closes, equal, eventually, expect, flows, refused
from outscale_client import Outscale

check = Checks()
world = World()


def read(account, peering):
    """What the provider takes over into its state; None where there is nothing to read."""
    found = account.ReadNetPeerings(Filters={"NetPeeringIds": [peering]})["NetPeerings"]
    if not found:
        return None
    # It reads all of these of the first, and panics where one is missing.
    first = found[0]
    return {
        "id": first["NetPeeringId"],
        "state": (first["State"]["Name"], first["State"]["Message"]),
        "source": tuple(first["SourceNet"][key] for key in ["AccountId", "IpRange", "NetId"]),
        "accepter": tuple(first["AccepterNet"].get(key) for key in ["AccountId", "IpRange", "NetId"]),
        "tags": {tag["Key"]: tag["Value"] for tag in first["Tags"]},
        "expires": first.get("ExpirationDate"),
    }


class NetPeering:
    """One outscale_net_peering."""

    def __init__(self, account, source, accepter, owner=None):
        self.account = account
        self.source = source
        self.accepter = accepter
        self.owner = owner
        self.id = None
        self.tags = {}

    def create(self, tags=None):
        wanted = {"SourceNetId": self.source.net_id, "AccepterNetId": self.accepter.net_id}
        if self.owner:
            wanted["AccepterOwnerId"] = self.owner
        else:
            nets = self.account.ReadNets(Filters={"NetIds": [wanted["AccepterNetId"], wanted["SourceNetId"]]})
            if len(nets["Nets"]) != 2:
                raise Failed("accepter_owner_id is mandatory: the Nets are of different accounts")
        self.id = self.account.CreateNetPeering(**wanted)["NetPeering"]["NetPeeringId"]
        self.tag(tags or {})
        return eventually(self._settled)

    def _settled(self):
        name, message = self.read()["state"]
        if name == "failed":
            raise RuntimeError(message)
        among(name, ["pending-acceptance", "active"], "the state")
        return name

    def read(self):
        return read(self.account, self.id)

    def tag(self, tags):
        """Delete what is no more wanted, then create what is not there."""
        gone = [{"Key": key, "Value": value} for key, value in self.tags.items() if tags.get(key) != value]
        new = [{"Key": key, "Value": value} for key, value in tags.items() if self.tags.get(key) != value]
        if gone:
            self.account.DeleteTags(ResourceIds=[self.id], Tags=gone)
        if new:
            self.account.CreateTags(ResourceIds=[self.id], Tags=new)
        self.tags = dict(tags)

    def delete(self):
        self.account.DeleteNetPeering(NetPeeringId=self.id)
        eventually(lambda: equal(self.read()["state"][0], "deleted", "the state"))


class Acceptation:
    """One outscale_net_peering_acceptation; to destroy it only forgets it."""

    def __init__(self, account, peering):
        self.account = account
        self.id = account.AcceptNetPeering(NetPeeringId=peering.id)["NetPeering"]["NetPeeringId"]
        equal(self.id, peering.id, "the id of what was accepted")

    def read(self):
        return read(self.account, self.id)

    def wait(self, state):
        eventually(lambda: equal(self.read()["state"][0], state, "the state"))


def route(account, network, other, peering):
    """outscale_route: made, and then found in the table read."""
    account.route(network, other.v4, peering)
    eventually(lambda: equal(account.routes(network).get(other.v4), peering, "the route read"))


def rule(account, network, other):
    """outscale_security_group_rule."""
    account.let_in(network, other.v4)


blue = Outscale(world, "blue-team")
green = Outscale(world, "green-team")


def play(title, one, other, source, accepter, owner):
    peering = NetPeering(one, source, accepter, owner)
    with check(f"{title}: apply creates it, with tags, pending"):
        equal(peering.create({"name": "terraform", "env": "test"}), "pending-acceptance")
        told = peering.read()
        equal(told["tags"], {"name": "terraform", "env": "test"})
        equal(told["source"], (source.account, source.v4, source.net_id))
        equal((told["accepter"][0], told["accepter"][2]), (accepter.account, accepter.net_id))
        expect(told["expires"], "there is no expiration date")
    with check(f"{title}: a second plan finds nothing to do"):
        equal(peering.read(), peering.read())
    with check(f"{title}: tags are changed in place"):
        peering.tag({"name": "renamed", "owner": "ops"})
        equal(peering.read()["tags"], {"name": "renamed", "owner": "ops"})
        peering.tag({})
        equal(peering.read()["tags"], {})
    with check(f"{title}: the acceptation reads what it accepted, active"):
        acceptation = Acceptation(other, peering)
        acceptation.wait("active")
        equal(acceptation.read()["accepter"], (accepter.account, accepter.v4, accepter.net_id))
        equal(peering.read()["state"], ("active", "Active"))
        equal(peering.read()["source"], acceptation.read()["source"])
    with check(f"{title}: import by the id reads the same"):
        imported = NetPeering(one, source, accepter, owner)
        imported.id = peering.id
        equal(imported.read(), peering.read())
    with check(f"{title}: with routes and rules packets flow"):
        route(one, source, accepter, peering.id)
        route(other, accepter, source, peering.id)
        rule(one, source, accepter)
        rule(other, accepter, source)
        flows(source, accepter)
        flows(accepter, source)
    with check(f"{title}: destroy takes the routes and rules away, then the peering"):
        one.unroute(source, accepter.v4)
        other.unroute(accepter, source.v4)
        one.keep_out(source, accepter.v4)
        other.keep_out(accepter, source.v4)
        peering.delete()
        closes(source, accepter)
        equal(acceptation.read()["state"][0], "deleted")


play("one account", blue, blue, world.blue, world.azure, None)
play("two accounts", blue, green, world.blue, world.green, "green-team")
with check("two accounts without the owner: the provider finds one Net of two and stops"):
    try:
        NetPeering(blue, world.blue, world.green).create()
    except Failed as failure:
        expect("accepter_owner_id" in str(failure), f"{failure}")
    else:
        raise Failed("it found both")
with check("a peering that fails: the provider tells its message and keeps the id"):
    failing = NetPeering(blue, world.blue, world.overlapping)
    try:
        failing.create()
    except RuntimeError as error:
        expect(str(error), "there is no message")
    else:
        raise Failed("it did not fail")
    equal(failing.read()["state"][0], "failed")
    refused(409, None, blue.delete, failing.id)
with check("the peerings the data source is asked for by their ids"):
    known = [each["NetPeeringId"] for each in blue.peerings()]
    for each in known:
        equal(read(blue, each)["id"], each)
    equal(sorted(each["NetPeeringId"] for each in blue.peerings(NetPeeringIds=known)), sorted(known))
    equal(read(blue, "pcx-ffffffff"), None)
check.end()
