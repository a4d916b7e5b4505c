/* The collector "kube_pod": the pods of this node as kube-state-metrics tells them. Off unless it is asked for: where kube-state-metrics
 * runs, the same series twice would break every dashboard that joins them. */
#include <stdlib.h>

#include "agent/pods/pods.h"

struct allowed { struct str *names; size_t count; char *text; };

static void *open_kube_pod(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots, (void)err;
	struct str rest = str_of(values[0]);
	struct allowed *a = calloc(1, sizeof *a);
	if (a)
		a->text = malloc(rest.n + 1);
	if (a)
		a->names = calloc(rest.n + 1, sizeof *a->names);
	if (!a || !a->text || !a->names)
		abort();
	memcpy(a->text, values[0], rest.n + 1);
	for (rest.p = a->text; rest.n;) {
		struct str name = str_cut(&rest, ',');
		if (name.n)
			a->names[a->count++] = name;
	}
	return a;
}

static void close_kube_pod(void *state)
{
	struct allowed *a = state;
	if (!a)
		return;
	free(a->names);
	free(a->text);
	free(a);
}

static int update_kube_pod(void *state, struct collect *c)
{
	const struct allowed *a = state;
	if (!c->pods)
		return -ENODATA;
	kube_pods_write(c->out, c->pods, a->names, a->count);
	return 0;
}

static const struct collector_option options[] = {
	{ "labels", "", "names of pod labels for kube_pod_labels, comma-separated; * stands for any text" },
	{ NULL, NULL, NULL },
};
const struct collector kube_pod_collector = {
	.name = "kube_pod", .is_default = false, .options = options, .open = open_kube_pod, .update = update_kube_pod, .close = close_kube_pod,
};
