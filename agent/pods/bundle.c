/* One pass over the document; only "annotations" at its top is looked into. Several names for one thing: the first in the table
 * that is there and not empty is taken, whatever their order in the file. */
#include "agent/pods/bundle.h"

#include "parsers/json.h"

static const struct annotation {
	const char *name;
	size_t offset;
	unsigned rank; /* of several for one place the highest wins */
} annotations[] = {
	{ "io.kubernetes.cri.sandbox-namespace", offsetof(struct bundle, namespace_), 2 },
	{ "io.kubernetes.cri.sandbox-name", offsetof(struct bundle, pod), 2 },
	{ "io.kubernetes.cri.sandbox-uid", offsetof(struct bundle, uid), 2 },
	{ "io.kubernetes.cri.container-name", offsetof(struct bundle, container), 2 },
	{ "io.kubernetes.cri.image-name", offsetof(struct bundle, image), 3 },
	{ "io.kubernetes.cri.podsandbox.image-name", offsetof(struct bundle, image), 2 },
	{ "io.kubernetes.pod.namespace", offsetof(struct bundle, namespace_), 1 },
	{ "io.kubernetes.pod.name", offsetof(struct bundle, pod), 1 },
	{ "io.kubernetes.pod.uid", offsetof(struct bundle, uid), 1 },
	{ "io.kubernetes.container.name", offsetof(struct bundle, container), 1 },
	{ "io.kubernetes.cri-o.ImageName", offsetof(struct bundle, image), 1 },
	{ "io.kubernetes.cri-o.Name", offsetof(struct bundle, name), 1 },
};
static const char *const kinds[] = { "io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType" };

/* Whether the annotation that the reader stands at is one of ours. */
static bool read_annotation(struct json *j, struct bundle *out, unsigned ranks[], struct arena *arena)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (json_is(j, kinds[i])) {
			json_next(j);
			out->is_sandbox = json_is(j, "sandbox");
			return true;
		}
	for (size_t i = 0; i < COUNT_OF(annotations); i++) {
		const struct annotation *a = &annotations[i];
		if (!json_is(j, a->name))
			continue;
		struct str value = { 0 };
		unsigned *rank = &ranks[a->offset / sizeof(struct str)];
		if (json_text(j, arena, &value) && value.n && a->rank > *rank) {
			memcpy((char *)out + a->offset, &value, sizeof value);
			*rank = a->rank;
		}
		return true;
	}
	return false;
}

bool bundle_parse(struct str text, struct bundle *out, struct arena *arena)
{
	struct bundle b = { 0 };
	unsigned ranks[sizeof(struct bundle) / sizeof(struct str) + 1] = { 0 };
	struct json j;
	struct json_scope document, list;
	bool found = false;
	json_init(&j, text);
	for (json_object(&j, &document); json_member(&j, &document);) {
		if (!json_is(&j, "annotations"))
			continue;
		for (json_object(&j, &list); json_member(&j, &list);)
			found |= read_annotation(&j, &b, ranks, arena);
	}
	if (!json_end(&j) || !found)
		return false;
	if (b.is_sandbox || str_eq(b.container, STR("POD")))
		b.container = (struct str){ 0 }; /* a sandbox is nobody's container, whatever CRI-O calls it */
	*out = b;
	return true;
}
