/* Labels come in order of their names; own ones may stand before, between and behind the three that name the pod. */
#include "agent/pods/kube_row.h"

void kube_row(struct families *f, const struct pod *pod, const struct metric_label *more, size_t count, double value)
{
	const struct metric_label own[] = { { "namespace", pod->namespace_ }, { "pod", pod->name }, { "uid", pod->uid } };
	struct metric_label labels[KUBE_LABELS_MAX + COUNT_OF(own)];
	size_t n = 0, next = 0;
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		while (next < count && strcmp(more[next].name, own[i].name) < 0)
			labels[n++] = more[next++];
		labels[n++] = own[i];
	}
	while (next < count)
		labels[n++] = more[next++];
	families_sample(f, "", labels, n, value);
}
