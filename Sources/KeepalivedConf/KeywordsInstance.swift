/// The keyword table, part two: `vrrp_instance`.

extension Keyword {
    static let instanceKeywords = list(
        at: .instance,
        election + addressing + transport + announcements + tracking + [guardBlock] + instanceScripts
            + instanceOthers)

    private static let election: [Keyword] = [
        works(
            "state", .one, "MASTER|BACKUP", default: "MASTER if priority is 255",
            "Decides nothing unless priority is 255; MASTER switches nopreempt and preempt_delay off."),
        works("interface", .one, "IF", "Where adverts are sent and heard; must be given."),
        works("virtual_router_id", .one, "<1-255>", "The same on every node that shares the addresses; must be given."),
        works("priority", .one, "<1-255>", default: "100", "The highest wins; 255 is for the owner of the addresses."),
        works("version", .one, "2|3", default: "2; 3 for IPv6", "Version of VRRP."),
        works("vrrp_version", .one, "2|3", default: "2; 3 for IPv6", "The same as version."),
        works(
            "advert_int", .one, "<seconds>", default: "1",
            "Interval of adverts: whole seconds in version 2, 0.01 to 40.95 in version 3."),
        works("nopreempt", .flag, "", "Leave a MASTER of lower priority in place."),
        works("preempt", .flag, "", default: "on", "Take over from a MASTER of lower priority."),
        works(
            "preempt_delay", .one, "<0-1000>", default: "0",
            "Seconds to wait before taking over from a MASTER of lower priority."),
        works(
            "down_timer_adverts", .one, "<1-100>", default: "vrrp_down_timer_adverts",
            "Adverts that must be missing before a takeover."),
        works(
            "lower_prio_no_advert", .bool, "[BOOL]", default: "vrrp_lower_prio_no_advert",
            "Do not answer an advert of lower priority at once."),
        works(
            "higher_prio_send_advert", .bool, "[BOOL]", default: "vrrp_higher_prio_send_advert",
            "Send one last advert before stepping down."),
        works("strict_mode", .bool, "[BOOL]", default: "vrrp_strict", "Keep to the RFC."),
        works(
            "skip_check_adv_addr", .bool, "[BOOL]", default: "vrrp_skip_check_adv_addr",
            "Accepted: halua never drops an advert for its list of addresses."),
        works(
            "authentication", .block(0...0), "{ … }",
            "A password in VRRPv2 adverts. It keeps mistakes out, not attackers."),
        ignored("auth_hmac", .block(0...0), "{ … }", "Signed adverts of keepalived 2.4.", .hmac),
        ignored(
            "owner_ignore_adverts", .bool, "[BOOL]", "Priority 255 drops all adverts.",
            Why(
                "in halua also an owner (255) listens to adverts",
                "two owners find each other and the lower address steps down")),
        ignored(
            "timer_expired_backup", .words(0...1), "[PRIORITY]", "Go BACKUP when the daemon was late.",
            Why("halua always steps back after a stall", "nothing needs to be configured")),
        ignored(
            "thread_timer_expired", .words(0...1), "[PRIORITY]", "Old name of timer_expired_backup.",
            Why("halua always steps back after a stall", "nothing needs to be configured")),
    ]

    private static let addressing: [Keyword] = [
        works(
            "virtual_ipaddress", .list, "{ ADDRESS[/PREFIX] [brd A] [dev IF] [scope S] [label L] }",
            "The addresses of the virtual router (VIPs), in its adverts."),
        works(
            "virtual_ipaddress_excluded", .list, "{ ADDRESS… }",
            "More addresses that move along but are not in the adverts; any family."),
        works("no_virtual_ipaddress", .flag, "", "This instance has no addresses on purpose."),
        works("accept", .bool, "[BOOL]", default: "on", "Packets to a VIP are accepted."),
        later(
            "no_accept", .flag, "", "Drop packets to a VIP unless this node owns it.",
            Why("halua does not drop packets to a VIP yet", "the VIP answers on the MASTER, as with accept")),
        ignored("virtual_routes", .list, "{ … }", "Routes that move along.", .routes),
        ignored("virtual_rules", .list, "{ … }", "Routing rules that move along.", .routes),
        ignored(
            "promote_secondaries", .flag, "", "Keep addresses of a network when its first one goes.",
            Why(
                "halua leaves the kernel's promote_secondaries alone",
                "set net.ipv4.conf.IF.promote_secondaries=1 if addresses share a network")),
        ignored("use_vmac", .words(0...6), "[IF] [MAC] …", "The virtual router's own MAC address.", .virtualMAC),
        ignored("use_vmac_addr", .flag, "", "Virtual MAC for excluded addresses.", .virtualMAC),
        ignored("vmac_xmit_base", .flag, "", "Adverts from the real interface.", .virtualMAC),
        ignored("use_ipvlan", .words(0...4), "[IF] [ADDRESS] …", "An ipvlan for the addresses.", .virtualMAC),
        ignored(
            "vrf", .one, "IF", "VRF of the virtual MAC interface.",
            Why("halua makes no interfaces", "put the interface into the VRF yourself")),
    ]

