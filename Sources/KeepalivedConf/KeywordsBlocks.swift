/// The keyword table, part three: the smaller blocks, and the words that follow an entry on its line.

extension Keyword {
    static let blockKeywords =
        list(
            at: .authentication,
            [
                works(
                    "auth_type", .one, "PASS", "PASS sends a password of up to 8 octets in clear. AH can't be spoken."),
                works("auth_pass", .one, "PASSWORD", "The password; longer ones are cut to 8 octets."),
            ])
        + list(at: .syncGroup, groupKeywords)
        + list(
            at: .script,
            [
                works("lua", .one, "PLUGIN.CHECK", by: .halua, "The Lua check that this block stands for."),
                works("script", .words(1...32), "COMMAND", "The program to run; exit status 0 is success."),
                works(
                    "user", .words(1...2), "USER [[:]GROUP]", default: "as script_user", "User of the program."),
                works(
                    "interval", .one, "<seconds>", default: "1; the Lua check's own", "Time from one run to the next."),
                works(
                    "timeout", .one, "<seconds>", default: "interval; the Lua check's own",
                    "A run that takes longer has failed."),
                works(
                    "weight", .words(1...2), "<-253-253> [reverse]", default: "the check's own",
                    "Change of priority; 0: FAULT while it fails."),
                works("rise", .one, "<1-…>", default: "the check's own", "Successes in a row before it counts as up."),
                works("fall", .one, "<1-…>", default: "the check's own", "Failures in a row before it counts as down."),
                works("init_fail", .flag, "", "Down until its first success."),
            ])
        + list(
            at: .trackProcess,
            [
                works(
                    "process", .words(1...64), "NAME [ARGUMENT…]", "What /proc/PID/comm must say, or the command line."),
                later(
                    "param_match", .one, "initial|partial", "How arguments are compared; exactly, when not given.",
                    Why("halua compares arguments exactly", "a process with other or more arguments is not counted")),
                works(
                    "weight", .words(1...2), "<-253-253> [reverse]", default: "0",
                    "Change of priority; 0: FAULT while too few run."),
                works("quorum", .one, "<1-65535>", default: "1", "How many must run."),
                works("quorum_max", .one, "<0-65535>", "How many may run."),
                works("fork_delay", .one, "<seconds>", default: "0", "A start counts after so long."),
                works("terminate_delay", .one, "<seconds>", default: "0", "An exit counts after so long."),
                works("delay", .one, "<seconds>", default: "0", "Both delays."),
                works("full_command", .flag, "", "Compare the whole command line."),
            ])
        + list(
            at: .trackFile,
            [
                later("file", .one, "FILE", "The file.", .trackFile),
                later("weight", .words(1...2), "N [reverse]", "Factor of its number.", .trackFile),
                later("init_file", .words(0...2), "[VALUE] [overwrite]", "Create it.", .trackFile),
            ])
        + list(at: .trackGroup, [ignored("group", .list, "{ NAME… }", "Its instances.", .statics)])
        + list(
            at: .garpGroup,
            [
                ignored("garp_interval", .one, "<seconds>", "Pause of gratuitous ARPs.", garpGroup),
                ignored("gna_interval", .one, "<seconds>", "Pause of neighbour advertisements.", garpGroup),
                ignored("interface", .one, "IF", "Where.", garpGroup),
                ignored("interfaces", .list, "{ IF… }", "Where.", garpGroup),
            ])
        + list(
            at: .hmac,
            ["key", "active_key", "anti_replay", "time_window", "mode"].map {
                ignored($0, .words(1...3), "", "Part of auth_hmac.", .hmac)
            })
        + list(
            at: .bfd,
            [
                "neighbor_ip", "neighbour_ip", "source_ip", "min_rx", "min_tx", "idle_tx", "multiplier", "passive",
                "ttl",
                "hoplimit", "max_hops", "weight", "vrrp", "checker",
            ].map { ignored($0, .words(0...2), "", "Part of bfd_instance.", .bfd) })

    private static let garpGroup = Why(
        "halua paces gratuitous ARPs per daemon", "use vrrp_garp_interval in global_defs")

    private static let groupKeywords: [Keyword] =
        trackingBlocks + stateScripts + [
            works("group", .list, "{ INSTANCE… }", "The members."),
            works(
                "sync_group_tracking_weight", .flag, "", default: "off",
                "Weights of members count although they are in a group."),
            ignored(
                "global_tracking", .flag, "", "Old: members share their tracking.",
                Why("in halua members always share FAULT", "nothing needs to be configured")),
        ]

    static let lineKeywords =
        list(
            at: .addressLine,
            [
                works("brd", .one, "ADDRESS|+|-", default: "none", "Broadcast address; +: all host bits set."),
                works("broadcast", .one, "ADDRESS|+|-", default: "none", "The same as brd."),
                works("dev", .one, "IF", default: "the instance's interface", "Interface of the address."),
                works(
                    "scope", .one, "global|site|link|host|nowhere|<0-255>", default: "global",
                    "Scope of the address (IPv4)."),
                works("label", .one, "LABEL", "Label of the address, up to 15 characters (IPv4)."),
                ignored("peer", .one, "ADDRESS", "Other end of a point-to-point link.", addressOption),
                ignored("use_vmac", .flag, "", "On the virtual MAC interface.", .virtualMAC),
                ignored("track_group", .one, "NAME", "Track group of a static address.", .statics),
                ignored(
                    "preferred_lft", .one, "N|forever", "Preferred lifetime.",
                    Why("halua gives its addresses lifetimes itself", "they end by themselves when the daemon dies")),
                ignored(
                    "no_track", .flag, "", "Do not watch the address.",
                    Why("halua watches every VIP", "an address that somebody deletes is set again")),
            ]
                + ["home", "-nodad", "mngtmpaddr", "noprefixroute", "autojoin"].map {
                    ignored($0, .flag, "", "Flag of the address.", addressOption)
                })
        + list(
            at: .peerLine,
            [
                works("min_ttl", .one, "<0-255>", "Drop adverts of this peer with a lower TTL."),
                works("max_ttl", .one, "<0-255>", "Drop adverts of this peer with a higher TTL."),
            ])
        + list(at: .trackLine, weightOptions)
        + list(
            at: .checkLine,
            weightOptions + [
                works("interval", .one, "<duration>", by: .halua, "Time from one run to the next."),
                works("timeout", .one, "<duration>", by: .halua, "A run that takes longer has failed."),
                works("rise", .one, "<1-…>", by: .halua, "Successes in a row before it counts as up."),
                works("fall", .one, "<1-…>", by: .halua, "Failures in a row before it counts as down."),
                works("init_fail", .flag, "", by: .halua, "Down until its first success."),
            ])

    private static let weightOptions: [Keyword] = [
        works("weight", .one, "<-253-253>", default: "0", "Change of priority; 0: FAULT."),
        works("reverse", .flag, "", "Take the weight the other way round."),
        works("noreverse", .flag, "", default: "on", "Take the weight as it is."),
        works("no_reverse", .flag, "", default: "on", "The same as noreverse."),
    ]

    private static let addressOption = Why(
        "halua sets addresses without this option", "the VIP is set, but not in this special way")
}
