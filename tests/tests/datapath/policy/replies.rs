//! What rides on a flow, and what only looks like it.

use super::talk::{ACK, Rules, SYN, SYN_ACK, blue, play};

#[test]
fn a_reply_passes_and_nothing_else_that_comes_the_same_way() {
    play(blue("allow: []"), |talk| {
        let reply = talk.udp_from_green((53, 40000));
        talk.refused("before anybody asked", &reply);
        let question = talk.udp_from_blue((40000, 53));
        talk.passes("the question", &question);
        talk.passes("the reply", &reply);
        talk.passes("and another", &reply);
        for (ports, what) in [
            ((53, 40001), "to another port"),
            ((54, 40000), "from another"),
        ] {
            let packet = talk.udp_from_green(ports);
            talk.refused(what, &packet);
        }
        let tcp = talk.tcp_from_green((53, 40000), ACK);
        talk.refused("by another protocol", &tcp);
    });
}

#[test]
fn replies_pass_where_only_one_direction_has_rules() {
    play(blue("allow: [{ protocol: tcp, ports: [443] }]"), |talk| {
        let (syn, syn_ack) = (
            talk.tcp_from_green((40000, 443), SYN),
            talk.tcp_from_blue((443, 40000), SYN_ACK),
        );
        talk.passes("SYN", &syn);
        talk.passes("SYN-ACK", &syn_ack);
        let flows = talk.flows();
        assert_eq!(flows.len(), 1, "{flows:?}");
    });
    let both = Rules {
        blue: "allow: [{ protocol: tcp, ports: [443] }]",
        green: "allow: []",
    };
    play(both, |talk| {
        let (syn, syn_ack) = (
            talk.tcp_from_green((40000, 443), SYN),
            talk.tcp_from_blue((443, 40000), SYN_ACK),
        );
        talk.refused("SYN-ACK to nothing", &syn_ack);
        talk.passes("SYN", &syn);
        talk.passes("SYN-ACK", &syn_ack);
    });
}

#[test]
fn a_refused_packet_leaves_no_flow() {
    play(blue("allow: []"), |talk| {
        let packet = talk.udp_from_green((1, 2));
        talk.refused("refused", &packet);
        assert_eq!(talk.flows(), []);
    });
}

#[test]
fn asking_for_a_connection_is_no_reply() {
    play(blue("allow: [{ protocol: icmp }]"), |talk| {
        let syn = talk.tcp_from_blue((40000, 443), SYN);
        talk.passes("blue connects", &syn);
        let (syn_ack, back) = (
            talk.tcp_from_green((443, 40000), SYN_ACK),
            talk.tcp_from_green((443, 40000), SYN),
        );
        talk.passes("green accepts", &syn_ack);
        talk.refused("green connects by the same ports", &back);
        talk.passes("the connection goes on", &syn_ack);
    });
}

/// Nobody can tell from such a packet who opened the connection, and what rules
/// forbid to open must not go on as if the other side had opened it.
#[test]
fn a_tcp_connection_is_not_taken_up_in_its_middle_but_by_a_rule_that_names_its_port() {
    play(blue("allow: [{ protocol: tcp, ports: [443] }]"), |talk| {
        let data = talk.tcp_from_blue((22, 40000), ACK);
        talk.passes("blue may send what it likes", &data);
        let reply = talk.tcp_from_green((40000, 22), ACK);
        talk.refused("but gets no replies", &reply);
        let middle = talk.tcp_from_green((40000, 443), ACK);
        talk.passes("this was opened by green, for certain", &middle);
        let flows = talk.flows();
        assert_eq!(flows.len(), 1, "{flows:?}");
    });
    play(blue("allow: [{ protocol: tcp }]"), |talk| {
        let middle = talk.tcp_from_green((40000, 443), ACK);
        talk.passes("permitted", &middle);
        assert_eq!(talk.flows(), []);
    });
}

#[test]
fn an_echo_reply_answers_a_request_of_its_identifier_and_opens_nothing() {
    play(blue("allow: []"), |talk| {
        let reply = talk.echo(true, true, 7);
        talk.refused("before any request", &reply);
        let request = talk.echo(false, false, 7);
        talk.passes("request", &request);
        talk.passes("reply", &reply);
        let (other, back) = (talk.echo(true, true, 8), talk.echo(true, false, 7));
        talk.refused("reply to another", &other);
        talk.refused("a request is no reply", &back);
    });
    let rules = Rules {
        blue: "allow: [{ protocol: icmp }, { protocol: icmpv6 }]",
        green: "allow: []",
    };
    play(rules, |talk| {
        let reply = talk.echo(true, true, 7);
        talk.passes("permitted by itself", &reply);
        assert_eq!(talk.flows(), []);
        let request = talk.echo(false, false, 7);
        talk.refused("and yet no way back", &request);
    });
}

#[test]
fn protocols_without_ports_have_flows_of_addresses() {
    play(blue("allow: []"), |talk| {
        let tunnel =
            |from_green, talk: &super::talk::Talk<'_>| talk.packet(from_green, 47, vec![0; 8]);
        let (forth, back) = (tunnel(false, talk), tunnel(true, talk));
        talk.refused("unasked", &back);
        talk.passes("GRE", &forth);
        talk.passes("GRE back", &back);
    });
}
