"""The calls of Terraform's upcloud_network_peering, one after the other as the provider makes them.

The provider's acceptance test is played: two networks that peer both ways; both renamed, labelled and one of them
disabled; the other one disabled and the labels dropped; all destroyed.
"""

from harness import Checks, Refused, World, closes, equal, eventually, expect, flows, refused
from upcloud_client import UpCloud

check = Checks()
world = World()


class Resource:
    """One upcloud_network_peering."""

    def __init__(self, account, network, peer):
        self.account = account
        self.network = network
        self.peer = peer
        self.id = None

    def create(self, name, status="active", labels=()):
        made = self.account.create(
            name, self.network.uid, self.peer.uid, configured_status=status, labels=as_list(labels)
        )
        self.id = made["uuid"]
        self._settle()
        return made

    def read(self):
        """What the provider takes over into its state, and compares with the configuration."""
        told = self.account.peering(self.id)
        labels = {label["key"]: label["value"] for label in told["labels"]}
        sides = (told["network"]["uuid"], told["peer_network"]["uuid"])
        return told["uuid"], told["name"], told["configured_status"], labels, sides

    def update(self, name, status="active", labels=()):
        self.account.modify(self.id, configured_status=status, name=name, labels=as_list(labels))
        self._settle()

    def delete(self):
        self._settle()
        if self.account.peering(self.id)["state"] != "disabled":
            self.account.modify(self.id, configured_status="disabled")
            self.account.wait(self.id, "disabled")
        self.account.delete(self.id)

    def state(self):
        return self.account.peering(self.id)["state"]

    def is_as(self, name, status="active", labels=()):
        """A second plan finds nothing to do."""
        wanted = (self.id, name, status, dict(labels), (self.network.uid, self.peer.uid))
        equal(self.read(), wanted, "what is read")

    def _settle(self):
        def attempt():
            state = self.state()
            expect(state != "provisioning", "it is still provisioning")

        eventually(attempt)


def as_list(labels):
    return [{"key": key, "value": value} for key, value in dict(labels).items()]


def play(title, one, other, one_network, other_network):
    there = Resource(one, one_network, other_network)
    back = Resource(other, other_network, one_network)
    labels = {"env": "test", "managed": "terraform"}
    with check(f"{title}: apply creates both ways"):
        there.create("peering-0-to-1")
        equal(there.state(), "pending-peer", "the state of the first")
        back.create("peering-1-to-0")
        there.is_as("peering-0-to-1")
        back.is_as("peering-1-to-0")
    with check(f"{title}: both are active and carry traffic"):
        one.wait(there.id, "active")
        other.wait(back.id, "active")
        flows(one_network, other_network, (4, 6))
    with check(f"{title}: import by the id reads the same"):
        imported = Resource(one, one_network, other_network)
        imported.id = there.id
        equal(imported.read(), there.read())
    with check(f"{title}: renamed, labelled, and one of them disabled"):
        there.update("renamed-0", "disabled", labels)
        back.update("renamed-1", "active", labels)
        there.is_as("renamed-0", "disabled", labels)
        back.is_as("renamed-1", "active", labels)
        equal((there.state(), back.state()), ("disabled", "peer-disabled"), "the states")
        closes(one_network, other_network, (4, 6))
    with check(f"{title}: the other one disabled, and the labels dropped"):
        there.update("renamed-0", "active")
        back.update("renamed-1", "disabled")
        there.is_as("renamed-0", "active")
        back.is_as("renamed-1", "disabled")
        equal((there.state(), back.state()), ("peer-disabled", "disabled"), "the states")
    with check(f"{title}: enabled again it carries traffic"):
        back.update("renamed-1", "active")
        one.wait(there.id, "active")
        flows(other_network, one_network, (4, 6))
    with check(f"{title}: destroy disables, deletes, and leaves nothing"):
        for resource in [there, back]:
            resource.delete()
            refused(404, "PEERING_NOT_FOUND", resource.read)
        closes(one_network, other_network, (4, 6))
    with check(f"{title}: destroy of what another hand has deleted is told 404"):
        try:
            there.delete()
        except Refused as refusal:
            equal((refusal.status, refusal.code), (404, "PEERING_NOT_FOUND"))
        else:
            expect(False, "it was deleted twice")


blue = UpCloud(world, "blue-team", "bearer")
green = UpCloud(world, "green-team", "bearer")
play("two accounts", blue, green, world.blue, world.green)
play("one account", blue, blue, world.blue, world.azure)
with check("a replaced peer is one destroyed and one created"):
    first = Resource(blue, world.blue, world.green)
    first.create("peering")
    first.delete()
    second = Resource(blue, world.blue, world.red)
    second.create("peering")
    equal(second.state(), "pending-peer")
    second.delete()
check.end()
