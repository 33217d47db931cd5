"""What Outscale's client finds again: tags, every filter of ReadNetPeerings, and its pages."""

from harness import Checks, World, equal, expect, refused
from outscale_client import CONTEXT, Outscale

check = Checks()
world = World()
blue = Outscale(world, "blue-team")
green = Outscale(world, "green-team")
red = Outscale(world, "red-team")


def ids(peerings):
    return sorted(each["NetPeeringId"] for each in peerings)


with check("tags: created, and read with the peering"):
    one = blue.request(world.blue, world.green, "green-team")["NetPeeringId"]
    two = blue.request(world.blue, world.red, "red-team")["NetPeeringId"]
    three = blue.request(world.azure, world.green, "green-team")["NetPeeringId"]
    tags = [{"Key": "env", "Value": "prod"}, {"Key": "name", "Value": "the first"}]
    blue.dry("CreateTags", ResourceIds=[one], Tags=tags)
    equal(blue.peering(one)["Tags"], [])
    equal(set(blue.CreateTags(ResourceIds=[one], Tags=tags)), {CONTEXT})
    blue.CreateTags(ResourceIds=[two], Tags=tags[:1])
    equal(sorted(blue.peering(one)["Tags"], key=lambda tag: tag["Key"]), tags)
    equal(blue.peering(two)["Tags"], tags[:1])
    first = blue.peering(one)
with check("tags: read by themselves"):
    found = blue.ReadTags(Filters={"ResourceIds": [one]})["Tags"]
    found = sorted((tag["Key"], tag["Value"], tag["ResourceId"]) for tag in found)
    equal(found, [("env", "prod", one), ("name", "the first", one)])
    found = blue.ReadTags(Filters={"Keys": ["name"]})["Tags"]
    equal([tag["ResourceId"] for tag in found], [one])
    found = blue.ReadTags(Filters={"Values": ["prod"]})["Tags"]
    found = [tag["ResourceId"] for tag in found if tag["ResourceType"] == "vpc-peering-connection"]
    equal(sorted(found), sorted([one, two]))
with check("tags: a key has one value at a time"):
    blue.CreateTags(ResourceIds=[two], Tags=[{"Key": "env", "Value": "test"}])
    equal(blue.peering(two)["Tags"], [{"Key": "env", "Value": "test"}])
with check("tags: of what is not there, or not the caller's, are refused"):
    refused(400, None, blue.CreateTags, ResourceIds=["pcx-ffffffff"], Tags=tags)
    refused(400, None, red.CreateTags, ResourceIds=[one], Tags=tags)
pending = {"StateNames": ["pending-acceptance"]}
for filters, wanted in [
    ({}, "one two three"),
    ({"SourceNetNetIds": [world.blue.net_id]}, "one two"),
    ({"SourceNetNetIds": [world.blue.net_id, world.azure.net_id]}, "one two three"),
    ({"SourceNetAccountIds": ["blue-team"]}, "one two three"),
    ({"SourceNetAccountIds": ["green-team"]}, ""),
    ({"SourceNetIpRanges": [world.azure.v4]}, "three"),
    ({"AccepterNetNetIds": [world.green.net_id]}, "one three"),
    ({"AccepterNetAccountIds": ["red-team"]}, "two"),
    ({"AccepterNetIpRanges": ["192.0.2.0/24"]}, ""),
    ({"StateMessages": ["Pending acceptance by green-team"]}, "one three"),
    ({"StateMessages": ["Active"]}, ""),
    ({"ExpirationDates": ["2001-01-01T00:00:00.000Z"]}, ""),
    ({"TagKeys": ["env"]}, "one two"),
    ({"TagValues": ["the first", "test"]}, "one two"),
    ({"Tags": ["env=prod"]}, "one"),
    ({"Tags": ["env=test", "name=the first"]}, "one two"),
    ({"TagKeys": ["env"], "AccepterNetNetIds": [world.red.net_id]}, "two"),
    ({"TagKeys": ["env"], "SourceNetNetIds": [world.azure.net_id]}, ""),
]:
    with check(f"filters: {' and '.join(filters) or 'only the state'} finds {wanted or 'none'}"):
        names = {"one": one, "two": two, "three": three}
        found = ids(blue.peerings(**pending, **filters))
        expected = {names[name] for name in wanted.split()}
        equal(found, sorted(expected), "what is found")
with check("filters: by the time it expires"):
    found = blue.peerings(ExpirationDates=[first["ExpirationDate"]])
    # Made in one go, others may expire at the very same time.
    equal({each["ExpirationDate"] for each in found}, {first["ExpirationDate"]})
    expect(one in ids(found), f"found are {ids(found)}")
with check("filters: by ids, those that are there"):
    equal(ids(blue.peerings(NetPeeringIds=[one, three, "pcx-ffffffff"])), sorted([one, three]))
    equal(blue.peerings(NetPeeringIds=["pcx-ffffffff"]), [])
with check("filters: by states that are over"):
    failed = blue.request(world.blue, world.overlapping)["NetPeeringId"]
    deleted = blue.request(world.azure, world.red, "red-team")["NetPeeringId"]
    blue.delete(deleted)
    blue.wait(deleted, "deleted")
    found = {each["NetPeeringId"]: each["State"]["Name"] for each in blue.peerings(StateNames=["failed", "deleted"])}
    equal(found, {failed: "failed", deleted: "deleted"})
with check("filters: whom a request is made to finds it in the same way"):
    equal(ids(green.peerings(AccepterNetIpRanges=[world.green.v4], **pending)), sorted([one, three]))
    equal(green.peerings(TagKeys=["owner"]), [])
with check("pages: one by one they are all, each once"):
    every = blue.ReadNetPeerings()
    expect(not every.get("NextPageToken"), "all of them have a next page")
    for size in [1, 2]:
        found, page = [], blue.ReadNetPeerings(ResultsPerPage=size)
        while page.get("NextPageToken"):
            equal(len(page["NetPeerings"]), size, "the size of a page")
            found += page["NetPeerings"]
            expect(len(found) <= len(every["NetPeerings"]), "the pages have no end")
            page = blue.ReadNetPeerings(ResultsPerPage=size, NextPageToken=page["NextPageToken"])
        found += page["NetPeerings"]
        equal(sorted(ids(found)), ids(every["NetPeerings"]), f"what pages of {size} have")
with check("pages: with a filter"):
    page = blue.ReadNetPeerings(Filters=pending, ResultsPerPage=2)
    rest = blue.ReadNetPeerings(Filters=pending, ResultsPerPage=2, NextPageToken=page["NextPageToken"])
    equal(ids(page["NetPeerings"] + rest["NetPeerings"]), sorted([one, two, three]))
    expect(not rest.get("NextPageToken"), "the last has a next one")
with check("pages: a token that is none is 400"):
    refused(400, None, blue.ReadNetPeerings, ResultsPerPage=1, NextPageToken="no token")
with check("tags: deleted"):
    blue.DeleteTags(ResourceIds=[one], Tags=tags[1:])
    equal(blue.peering(one)["Tags"], tags[:1])
    equal(blue.ReadTags(Filters={"Keys": ["name"]})["Tags"], [])
with check("requests: taken back, none is pending"):
    for peering in [one, two, three]:
        blue.delete(peering)
        blue.wait(peering, "deleted")
    equal(blue.peerings(**pending), [])
check.end()
