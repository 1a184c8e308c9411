/// What glibc and the kernel's headers offer and Swift's Glibc module does not: types, and macros as functions.
///
/// Every target is compiled with _GNU_SOURCE (see Package.swift), so this header must not define it. The order of the
/// includes matters: the C library's <net/if.h> and <netinet/in.h> before any of the kernel's headers.
#ifndef HALUA_CLINUX_H
#define HALUA_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <linux/capability.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/fib_rules.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "halua_spawn.h"

/// prctl(2) takes a variable list of arguments, which Swift cannot call.
static inline int halua_set_timer_slack(unsigned long nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0);
}

/// Whether this process may be traced and leaves a core, as a flag of prctl(2).
static inline int halua_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

/// capget(2) has no wrapper in the C library. Returns 0 and the calling thread's effective set, or -1 and errno.
static inline int halua_effective_capabilities(uint64_t *effective) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0) {
        return -1;
    }
    *effective = (uint64_t)data[1].effective << 32 | data[0].effective;
    return 0;
}

/// struct ifreq is a union of unions. Returns -1 and errno, or the kind (ARPHRD_…) and the six octets of an Ethernet
/// address.
static inline int halua_hardware_address(int descriptor, const char *interface, void *octets) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
    if (ioctl(descriptor, SIOCGIFHWADDR, &request) != 0) {
        return -1;
    }
    memcpy(octets, request.ifr_hwaddr.sa_data, 6);
    return request.ifr_hwaddr.sa_family;
}

/// The kind of resource is an enumeration in C++ and a number in C; Swift sees neither well.
static inline int halua_set_real_time_limit(unsigned long soft, unsigned long hard) {
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return setrlimit(RLIMIT_RTTIME, &limit);
}

/// The members of siginfo_t that describe a child are macros over a union.
static inline int halua_siginfo_status(const siginfo_t *info) { return info->si_status; }
static inline pid_t halua_siginfo_pid(const siginfo_t *info) { return info->si_pid; }

/// What the ancillary data of a received IP packet says. A member is -1 or zero when the kernel did not say it.
struct halua_packet_information {
    /// TTL or hop limit.
    int hop_limit;
    /// The interface the packet came in by.
    int interface_index;
    /// The destination address, in network byte order; IPv4 uses the first four octets.
    uint8_t destination[16];
};

/// Walks the control messages of one message: the CMSG macros cannot be imported.
static inline void halua_read_packet_information(
    const struct msghdr *message, struct halua_packet_information *information) {
    information->hop_limit = -1;
    information->interface_index = 0;
    memset(information->destination, 0, sizeof information->destination);
    struct msghdr *header = (struct msghdr *)message;
    for (struct cmsghdr *entry = CMSG_FIRSTHDR(header); entry != NULL; entry = CMSG_NXTHDR(header, entry)) {
        const void *data = CMSG_DATA(entry);
        if (entry->cmsg_level == IPPROTO_IP && entry->cmsg_type == IP_TTL) {
            memcpy(&information->hop_limit, data, sizeof information->hop_limit);
        } else if (entry->cmsg_level == IPPROTO_IP && entry->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo packet;
            memcpy(&packet, data, sizeof packet);
            information->interface_index = packet.ipi_ifindex;
            memcpy(information->destination, &packet.ipi_addr, sizeof packet.ipi_addr);
        } else if (entry->cmsg_level == IPPROTO_IPV6 && entry->cmsg_type == IPV6_HOPLIMIT) {
            memcpy(&information->hop_limit, data, sizeof information->hop_limit);
        } else if (entry->cmsg_level == IPPROTO_IPV6 && entry->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo packet;
            memcpy(&packet, data, sizeof packet);
            information->interface_index = (int)packet.ipi6_ifindex;
            memcpy(information->destination, &packet.ipi6_addr, sizeof packet.ipi6_addr);
        }
    }
}

/// Octets of control data that hold one IPV6_PKTINFO message, or the larger of what a receiver asks for.
enum { HALUA_CONTROL_LENGTH = 96 };

