/// The keyword table, part one: the top level and `global_defs`.

extension Keyword {
    static let topLevel = list(
        at: .top,
        [
            works("global_defs", .block(0...0), "{ … }", "What holds for the whole daemon."),
            works(
                "vrrp_instance", .block(1...1), "NAME { … }", "One virtual router: its addresses and who may hold them."
            ),
            works("vrrp_sync_group", .block(1...1), "NAME { … }", "Instances that are MASTER together or not at all."),
            works(
                "vrrp_script", .block(1...1), "NAME { … }",
                "A check for track_script: a program (\"script\") or a Lua check (\"lua\")."),
            works("vrrp_track_process", .block(1...1), "NAME { … }", "A check that a process runs, for track_process."),
            works(
                "lua_plugin", .optionalBlock(1...3), "FILE [as NAME] [{ option value … }]", by: .halua,
                "Load FILE.lua from lua_path with these options. Its checks are called NAME.check, NAME being FILE unless given."
            ),
            later("track_file", .block(1...1), "NAME { … }", "A number in a file as fault or priority.", .trackFile),
            later("vrrp_track_file", .block(1...1), "NAME { … }", "Old name of track_file.", .trackFile),
            ignored("static_ipaddress", .list, "{ … }", "Addresses set at start.", .statics),
            ignored("static_routes", .list, "{ … }", "Routes set at start.", .statics),
            ignored("static_rules", .list, "{ … }", "Routing rules set at start.", .statics),
            ignored("track_group", .block(1...1), "NAME { … }", "Instances that track static entries.", .statics),
            ignored(
                "garp_group", .block(0...0), "{ … }", "Pace of gratuitous ARPs for some interfaces.",
                Why("halua paces gratuitous ARPs per daemon", "use vrrp_garp_interval in global_defs instead")),
            ignored("linkbeat_interfaces", .list, "{ … }", "Interfaces whose link is polled.", .linkbeat),
            ignored("linkbeat_use_polling", .flag, "", "Poll every link.", .linkbeat),
            ignored(
                "interface_up_down_delays", .list, "{ IF down [up] }", "Delays before a link change counts.",
                Why("halua acts on link changes at once", "a flapping link means a flapping instance")),
            ignored("bfd_instance", .block(1...1), "NAME { … }", "A BFD session.", .bfd),
            ignored("net_namespace", .one, "NAME", "Run in a network namespace.", .namespace),
            ignored("net_namespace_ipvs", .one, "NAME", "Network namespace of IPVS.", .namespace),
            ignored("namespace_with_ipsets", .flag, "", "Namespaces with ipsets.", .namespace),
            ignored(
                "instance", .one, "NAME", "Name of this daemon when several run on one host.",
                Why("halua takes its name from the command line", "start haluad with the instance's name")),
            ignored("use_pid_dir", .flag, "", "Put pid files into a directory.", .process),
            ignored("child_wait_time", .one, "<seconds>", "How long children may take to stop.", .process),
            ignored(
                "virtual_server", .block(1...2), "IP [PORT] | fwmark N | group NAME { … }", "A balanced service.",
                .virtualServer),
            ignored(
                "virtual_server_group", .block(1...1), "NAME { … }", "Addresses of balanced services.", .virtualServer),
            ignored("SSL", .block(0...0), "{ … }", "Keys for SSL_GET checkers.", .virtualServer),
        ])

    static let globalKeywords = list(
        at: .global,
        identity + [guardBlock] + lua + mail + announcing + protocolDefaults + scripting + scheduling + observing
            + otherGlobals)

    private static let identity: [Keyword] = [
        works(
            "router_id", .one, "NAME", default: "the host name",
            "This node's name in the status and in messages; never on the wire."),
        works("default_interface", .one, "IF", "Interface of instances that name none."),
        works(
            "vrrp_startup_delay", .one, "<seconds>", default: "0",
            "Take part in no election for this long after the start."),
        ignored(
            "vrrp_delay_after_boot", .one, "<seconds>", "The same, counted from boot.",
            Why("halua counts from its own start", "use vrrp_startup_delay")),
        works(
            "dynamic_interfaces", .words(0...1), "[allow_if_changes]", default: "off",
            "A missing interface puts its instances into FAULT instead of refusing the configuration."),
    ]

