/// The keyword table, part four: keepalived's load balancer. halua reads past all of it, one warning per block; the
/// names are here so that the manual can list them and a stray one is told where it belongs.

extension Keyword {
    static let virtualServerKeywords =
        balancing(
            at: .virtualServer,
            [
                "lvs_sched", "lb_algo", "lvs_method", "lb_kind", "persistence_engine", "persistence_timeout",
                "persistence_granularity", "protocol", "ha_suspend", "smtp_alert", "virtualhost", "snmp_name", "alpha",
                "omega",
                "quorum", "hysteresis", "quorum_up", "quorum_down", "ip_family", "sorry_server", "sorry_server_inhibit",
                "sorry_server_lvs_method", "connect_timeout", "retry", "nb_get_retry", "delay_before_retry", "warmup",
                "delay_loop", "inhibit_on_failure", "flag-1", "flag-2", "flag-3", "sh-port", "sh-fallback", "mh-port",
                "mh-fallback", "ops",
            ])
        + balancing(at: .virtualServer, blocks: ["real_server"])
        + balancing(
            at: .realServer,
            [
                "weight", "lvs_method", "notify_up", "notify_down", "uthreshold", "lthreshold", "smtp_alert",
                "virtualhost",
                "snmp_name", "alpha", "connect_timeout", "retry", "delay_before_retry", "warmup", "delay_loop",
                "inhibit_on_failure",
            ])
        + balancing(
            at: .realServer,
            blocks: [
                "HTTP_GET", "SSL_GET", "TCP_CHECK", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "BFD_CHECK", "PING_CHECK",
                "UDP_CHECK", "FILE_CHECK",
            ])
        + balancing(
            at: .checker,
            [
                "connect_ip", "connect_port", "bindto", "bind_if", "bind_port", "fwmark", "alpha", "connect_timeout",
                "retry",
                "nb_get_retry", "delay_before_retry", "warmup", "delay_loop", "log_all_failures", "http_protocol",
                "fast_recovery", "enable_sni", "sni", "helo_name", "type", "name", "misc_path", "misc_timeout",
                "misc_dynamic",
                "user", "payload", "require_reply", "min_reply_length", "max_reply_length", "track_file", "dynamic",
                "weight",
            ])
        + balancing(at: .checker, blocks: ["url", "host"])
        + balancing(
            at: .url,
            [
                "path", "digest", "status_code", "virtualhost", "regex", "regex_no_match", "regex_options",
                "regex_stack",
                "regex_min_offset", "regex_max_offset",
            ])
        + balancing(at: .ssl, ["password", "ca", "certificate", "key"])

    private static func balancing(at place: Place, _ names: [String] = [], blocks: [String] = []) -> [Keyword] {
        let words = names.map { ignored($0, .words(0...64), "", "Part of the load balancer.", .virtualServer) }
        let inner = blocks.map { ignored($0, .block(0...2), "{ … }", "Part of the load balancer.", .virtualServer) }
        return list(at: place, words + inner)
    }
}
