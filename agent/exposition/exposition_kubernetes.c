/* Self metrics of the link to Kubernetes; nothing where nobody is asked. */
#include "agent/exposition/exposition_rows.h"
#include "agent/kubernetes/kubernetes.h"

struct view {
	struct kubernetes_status s;
	bool is_complete;
};

#define AT(field) offsetof(struct view, field)
static const struct exposition_row rows[] = {
	{ "spoor_kubernetes_complete", "1 when all pods of this node are known.", AT(is_complete), METRIC_GAUGE, EXPOSITION_BOOL },
	{ "spoor_kubernetes_pods", "Pods of this node that are known.", AT(s.pods.pods), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_kubernetes_pods_held", "Pods that are gone and known until their last line is through.", AT(s.pods.pods_held), METRIC_GAUGE,
	  EXPOSITION_U64 },
	{ "spoor_kubernetes_pods_bytes", "Memory for objects of pods.", AT(s.pods.bytes), METRIC_GAUGE, EXPOSITION_U64 },
	{ "spoor_kubernetes_pods_skipped_total", "Objects of pods that were not taken: too many or too large.", AT(s.pods.skipped),
	  METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_kubernetes_lists_total", "Lists of pods that were asked for.", AT(s.stats.lists), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_kubernetes_watches_total", "Watches that were asked for.", AT(s.stats.watches), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_kubernetes_watch_restarts_total", "Watches that have ended, all of which are followed by another.", AT(s.stats.watch_restarts),
	  METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_kubernetes_events_total", "Events of watches, bookmarks among them.", AT(s.stats.events), METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_kubernetes_events_skipped_total", "Events that were too long or could not be read.", AT(s.stats.events_skipped),
	  METRIC_COUNTER, EXPOSITION_U64 },
	{ "spoor_kubernetes_last_sync_timestamp_seconds", "Time of the last list, event or bookmark, 0: never.", AT(s.stats.synced_wall_ns),
	  METRIC_GAUGE, EXPOSITION_SECONDS },
};
static const struct exposition_labelled_row requests_row = {
	"spoor_kubernetes_requests_total", "Requests for pods by the answer's code; none: no answer.", "code", pods_code_names, PODS_CODES,
	AT(s.requests),
};
#undef AT

/* Monitors and Services, of those kinds that are asked for. */
static void objects(struct families *f, const struct kubernetes *k)
{
	struct api_objects_status s[KUBERNETES_KINDS];
	bool is_asked[KUBERNETES_KINDS], is_any = false;
	for (int i = 0; i < KUBERNETES_KINDS; i++)
		is_any |= is_asked[i] = kubernetes_objects_status(k, (enum kubernetes_kind)i, &s[i]);
	if (!is_any)
		return;
	families_begin(f, "spoor_kubernetes_objects", METRIC_GAUGE, "Objects of this kind that are known.");
	for (int i = 0; i < KUBERNETES_KINDS; i++)
		if (is_asked[i])
			families_label1(f, "kind", str_of(kubernetes_kind_names[i]), (double)s[i].objects);
	families_begin(f, "spoor_kubernetes_objects_skipped_total", METRIC_COUNTER, "Objects of this kind that were not taken: too many or too large.");
	for (int i = 0; i < KUBERNETES_KINDS; i++)
		if (is_asked[i])
			families_label1(f, "kind", str_of(kubernetes_kind_names[i]), (double)s[i].skipped);
}

void exposition_kubernetes(struct families *f, const struct kubernetes *k)
{
	struct view view = { 0 };
	kubernetes_status(k, &view.s);
	if (view.s.source == KUBERNETES_NONE)
		return;
	view.is_complete = view.s.pods.state == NODE_PODS_COMPLETE;
	exposition_rows(f, rows, COUNT_OF(rows), &view);
	exposition_labelled(f, &requests_row, &view, 0, 0);
	objects(f, k);
}
