/* A container runtime's log line (containerd, CRI-O): "2026-11-21T09:00:00.000000001Z stdout F message".
 * Format: kubernetes/kubernetes pkg/kubelet/kuberuntime/logs. */
#ifndef PARSERS_CRI_H
#define PARSERS_CRI_H

#include "parsers/bytes/str.h"

struct runtime_line {
	int64_t timestamp_ns;
	struct str message; /* view into the line */
	bool is_stderr;
	bool is_partial; /* more pieces of this message follow */
};

/* line without its line feed. false: not CRI, *out undefined. */
bool cri_parse(struct str line, struct runtime_line *out);

#endif