/// Writes one IPV6_PKTINFO control message that fixes source address and interface; returns the octets it takes.
static inline size_t halua_write_ipv6_source(void *control, const uint8_t source[16], unsigned interface_index) {
    struct in6_pktinfo packet;
    memcpy(&packet.ipi6_addr, source, sizeof packet.ipi6_addr);
    packet.ipi6_ifindex = interface_index;
    struct cmsghdr *entry = (struct cmsghdr *)control;
    entry->cmsg_level = IPPROTO_IPV6;
    entry->cmsg_type = IPV6_PKTINFO;
    entry->cmsg_len = CMSG_LEN(sizeof packet);
    memcpy(CMSG_DATA(entry), &packet, sizeof packet);
    return CMSG_SPACE(sizeof packet);
}

/// The same for IPv4 with one IP_PKTINFO message, which fixes the source address only.
static inline size_t halua_write_ipv4_source(void *control, struct in_addr source) {
    struct in_pktinfo packet = {.ipi_spec_dst = source};
    struct cmsghdr *entry = (struct cmsghdr *)control;
    entry->cmsg_level = IPPROTO_IP;
    entry->cmsg_type = IP_PKTINFO;
    entry->cmsg_len = CMSG_LEN(sizeof packet);
    memcpy(CMSG_DATA(entry), &packet, sizeof packet);
    return CMSG_SPACE(sizeof packet);
}

/// What the process connector says, independent of how a version of its header names its types.
struct halua_process_event {
    /// PROC_EVENT_… ; an acknowledgement is PROC_EVENT_NONE.
    uint32_t what;
    /// The process (thread group) and the thread the event is about; for a fork those of the child.
    pid_t process;
    pid_t thread;
    pid_t parent;
    /// Of an acknowledgement: an error number, or 0.
    uint32_t error;
    char name[16];
};

/// Octets of a subscription request after the netlink header.
enum { HALUA_PROCESS_REQUEST_LENGTH = sizeof(struct cn_msg) + sizeof(uint32_t) };

/// Writes the request to begin or end the process connector's notices.
static inline void halua_write_process_request(void *request, int listen) {
    struct cn_msg head = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC}, .len = sizeof(uint32_t)};
    uint32_t operation = listen ? PROC_CN_MCAST_LISTEN : PROC_CN_MCAST_IGNORE;
    memcpy(request, &head, sizeof head);
    memcpy((char *)request + sizeof head, &operation, sizeof operation);
}

/// Reads a notice; returns 0 when it is something else or too short.
static inline int halua_read_process_event(const void *payload, size_t length, struct halua_process_event *result) {
    struct cn_msg head;
    struct proc_event event;
    memset(result, 0, sizeof *result);
    memset(&event, 0, sizeof event);
    if (length < sizeof head + 16) {
        return 0;
    }
    memcpy(&head, payload, sizeof head);
    size_t rest = length - sizeof head;
    memcpy(&event, (const char *)payload + sizeof head, rest < sizeof event ? rest : sizeof event);
    if (head.id.idx != CN_IDX_PROC || head.id.val != CN_VAL_PROC) {
        return 0;
    }
    result->what = (uint32_t)event.what;
    switch (result->what) {
    case PROC_EVENT_NONE:
        result->error = event.event_data.ack.err;
        break;
    case PROC_EVENT_FORK:
        result->process = event.event_data.fork.child_tgid;
        result->thread = event.event_data.fork.child_pid;
        result->parent = event.event_data.fork.parent_tgid;
        break;
    case PROC_EVENT_EXEC:
        result->process = event.event_data.exec.process_tgid;
        result->thread = event.event_data.exec.process_pid;
        break;
    case PROC_EVENT_COMM:
        result->process = event.event_data.comm.process_tgid;
        result->thread = event.event_data.comm.process_pid;
        memcpy(result->name, event.event_data.comm.comm, sizeof result->name);
        break;
    case PROC_EVENT_EXIT:
        result->process = event.event_data.exit.process_tgid;
        result->thread = event.event_data.exit.process_pid;
        break;
    default:
        break;
    }
    return 1;
}

#endif
