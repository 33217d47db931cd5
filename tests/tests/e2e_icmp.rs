//! What a router tells senders of packets it does not pass on: traceroute shows it,
//! path-MTU discovery works, refusals are answered where a network asks for that, and
//! none of it without bounds. All with the kernel's own forwarding off.

mod icmp {
    mod flood;
    mod path_mtu;
    mod reject;
    mod silence;
    mod traceroute;
}
