//! Why peerd does otherwise than Linux: one sentence each, as docs/differences.md
//! has it.

use super::comparison::Agreement::{self, Differs};

pub(crate) const CHECKSUM: Agreement = Differs {
    why: "RFC 1812 section 5.2.2 has a router check it, which peerd leaves to the receiver (RFC 1122 section \
          3.2.1.2): it updates a checksum and makes none anew (RFC 1624), so a wrong one arrives wrong",
};

pub(crate) const PADDING: Agreement = Differs {
    why: "a frame of Ethernet's minimum keeps its padding, which the next link needs as well; its receiver \
          cuts it off (RFC 894)",
};

pub(crate) const OPTIONS: Agreement = Differs {
    why: "peerd looks for source routes and carries all other options as they are, one of the choices RFC \
          7126 section 4 gives a router",
};

pub(crate) const BROKEN_OPTIONS: Agreement = Differs {
    why: "dropped as `malformed`, in silence: RFC 1812 section 4.3.3.5 would have a router point at the octet",
};

pub(crate) const ROUTING_HEADER: Agreement = Differs {
    why: "RFC 5095 section 4.2 lets networks filter routing headers of type 0, and only those: `source-route`",
};

pub(crate) const HOP_BY_HOP: Agreement = Differs {
    why: "RFC 8200 section 4 has a router look into hop-by-hop options only if it is configured to, and \
          peerd cannot be",
};

pub(crate) const UNKNOWN: Agreement = Differs {
    why: "RFC 1812 section 4.3.2.7 forbids to answer an ICMP error; Linux takes every type it does not know \
          for one",
};

pub(crate) const ENDLESS: Agreement = Differs {
    why: "peerd follows eight extension headers, to see a source route (RFC 5095) and the ports; what goes on \
          after them is `malformed`",
};

pub(crate) const NO_FRAGMENTATION: Agreement = Differs {
    why: "RFC 1812 section 4.2.2.7 has a router fragment, which no BPF program can: dropped as `too-big`; \
          RFC 8900 section 6.1 has senders not rely on it",
};

pub(crate) const NO_REDIRECTS: Agreement = Differs {
    why: "a redirect would lead a host past its rules and counters; RFC 4861 section 8.2 recommends them \
          and no more",
};

pub(crate) const LATER_FRAGMENTS: Agreement = Differs {
    why: "as RFC 1812 section 4.3.2.7 has it for IPv4: only the first fragment is answered, or one packet \
          would bring many errors",
};

pub(crate) const NO_ERRORS_ABOUT_REDIRECTS: Agreement = Differs {
    why: "RFC 4443 section 2.4 (e.2) forbids to answer a redirect with an error",
};

pub(crate) const TO_MARTIAN: Agreement = Differs {
    why: "dropped as `martian`, in silence: RFC 1812 section 5.3.7 calls class E invalid, RFC 3927 section 7 \
          has nobody forward to link-local addresses",
};

pub(crate) const TO_MARTIAN6: Agreement = Differs {
    why: "dropped as `martian`, in silence: RFC 4291 sections 2.5.2 and 2.5.5 give no node on a link such an \
          address",
};

pub(crate) const TO_LINK_LOCAL: Agreement = Differs {
    why: "RFC 4291 section 2.5.6 has no router forward it: it is left to the host's stack, which forwards \
          nothing",
};

pub(crate) const FROM_LINK_LOCAL: Agreement = Differs {
    why: "dropped as `martian`, in silence; RFC 4291 section 2.5.6 asks for the drop, and RFC 4443 section \
          3.1 allows to answer nothing",
};

pub(crate) const SOURCES: Agreement = Differs {
    why: "Linux checks no IPv6 sources; peerd lets a network send only from what is its own (RFC 2827): \
          `spoofed-source`, `not-exported` or `martian`",
};

pub(crate) const UNMANAGED: Agreement = Differs {
    why: "what is in no managed network is left to the host's stack (`unmanaged: pass`), which without \
          `ip_forward` discards it in silence (RFC 1122 section 3.2.1.3)",
};

pub(crate) const ON_LINK: Agreement = Differs {
    why: "a network's prefixes lie behind its ports, on-link where the host has no route of its own \
          (docs/table.md); Linux knows the prefixes of its addresses only",
};

pub(crate) const ANYCAST: Agreement = Differs {
    why: "the kernel has the subnet-router anycast address (RFC 4291 section 2.6.1) only where it forwards \
          itself; to peerd it is a host's",
};

pub(crate) const STRONG_HOST: Agreement = Differs {
    why: "the router's addresses answer on their own port only, the strong model of RFC 1122 section \
          3.3.4.2: no network reaches another's gateway (`foreign-local`)",
};