    private static let mail: [Keyword] = [
        works(
            "notification_email", .list, "{ ADDRESS… }", "Who is mailed, by the plugin mail; smtp_alert says of what."),
        works(
            "notification_email_from", .one, "ADDRESS", default: "root@ and the host name", "Sender of mails."),
        works(
            "smtp_server", .words(1...2), "HOST [PORT]", default: "none; port 25", "Mail server, an address or a name."),
        works(
            "smtp_connect_timeout", .one, "<seconds>", default: "30",
            "Patience with the mail server, for the whole mail and not for each of its steps."),
        works("smtp_helo_name", .one, "NAME", default: "the host name", "Name in HELO and EHLO."),
        works("smtp_alert", .bool, "[BOOL]", default: "off", "Mail changes of state where nothing else is said."),
        works("smtp_alert_vrrp", .bool, "[BOOL]", default: "smtp_alert", "The same; it has the last word."),
        ignored("smtp_alert_checker", .bool, "[BOOL]", "Mail checker state changes.", .virtualServer),
        works("no_email_faults", .flag, "", default: "off", "Do not mail FAULT."),
        ignored("no_checker_emails", .bool, "[BOOL]", "Do not mail checkers' changes.", .virtualServer),
    ]

    private static let announcing: [Keyword] = [
        works(
            "vrrp_garp_interval", .one, "<seconds>", default: "0", "Pause between two gratuitous ARPs on one interface."
        ),
        works(
            "vrrp_gna_interval", .one, "<seconds>", default: "0",
            "Pause between two unsolicited neighbour advertisements on one interface."),
        works(
            "vrrp_garp_master_delay", .one, "<seconds>", default: "5",
            "Second burst of gratuitous ARPs so long after becoming MASTER; 0: none."),
        works("vrrp_garp_master_repeat", .one, "<1-255>", default: "5", "Gratuitous ARPs per VIP in a burst."),
        works(
            "vrrp_garp_master_refresh", .one, "<seconds>", default: "0",
            "Gratuitous ARPs again and again while MASTER; 0: never."),
        works(
            "vrrp_garp_master_refresh_repeat", .one, "<1-255>", default: "1", "Gratuitous ARPs per VIP in a refresh."),
        works(
            "vrrp_garp_lower_prio_delay", .one, "<seconds>", default: "vrrp_garp_master_delay",
            "Second burst after a lower priority advert was heard while MASTER."),
        works(
            "vrrp_garp_lower_prio_repeat", .one, "<0-255>", default: "vrrp_garp_master_repeat",
            "Gratuitous ARPs per VIP in such a burst."),
        works("vrrp_min_garp", .bool, "[BOOL]", default: "off", "One gratuitous ARP per VIP and no second burst."),
        ignored(
            "vrrp_garp_extra_if", .words(1...2), "[all] <seconds>",
            "Gratuitous ARPs on interfaces other than the VIP's.",
            Why("halua announces a VIP on the VIP's interface", "bridges and VLANs above it learn nothing extra")),
    ]

    private static let protocolDefaults: [Keyword] = [
        works("vrrp_version", .one, "2|3", default: "2; 3 for IPv6", "Version of VRRP where an instance gives none."),
        works("vrrp_mcast_group4", .one, "IPv4", default: "224.0.0.18", "Multicast group of IPv4 adverts."),
        works("vrrp_mcast_group6", .one, "IPv6", default: "ff02::12", "Multicast group of IPv6 adverts."),
        works(
            "vrrp_strict", .bool, "[BOOL]", default: "off",
            "Keep to the RFC: no authentication, no delays of preemption."),
        works(
            "vrrp_skip_check_adv_addr", .bool, "[BOOL]", default: "off",
            "Accepted: halua never drops an advert for its list of addresses."),
        works(
            "vrrp_lower_prio_no_advert", .bool, "[BOOL]", default: "off",
            "A MASTER does not answer an advert of lower priority at once."),
        works(
            "vrrp_higher_prio_send_advert", .bool, "[BOOL]", default: "off",
            "Send one last advert before stepping down to a higher priority."),
        works(
            "vrrp_down_timer_adverts", .one, "<1-100>", default: "3", "Adverts that must be missing before a takeover."),
        works(
            "vrrp_check_unicast_src", .bool, "[BOOL]", default: "on",
            "Unicast adverts must come from a listed peer. halua always checks unless it is off."),
        works(
            "v3_checksum_as_v2", .bool, "[BOOL]", default: "off", "VRRPv3 over IPv4 without pseudo-header (RFC 9568)."),
        works(
            "log_unknown_vrids", .bool, "[BOOL]", default: "on (keepalived: off)",
            "Tell of adverts of virtual routers that are not configured."),
        ignored(
            "vrrp_owner_ignore_adverts", .bool, "[BOOL]", "Priority 255 drops all adverts.",
            Why(
                "in halua also an owner (255) listens to adverts",
                "two owners find each other and the lower address steps down")),
        ignored("vrrp_iptables", .words(0...2), "[IN [OUT]]", "Chains for no_accept.", .firewall),
        ignored("vrrp_ipsets", .words(0...5), "[NAME…]", "Sets for no_accept.", .firewall),
        ignored("nftables", .words(0...1), "[TABLE]", "Table for no_accept.", .firewall),
        ignored("nftables_priority", .one, "N", "Priority of its chains.", .firewall),
        ignored("nftables_counters", .flag, "", "Counters in its rules.", .firewall),
        ignored("nftables_ifindex", .flag, "", "Interfaces by index.", .firewall),
        ignored(
            "disable_local_igmp", .flag, "", "No IGMP reports for link-local groups.",
            Why("halua leaves the kernel's IGMP alone", "set net.ipv4.igmp_link_local_mcast_reports yourself")),
        ignored("vmac_prefix", .one, "NAME", "Names of virtual MAC interfaces.", .virtualMAC),
        ignored("vmac_addr_prefix", .one, "NAME", "Names of virtual MAC interfaces.", .virtualMAC),
    ]

