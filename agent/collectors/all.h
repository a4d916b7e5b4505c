/* Every collector by name. Each is one file of that name; agent/collectors/table.c has the rows. */
#ifndef AGENT_COLLECTORS_ALL_H
#define AGENT_COLLECTORS_ALL_H

#include "agent/collectors/collector.h"

extern const struct collector collector_arp;
extern const struct collector collector_bcache;
extern const struct collector collector_bcachefs;
extern const struct collector collector_bonding;
extern const struct collector collector_btrfs;
extern const struct collector collector_buddyinfo;
extern const struct collector collector_cgroups;
extern const struct collector collector_conntrack;
extern const struct collector collector_cpu;
extern const struct collector collector_cpufreq;
extern const struct collector collector_diskstats;
extern const struct collector collector_dmi;
extern const struct collector collector_dmmultipath;
extern const struct collector collector_drm;
extern const struct collector collector_edac;
extern const struct collector collector_entropy;
extern const struct collector collector_fibrechannel;
extern const struct collector collector_filefd;
extern const struct collector collector_filesystem;
extern const struct collector collector_hwmon;
extern const struct collector collector_infiniband;
extern const struct collector collector_interrupts;
extern const struct collector collector_ipvs;
extern const struct collector collector_kernel_hung;
extern const struct collector collector_ksmd;
extern const struct collector collector_lnstat;
extern const struct collector collector_loadavg;
extern const struct collector collector_logind;
extern const struct collector collector_mdadm;
extern const struct collector collector_meminfo;
extern const struct collector collector_meminfo_numa;
extern const struct collector collector_mountstats;
extern const struct collector collector_netclass;
extern const struct collector collector_netdev;
extern const struct collector collector_netstat;
extern const struct collector collector_network_route;
extern const struct collector collector_nfs;
extern const struct collector collector_nfsd;
extern const struct collector collector_nvme;
extern const struct collector collector_os;
extern const struct collector collector_pcidevice;
extern const struct collector collector_powersupplyclass;
extern const struct collector collector_pressure;
extern const struct collector collector_processes;
extern const struct collector collector_qdisc;
extern const struct collector collector_rapl;
extern const struct collector collector_schedstat;
extern const struct collector collector_selinux;
extern const struct collector collector_slabinfo;
extern const struct collector collector_sockstat;
extern const struct collector collector_softirqs;
extern const struct collector collector_softnet;
extern const struct collector collector_stat;
extern const struct collector collector_sysctl;
extern const struct collector collector_systemd;
extern const struct collector collector_tapestats;
extern const struct collector collector_tcpstat;
extern const struct collector collector_textfile;
extern const struct collector collector_thermal_zone;
extern const struct collector collector_time;
extern const struct collector collector_timex;
extern const struct collector collector_udp_queues;
extern const struct collector collector_uname;
extern const struct collector collector_vmstat;
extern const struct collector collector_watchdog;
extern const struct collector collector_xfrm;
extern const struct collector collector_xfs;
extern const struct collector collector_zfs;
extern const struct collector collector_zoneinfo;

#endif
