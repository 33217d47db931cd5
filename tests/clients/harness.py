"""What every scenario here has: checks that are counted, the world it plays in, waiting and pings.

A scenario asks a running peerd by a client of one of the other systems, as that client is published, and knows of
peerd what is promised to its users. It prints a line for each check and at the end `passed N of M`.

The world comes in the environment, as JSON in PEERD_WORLD: where the server is, the accounts with their credentials,
the networks, and the hosts in them with the namespaces they live in.
"""

import contextlib
import ipaddress
import json
import os
import subprocess
import sys
import time

# It costs time only where what is waited for does not come.
SOON = 20


class Failed(Exception):
    """What a check says that did not hold."""


class Refused(Exception):
    """An answer of the server's that is an error, whatever the client made of it."""

    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class Checks:
    """Counts; each check is a `with` block that fails by any exception."""

    def __init__(self):
        self.done = 0
        self.passed = 0

    @contextlib.contextmanager
    def __call__(self, name):
        self.done += 1
        try:
            yield
        except NameError as error:
            self._tell(f"FAIL {name}: an earlier check left nothing to go on with ({error})")
        except Exception as error:  # Clients have all kinds.
            reason = " ".join(str(error).split()) or "no reason given"
            self._tell(f"FAIL {name}: {type(error).__name__}: {reason[:600]}")
        else:
            self.passed += 1
            self._tell(f"ok {name}")

    def _tell(self, line):
        print(line, flush=True)

    def end(self):
        """Tell the sum; the exit code is 0 only if all passed."""
        print(f"passed {self.passed} of {self.done}", flush=True)
        sys.exit(0 if self.done and self.passed == self.done else 1)


def expect(held, what):
    """Something that has to be so."""
    if not held:
        raise Failed(what)


def equal(found, wanted, what="it"):
    """Something that has to be exactly this."""
    expect(found == wanted, f"{what} is {found!r}, not {wanted!r}")


def among(found, wanted, what="it"):
    """Something that has to be one of these."""
    expect(found in wanted, f"{what} is {found!r}, none of {wanted!r}")


def refused(status, code, work, *arguments, **named):
    """A call that has to be refused. `status` and `code` are one, several, or None for any."""
    try:
        answer = work(*arguments, **named)
    except Refused as refusal:
        for found, wanted, what in [(refusal.status, status, "status"), (refusal.code, code, "code")]:
            if wanted is not None:
                several = wanted if isinstance(wanted, (set, tuple, list, range)) else [wanted]
                expect(found in several, f"{what} is {found!r}, not {wanted!r} ({refusal})")
        return refusal
    raise Failed(f"it was not refused but answered {answer!r}")


def eventually(work):
    """Try until it holds; at the end, why it did not."""
    deadline = time.monotonic() + SOON
    while True:
        try:
            return work()
        except (Failed, Refused):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Network:
    """A network of the world, and the host in it where it has one."""

    def __init__(self, name, told):
        self.name = name
        self.account = told["account"]
        self.zone = told["zone"]
        self.uid = told["uid"]
        self.prefixes = told["prefixes"]
        self.host = told.get("host")

    @property
    def v4(self):
        """Its IPv4 prefix."""
        return next(prefix for prefix in self.prefixes if "." in prefix)

    @property
    def has_port(self):
        """Whether one of the router's interfaces faces it."""
        return self.name != "portless"

    @property
    def net_id(self):
        """What Outscale calls it."""
        return "vpc-" + self.uid[:8]


class World:
    """All there is to play with."""

    def __init__(self):
        told = json.loads(os.environ["PEERD_WORLD"])
        self.server = told["server"]
        self.accounts = told["accounts"]
        self.networks = {name: Network(name, network) for name, network in told["networks"].items()}

    def __getattr__(self, name):
        try:
            return self.networks[name]
        except KeyError:
            raise AttributeError(name) from None

    def of(self, account):
        """The networks of an account."""
        return [network for network in self.networks.values() if network.account == account]


def _answered(one, other, family):
    """How many of three echo requests from one network's host to another's are answered."""
    address = next(a for a in other.host["addresses"] if ipaddress.ip_address(a).version == family)
    command = ["nsenter", "--net=" + one.host["netns"], "--", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "1", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    for part in done.stdout.split(", "):
        if part.endswith(" received"):
            return int(part.split()[0])
    raise Failed(f"ping said {done.stdout}{done.stderr}")


def flows(one, other, families=(4,)):
    """Packets get from one network to the other and their replies back."""

    def attempt():
        for family in families:
            count = _answered(one, other, family)
            expect(count == 3, f"{count} of 3 IPv{family} pings from {one.name} to {other.name} were answered")

    eventually(attempt)


def blocked(one, other, families=(4,)):
    """Nothing gets through, now."""
    for family in families:
        count = _answered(one, other, family)
        expect(count == 0, f"{count} of 3 IPv{family} pings from {one.name} to {other.name} were answered")


def closes(one, other, families=(4,)):
    """Nothing gets through any more."""
    eventually(lambda: blocked(one, other, families))