    private static let scripting: [Keyword] = [
        works(
            "enable_script_security", .bool, "[BOOL]", default: "on",
            "What runs as root must be safe from everybody else, the folders above it too. keepalived's default is off."
        ),
        works(
            "script_user", .words(1...2), "USER [[:]GROUP]", default: "keepalived_script, else root",
            "User of scripts; a : takes the user's other groups along."),
        works("set_supplementary_groups", .flag, "", default: "off", "Give scripts all groups of their user."),
        works("use_symlink_paths", .bool, "[BOOL]", default: "off", "Start scripts by their symbolic links."),
        works(
            "notify_timeout", .one, "<duration>", default: "60", by: .halua,
            "A notify script that takes longer is ended, so that the next one can run."),
        works("startup_script", .words(1...3), "COMMAND [USER [GROUP]]", "Run once at start, before anything else."),
        works("startup_script_timeout", .one, "<1-1000>", default: "10", "Its limit in seconds."),
        works("shutdown_script", .words(1...3), "COMMAND [USER [GROUP]]", "Run once at stop, after everything else."),
        works("shutdown_script_timeout", .one, "<1-1000>", default: "10", "Its limit in seconds."),
        works("notify_fifo", .words(1...3), "FILE [USER [GROUP]]", "Named pipe for all changes of state."),
        works("notify_fifo_script", .words(1...3), "COMMAND [USER [GROUP]]", "Its reader; gets the path as last word."),
        works("vrrp_notify_fifo", .words(1...3), "FILE [USER [GROUP]]", "The same; halua has no other changes."),
        works("vrrp_notify_fifo_script", .words(1...3), "COMMAND [USER [GROUP]]", "Its reader."),
        works(
            "vrrp_notify_priority_changes", .bool, "[BOOL]", default: "off", "Write changes of priority to the pipes."),
        works("fifo_write_vrrp_states_on_reload", .flag, "", default: "off", "Write all states after a reload."),
        ignored("lvs_notify_fifo", .words(1...3), "FILE [USER [GROUP]]", "Stream of IPVS events.", .virtualServer),
        ignored("lvs_notify_fifo_script", .words(1...3), "COMMAND [USER [GROUP]]", "Its reader.", .virtualServer),
    ]

    private static let scheduling: [Keyword] = [
        works("vrrp_rt_priority", .one, "<1-99>", "Real-time priority (SCHED_RR) of the advert thread."),
        works("vrrp_priority", .one, "<-20-19>", default: "0", "Nice value of the daemon."),
        works("vrrp_no_swap", .bool, "[BOOL]", default: "off", "Lock the daemon's memory."),
        ignored("max_auto_priority", .words(0...1), "[<-1-99>]", "Real-time priority when late.", .scheduling),
        ignored("min_auto_priority_delay", .one, "<microseconds>", "Lateness that counts.", .scheduling),
        ignored("vrrp_cpu_affinity", .words(1...64), "CPU…", "Processors of the daemon.", .scheduling),
        ignored("vrrp_rlimit_rttime", .one, "<microseconds>", "Longest run without a wait.", .scheduling),
        ignored("vrrp_rlimit_rtime", .one, "<microseconds>", "Old name of it.", .scheduling),
    ]

