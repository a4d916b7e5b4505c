/* Names of log files: those that the kubelet makes, and the generations that logrotate and its like leave beside a log.
 * Sources: kubernetes/kubernetes pkg/kubelet/kuberuntime/helpers.go (BuildContainerLogsDirectory) and
 * pkg/kubelet/logs/container_log_manager.go (rotation: one stamp, no further suffix); logrotate(8).
 * All views point into the name. */
#ifndef PARSERS_KUBERNETES_PODPATH_H
#define PARSERS_KUBERNETES_PODPATH_H

#include "parsers/bytes/str.h"

struct podpath {
	struct str namespace_, pod, uid;
};

/* "<namespace>_<pod>_<uid>", nothing else: a DNS-1123 label (63), a DNS-1123 subdomain (253), and 1 to 64 of [a-z0-9-]
 * (a UUID, or the 32 hex digits of a static pod's hash). false: *out untouched. */
bool podpath_directory(struct str name, struct podpath *out);
/* A container's name: a DNS-1123 label. */
bool podpath_container(struct str name);

struct podlog {
	uint32_t restart_count;
	/* When it was rotated as the number YYYYMMDDHHMMSS, 0: live. The kubelet's local time: sortable, except where the clock
	 * is set back (end of summer time). */
	uint64_t stamp;
	size_t base_bytes; /* length of the "N.log" in front: what all generations of one log share */
	bool is_gz;
	bool is_tmp; /* half-written by the kubelet: never read */
};

/* "0.log", "0.log.20261121-090000", the same with ".gz", and any rotated one with ".tmp". N has at most 9 digits and no
 * leading zero. false: not a log of the kubelet's, *out untouched. */
bool podpath_log(struct str name, struct podlog *out);

struct rotation {
	uint64_t order; /* larger is older, among the generations of one log: a number as it is, a date by its distance */
	bool is_gz, is_bz2; /* compressed; by bzip2 */
};

/* Is name a rotated generation of base ("app.log")? "app.log.1", "app.log.2.gz" or ".bz2", "app.log-20261121", "app.log.2026-11-21.gz",
 * "app.log.20261121-090000", "app.log-1795255200". After '-' only dates count ("worker-1" is no generation of "worker").
 * false: it is not, *out untouched. */
bool rotated_name(struct str base, struct str name, struct rotation *out);

#endif
