/// The keywords of a `guard` block: the same in `global_defs` and in instances, but for the port.

extension Keyword {
    static let guardBlock = works(
        "guard", .optionalBlock(0...1), "[on|off] [{ … }]", default: "on", by: .halua,
        "What keeps two nodes from holding a VIP at the same time.")

    static let guardKeywords =
        list(at: .instanceGuard, guardWords)
        + list(
            at: .globalGuard,
            guardWords + [
                works(
                    "port", .one, "<1-65535>", default: "3768", by: .halua,
                    "UDP port of the channel, the same on every node.")
            ])

    private static let guardWords: [Keyword] = [
        works("on", .flag, "", default: "on", by: .halua, "The guard watches over the instance."),
        works("off", .flag, "", by: .halua, "Plain VRRP: no probes, no channel, no lifetimes."),
        works(
            "probe", .bool, "[BOOL]", default: "on", by: .halua,
            "Ask by ARP and neighbour solicitation who holds a VIP before taking it."),
        works(
            "hold_max", .one, "<duration>", default: "the master down interval", by: .halua,
            "The longest time for which evidence of another holder delays a promotion; 0 to 600 seconds."),
        works(
            "foreign_claim", .one, "takeover|block", default: "takeover", by: .halua,
            "After hold_max, while an unknown host still answers for a VIP: become MASTER, or stay BACKUP."),
        works(
            "deaf_peer", .one, "yield|defend", default: "yield", by: .halua,
            "A MASTER of lower priority that does not hear this one: leave the VIPs to it, or keep them."),
        works(
            "tap", .one, "process|log_only", default: "process", by: .halua,
            "Adverts that this host's firewall drops: count them as received, or only tell of them."),
        works(
            "release_grace", .one, "<0-10000>", default: "100", by: .halua,
            "Milliseconds after a goodbye in which a VIP that still answers is nobody's claim."),
        works(
            "channel", .bool, "[BOOL]", default: "on", by: .halua, "Speak to the other nodes over UDP, besides VRRP."),
        works(
            "key", .one, "\"TEXT\"", by: .halua,
            "Shared secret that signs the channel (HMAC-SHA-256), 16 octets or more; needed through routers."),
        works(
            "key_file", .one, "FILE", by: .halua,
            "The same from a file of root's that others can't read; a line break at its end does not count."),
        works(
            "peers", .list, "{ ADDRESS… }", by: .halua,
            "Addresses of other nodes for the channel. Those of unicast_peer need no mention."),
        works(
            "heartbeat_interfaces", .list, "{ IF… }", by: .halua,
            "Second paths to the other nodes, such as a direct cable."),
        works(
            "dead_man", .bool, "[BOOL]", default: "on", by: .halua,
            "VIPs have a lifetime in the kernel and end when the daemon no longer refreshes them."),
        works(
            "fence", .one, "auto|on|off", default: "auto", by: .halua,
            "The same by nftables, within milliseconds; auto: where advert_int is below 1."),
    ]
}
