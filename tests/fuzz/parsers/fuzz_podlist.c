/* Any bytes give a list within its bounds, with sorted labels and texts of UTF-8, or a reason. Amounts are finite. A copy of a pod says
 * what the pod says. */
#include <assert.h>
#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/kubernetes/pod_copy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct str s)
{
	assert(utf8_valid(s) == s.n);
}

static void check_labels(const struct label *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		check_text(at[i].name);
		check_text(at[i].value);
		assert(i == 0 || str_cmp(at[i - 1].name, at[i].name) < 0);
	}
}

static void check_quantities(const struct pod_quantity *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert(at[i].value - at[i].value == 0);
		assert(i == 0 || str_cmp(at[i - 1].resource, at[i].resource) < 0);
	}
}

static void check_copy(const struct pod *p)
{
	size_t bytes = pod_copy_bytes(p);
	struct pod copy;
	char *room = malloc(bytes);
	pod_copy(p, &copy, room);
	assert(pod_hash(&copy) == pod_hash(p) && pod_copy_bytes(&copy) == bytes);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena arena = { 0 };
	struct podlist list;
	const char *why;
	double value = 0;
	assert(!pod_quantity_parse(text, &value) || (value - value == 0 && size > 0));
	bool is_good = podlist_parse(text, &list, &arena, &why);
	check_text(list.event);
	check_text(list.status_message);
	assert(is_good == (why == NULL) && list.count <= PODLIST_PODS_MAX && (is_good || list.count == 0));
	for (size_t i = 0; i < list.count; i++) {
		const struct pod *p = &list.at[i];
		assert(p->name.n > 0 && p->container_count <= PODLIST_CONTAINERS_MAX);
		check_copy(p);
		check_text(p->name);
		check_text(p->phase);
		check_labels(p->labels, p->label_count);
		check_labels(p->annotations, p->annotation_count);
		check_quantities(p->overhead, p->overhead_count);
		for (size_t k = 0; k < p->container_count; k++) {
			check_text(p->containers[k].name);
			check_quantities(p->containers[k].requests, p->containers[k].request_count);
			check_quantities(p->containers[k].limits, p->containers[k].limit_count);
			for (size_t n = 0; n < p->containers[k].port_count; n++)
				assert(p->containers[k].ports[n].number > 0 && p->containers[k].ports[n].number < 65536);
		}
	}
	arena_fini(&arena);
	return 0;
}