    private static let observing: [Keyword] = [
        works(
            "event_journal", .words(1...3), "FILE [MEBIBYTES [FILES]] | off",
            default: "events.jsonl in systemd's StateDirectory, 4 MiB, 4 files; off without systemd", by: .halua,
            "Where the daemon writes every event, for \"halua events\" and \"halua timeline\". A full file is renamed, the oldest goes."
        ),
        ignored("enable_snmp_keepalived", .flag, "", "SNMP agent.", .snmp),
        ignored("enable_snmp_vrrp", .flag, "", "SNMP agent, VRRP part.", .snmp),
        ignored("enable_snmp_checker", .flag, "", "SNMP agent, checker part.", .snmp),
        ignored("enable_snmp_rfc", .flag, "", "SNMP agent, both RFC MIBs.", .snmp),
        ignored("enable_snmp_rfcv2", .flag, "", "SNMP agent, RFC 2787.", .snmp),
        ignored("enable_snmp_rfcv3", .flag, "", "SNMP agent, RFC 6527.", .snmp),
        ignored("enable_traps", .flag, "", "SNMP traps.", .snmp),
        ignored("snmp_socket", .words(0...1), "[SOCKET]", "Socket of the SNMP master agent.", .snmp),
        ignored("snmp_vs_stats_update_interval", .one, "<seconds>", "Age of IPVS numbers.", .snmp),
        ignored("snmp_rs_stats_update_interval", .one, "<seconds>", "Age of IPVS numbers.", .snmp),
        ignored("enable_dbus", .flag, "", "D-Bus interface.", .dbus),
        ignored("dbus_service_name", .one, "NAME", "Its name.", .dbus),
        ignored("dbus_no_interface_name", .one, "NAME", "Its name for no interface.", .dbus),
        ignored("data_use_instance", .bool, "[BOOL]", "Instance name in dump files' names.", .dumps),
        ignored("state_dump_file", .one, "FILE", "Where the state is dumped.", .dumps),
        ignored("stats_dump_file", .one, "FILE", "Where statistics are dumped.", .dumps),
        ignored("json_dump_file", .one, "FILE", "Where JSON is dumped.", .dumps),
        ignored("json_version", .one, "1|2", "Form of that JSON.", .dumps),
    ]

    private static let otherGlobals: [Keyword] =
        [
            ignored("reload_check_config", .words(0...1), "[LOG]", "Check before a reload.", .reload),
            ignored("reload_time_file", .one, "FILE", "Reload at a given time.", .reload),
            ignored("reload_repeat", .flag, "", "Reload at that time every day.", .reload),
            ignored("reload_file", .words(0...1), "[FILE]", "Marker file during a reload.", .reload),
            ignored(
                "include_check", .words(0...4), "[read match wildcard_match brace_match]",
                "Which includes may find nothing.",
                Why("halua tells of every include that finds nothing", "use includea where that is to be an error")),
            ignored("config_save_dir", .one, "DIRECTORY", "Where read configurations are kept.", .dumps),
            ignored("tmp_config_directory", .one, "DIRECTORY", "Where the configuration is copied to.", .dumps),
            ignored(
                "random_seed", .one, "N", "Start of random numbers.",
                Why("halua draws random numbers anew at every start", "${_RANDOM} can't be predicted")),
            ignored(
                "umask", .words(1...9), "N", "Mode of created files.",
                Why("halua creates no files but its sockets", "the service unit's UMask= has the say")),
            ignored("process_names", .flag, "", "Names of processes.", .process),
            ignored("process_name", .one, "NAME", "Name of the parent process.", .process),
            ignored("vrrp_process_name", .one, "NAME", "Name of the VRRP process.", .process),
            ignored("iproute_usr_dir", .one, "DIRECTORY", "Where names of routing tables are.", .routes),
            ignored("iproute_etc_dir", .one, "DIRECTORY", "Where names of routing tables are.", .routes),
        ]
        + [
            "vrrp_netlink_cmd_rcv_bufs", "vrrp_netlink_cmd_rcv_bufs_force", "vrrp_netlink_monitor_rcv_bufs",
            "vrrp_netlink_monitor_rcv_bufs_force", "process_monitor_rcv_bufs", "process_monitor_rcv_bufs_force",
            "vrrp_rx_bufs_policy", "vrrp_rx_bufs_multiplier",
        ].map { ignored($0, .one, "N", "Size of a socket buffer.", .buffers) }
        + [
            "checker_process_name", "checker_priority", "checker_no_swap", "checker_cpu_affinity",
            "checker_rt_priority",
            "checker_rlimit_rttime", "checker_rlimit_rtime", "checker_log_all_failures", "bfd_process_name",
            "bfd_priority",
            "bfd_no_swap", "bfd_cpu_affinity", "bfd_rt_priority", "bfd_rlimit_rttime", "bfd_rlimit_rtime",
        ].map { ignored($0, .words(0...64), "", "Tuning of another process.", .otherProcesses) }
        + [
            "lvs_sync_daemon", "lvs_timeouts", "lvs_flush", "lvs_flush_on_stop", "lvs_flush_onstop", "rs_init_notifies",
            "nftables_ipvs", "nftables_ipvs_priority", "nftables_ipvs_start_fwmark", "lvs_process_name",
            "lvs_netlink_cmd_rcv_bufs", "lvs_netlink_cmd_rcv_bufs_force", "lvs_netlink_monitor_rcv_bufs",
            "lvs_netlink_monitor_rcv_bufs_force",
        ].map { ignored($0, .words(0...16), "", "Tuning of IPVS.", .virtualServer) }
}