    private static let transport: [Keyword] = [
        works(
            "mcast_src_ip", .one, "ADDRESS", default: "the interface's first address", "Source of multicast adverts."),
        works("mcast_dst_ip", .one, "ADDRESS", default: "vrrp_mcast_group4 or 6", "Multicast group of this instance."),
        works(
            "unicast_src_ip", .one, "ADDRESS", default: "the interface's first address", "Source of unicast adverts."),
        works(
            "unicast_peer", .list, "{ ADDRESS [min_ttl N] [max_ttl N] }",
            "Send adverts to these nodes instead of the multicast group."),
        works("unicast_ttl", .one, "<0-255>", default: "255", "TTL or hop limit of unicast adverts."),
        works(
            "check_unicast_src", .bool, "[BOOL]", default: "vrrp_check_unicast_src",
            "Unicast adverts must come from a listed peer."),
        works("unicast_fault_no_peer", .flag, "", "Accepted: halua always refuses an empty peer list."),
        works(
            "v3_checksum_as_v2", .bool, "[BOOL]", default: "v3_checksum_as_v2 of global_defs",
            "VRRPv3 over IPv4 without pseudo-header (RFC 9568)."),
        ignored(
            "old_unicast_checksum", .words(0...1), "[never]", "Checksum of keepalived 1.3.6 and older.",
            Why("halua accepts that old checksum but never sends it", "upgrade peers older than keepalived 1.3.7")),
        ignored(
            "track_src_ip", .flag, "", "FAULT while the source address is missing.",
            Why("halua always needs its source address", "nothing needs to be configured")),
        ignored(
            "native_ipv6", .flag, "", "IPv6 adverts although all VIPs are IPv4.",
            Why("halua sends adverts in the family of the VIPs", "name an IPv6 VIP first to have IPv6 adverts")),
        ignored("kernel_rx_buf_size", .one, "N", "Size of the receive buffer.", .buffers),
    ]

    private static let announcements: [Keyword] = [
        works(
            "garp_master_delay", .one, "<seconds>", default: "vrrp_garp_master_delay",
            "Second burst of gratuitous ARPs; 0: none."),
        works(
            "garp_master_repeat", .one, "<1-255>", default: "vrrp_garp_master_repeat",
            "Gratuitous ARPs per VIP in a burst."),
        works(
            "garp_master_refresh", .one, "<seconds>", default: "vrrp_garp_master_refresh",
            "Gratuitous ARPs again and again while MASTER."),
        works(
            "garp_master_refresh_repeat", .one, "<1-255>", default: "vrrp_garp_master_refresh_repeat",
            "Gratuitous ARPs per VIP in a refresh."),
        works(
            "garp_lower_prio_delay", .one, "<seconds>", default: "vrrp_garp_lower_prio_delay",
            "Second burst after a lower priority advert."),
        works(
            "garp_lower_prio_repeat", .one, "<0-255>", default: "vrrp_garp_lower_prio_repeat",
            "Gratuitous ARPs per VIP in such a burst."),
        ignored(
            "garp_extra_if", .words(1...2), "[all] <seconds>", "Gratuitous ARPs on interfaces other than the VIP's.",
            Why("halua announces a VIP on the VIP's interface", "bridges and VLANs above it learn nothing extra")),
    ]

    private static let tracking: [Keyword] =
        trackingBlocks + [
            works("dont_track_primary", .flag, "", default: "off", "The instance's own interface may be down."),
            works(
                "promotion_gate", .words(1...32), "PLUGIN.GATE…", by: .halua,
                "Gates of plugins: all of them must allow it before this node becomes MASTER."),
        ]

    /// The same in instances and in sync groups.
    static let trackingBlocks: [Keyword] = [
        works(
            "track_interface", .list, "{ IF [weight N [reverse]] }",
            "FAULT, or a change of priority, while an interface is down."),
        works(
            "track_script", .list, "{ NAME [weight N [reverse]] }",
            "Checks of vrrp_script."),
        works("track_process", .list, "{ NAME [weight N [reverse]] }", "Checks of vrrp_track_process."),
        works(
            "track_lua", .list, "{ PLUGIN.CHECK [weight N] [interval D] [timeout D] [rise N] [fall N] [init_fail] }",
            by: .halua,
            "Checks of Lua plugins. Values here win over the plugin's own."),
        later("track_file", .list, "{ NAME [weight N] }", "Checks of track_file.", .trackFile),
        ignored("track_bfd", .list, "{ NAME [weight N] }", "BFD sessions.", .bfd),
    ]

    /// The same in instances and in sync groups.
    static let stateScripts: [Keyword] = [
        works(
            "notify", .words(1...3), "COMMAND [USER [GROUP]]",
            "Run at every change of state; gets INSTANCE or GROUP, the name, the state and the priority as well."),
        works(
            "notify_master", .words(1...3), "COMMAND [USER [GROUP]]",
            "Run on becoming MASTER, when the addresses are set."),
        works("notify_backup", .words(1...3), "COMMAND [USER [GROUP]]", "Run on becoming BACKUP."),
        works("notify_fault", .words(1...3), "COMMAND [USER [GROUP]]", "Run on FAULT."),
        works("notify_stop", .words(1...3), "COMMAND [USER [GROUP]]", "Run at stop."),
        works(
            "notify_deleted", .words(0...3), "[COMMAND [USER [GROUP]]]",
            "Run when a reload removes it; without this word that is told as FAULT."),
        works(
            "notify_priority_changes", .bool, "[BOOL]", default: "as in global_defs",
            "Write changes of priority to the pipes."),
        works(
            "smtp_alert", .bool, "[BOOL]", default: "as in global_defs",
            "Mail changes of state to notification_email."),
    ]

    private static let instanceScripts: [Keyword] =
        stateScripts + [
            works(
                "notify_master_rx_lower_pri", .words(1...3), "COMMAND [USER [GROUP]]",
                "Run when a MASTER hears a lower priority.")
        ]

    private static let instanceOthers: [Keyword] = [
        ignored(
            "debug", .words(0...1), "[LEVEL]", "Has no effect in keepalived either.",
            Why("halua's log level is an option of the daemon", "start haluad with -D")),
        ignored("linkbeat_use_polling", .flag, "", "Poll the link.", .linkbeat),
        ignored("lvs_sync_daemon_interface", .one, "IF", "Interface of the IPVS sync daemon.", .virtualServer),
    ]
}
