/* What asking for pods has come to, whoever is asked. */
#ifndef AGENT_KUBERNETES_PODS_STATS_H
#define AGENT_KUBERNETES_PODS_STATS_H

#include <stdint.h>

struct pods_stats {
	uint64_t lists, watches, watch_restarts;
	uint64_t events;         /* of watches, bookmarks among them */
	uint64_t events_skipped; /* too long, or unreadable */
	int64_t synced_wall_ns;  /* of the last list, event or bookmark; 0: never */
};

#endif
