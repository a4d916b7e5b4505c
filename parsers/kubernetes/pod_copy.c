/* Three questions about the same structure (how large, a copy, a number), so the structure is described once, in tables: texts, numbers
 * and lists of a struct, with their offsets. Lists lie three deep and no deeper, whatever the input says.
 *
 * A field that is missing from its table would dangle: each table is held against the size of its struct (COVERS). */
#include "parsers/kubernetes/pod_copy.h"

#include <stdalign.h>

#include "parsers/bytes/hash.h"

struct shape;
struct number { size_t at, bytes; };
struct shape_list { size_t at, count_at; const struct shape *of; };
struct shape {
	size_t bytes;
	const size_t *texts; size_t text_count;
	const struct number *numbers; size_t number_count;
	const struct shape_list *lists; size_t list_count;
};
struct walk {
	char *room;     /* NULL: nothing is copied */
	size_t used;
	uint64_t hash;
};

#define TEXTS(table) .texts = table, .text_count = COUNT_OF(table)
#define NUMBERS(table) .numbers = table, .number_count = COUNT_OF(table)
#define LISTS(table) .lists = table, .list_count = COUNT_OF(table)
#define COVERS(type, texts, lists, number_words)                                                                                    \
	_Static_assert(sizeof(struct type) == (texts) * sizeof(struct str) + (lists) * 2 * sizeof(size_t) + (number_words) * 8, #type)
#define NUMBER(type, field) { offsetof(struct type, field), sizeof(((struct type *)0)->field) }

static const size_t text_texts[] = { 0 };
static const struct shape text_shape = { .bytes = sizeof(struct str), TEXTS(text_texts) };

static const size_t label_texts[] = { offsetof(struct label, name), offsetof(struct label, value) };
static const struct shape label_shape = { .bytes = sizeof(struct label), TEXTS(label_texts) };
COVERS(label, 2, 0, 0);

static const size_t port_texts[] = { offsetof(struct pod_port, name), offsetof(struct pod_port, protocol) };
static const struct number port_numbers[] = { NUMBER(pod_port, number) };
static const struct shape port_shape = { .bytes = sizeof(struct pod_port), TEXTS(port_texts), NUMBERS(port_numbers) };
COVERS(pod_port, 2, 0, 1);

static const size_t quantity_texts[] = { offsetof(struct pod_quantity, resource) };
static const struct number quantity_numbers[] = { NUMBER(pod_quantity, value) };
static const struct shape quantity_shape = { .bytes = sizeof(struct pod_quantity), TEXTS(quantity_texts), NUMBERS(quantity_numbers) };
COVERS(pod_quantity, 1, 0, 1);

#define AT(field) offsetof(struct pod_container, field)
static const size_t container_texts[] = {
	AT(name), AT(image), AT(restart_policy), AT(status_image), AT(image_id), AT(id), AT(reason), AT(last_terminated_reason),
};
static const struct number container_numbers[] = {
	NUMBER(pod_container, state), NUMBER(pod_container, exit_code), NUMBER(pod_container, last_exit_code),
	NUMBER(pod_container, started_s), NUMBER(pod_container, finished_s), NUMBER(pod_container, last_finished_s),
	NUMBER(pod_container, restarts), NUMBER(pod_container, is_init), NUMBER(pod_container, is_ready), NUMBER(pod_container, has_spec),
	NUMBER(pod_container, has_status), NUMBER(pod_container, has_last_terminated),
};
static const struct shape_list container_lists[] = {
	{ AT(ports), AT(port_count), &port_shape }, { AT(requests), AT(request_count), &quantity_shape },
	{ AT(limits), AT(limit_count), &quantity_shape },
};
static const struct shape container_shape = { .bytes = sizeof(struct pod_container), TEXTS(container_texts), NUMBERS(container_numbers),
					      LISTS(container_lists) };
#undef AT
COVERS(pod_container, COUNT_OF(container_texts), COUNT_OF(container_lists), 8 /* the flags share one */);

static const size_t owner_texts[] = { offsetof(struct pod_owner, kind), offsetof(struct pod_owner, name) };
static const struct number owner_numbers[] = { NUMBER(pod_owner, is_controller) };
static const struct shape owner_shape = { .bytes = sizeof(struct pod_owner), TEXTS(owner_texts), NUMBERS(owner_numbers) };
COVERS(pod_owner, 2, 0, 1);

static const size_t condition_texts[] = { offsetof(struct pod_condition, type), offsetof(struct pod_condition, status),
					  offsetof(struct pod_condition, reason) };
static const struct number condition_numbers[] = { NUMBER(pod_condition, since_s) };
static const struct shape condition_shape = { .bytes = sizeof(struct pod_condition), TEXTS(condition_texts), NUMBERS(condition_numbers) };
COVERS(pod_condition, 3, 0, 1);

static const size_t volume_texts[] = { offsetof(struct pod_volume, name), offsetof(struct pod_volume, claim) };
static const struct number volume_numbers[] = { NUMBER(pod_volume, is_ephemeral), NUMBER(pod_volume, is_read_only) };
static const struct shape volume_shape = { .bytes = sizeof(struct pod_volume), TEXTS(volume_texts), NUMBERS(volume_numbers) };
COVERS(pod_volume, 2, 0, 1);

#define AT(field) offsetof(struct pod, field)
static const size_t pod_texts[] = {
	AT(namespace_), AT(name), AT(uid), AT(node), AT(host_ip), AT(ip), AT(phase), AT(reason), AT(priority_class), AT(service_account),
	AT(scheduler), AT(qos), AT(restart_policy), AT(runtime_class),
};
static const struct number pod_numbers[] = { NUMBER(pod, created_s), NUMBER(pod, started_s), NUMBER(pod, deleted_s), NUMBER(pod, host_network) };
static const struct shape_list pod_lists[] = {
	{ AT(ips), AT(ip_count), &text_shape },
	{ AT(labels), AT(label_count), &label_shape },
	{ AT(annotations), AT(annotation_count), &label_shape },
	{ AT(owners), AT(owner_count), &owner_shape },
	{ AT(containers), AT(container_count), &container_shape },
	{ AT(conditions), AT(condition_count), &condition_shape },
	{ AT(overhead), AT(overhead_count), &quantity_shape },
	{ AT(volumes), AT(volume_count), &volume_shape },
};
static const struct shape pod_shape = { .bytes = sizeof(struct pod), TEXTS(pod_texts), NUMBERS(pod_numbers), LISTS(pod_lists) };
#undef AT
COVERS(pod, COUNT_OF(pod_texts), COUNT_OF(pod_lists), 4);

static void mix(struct walk *w, uint64_t value)
{
	w->hash = hash_u64(w->hash ^ value) + 1;
}

/* Room for n bytes, aligned; where it is, or NULL when nothing is copied. */
static char *take(struct walk *w, size_t n, size_t alignment)
{
	w->used = (w->used + alignment - 1) / alignment * alignment;
	char *at = w->room ? w->room + w->used : NULL;
	w->used += n;
	return at;
}

static void walk_text(struct walk *w, const char *from, char *to)
{
	struct str text;
	memcpy(&text, from, sizeof text);
	mix(w, text.n ? hash_bytes(text) : 0);
	char *at = take(w, text.n, 1);
	if (!to)
		return;
	if (text.n)
		memcpy(at, text.p, text.n);
	text.p = text.n ? at : NULL;
	memcpy(to, &text, sizeof text);
}

static void walk_number(struct walk *w, const char *from, size_t n)
{
	uint64_t value = 0;
	memcpy(&value, from, n);
	mix(w, value);
}

static void walk(struct walk *w, const char *from, char *to, const struct shape *shape);

static void walk_list(struct walk *w, const char *from, char *to, const struct shape_list *list)
{
	const char *elements;
	size_t count;
	memcpy(&elements, from + list->at, sizeof elements);
	memcpy(&count, from + list->count_at, sizeof count);
	mix(w, count);
	char *at = take(w, count * list->of->bytes, alignof(max_align_t));
	if (to) {
		if (count)
			memcpy(at, elements, count * list->of->bytes);
		at = count ? at : NULL;
		memcpy(to + list->at, &at, sizeof at);
	}
	for (size_t i = 0; i < count; i++)
		walk(w, elements + i * list->of->bytes, to ? at + i * list->of->bytes : NULL, list->of);
}

/* `to`: a copy of the bytes of *from, whose pointers are made to point into the room. */
static void walk(struct walk *w, const char *from, char *to, const struct shape *shape)
{
	for (size_t i = 0; i < shape->text_count; i++)
		walk_text(w, from + shape->texts[i], to ? to + shape->texts[i] : NULL);
	for (size_t i = 0; i < shape->number_count; i++)
		walk_number(w, from + shape->numbers[i].at, shape->numbers[i].bytes);
	for (size_t i = 0; i < shape->list_count; i++)
		walk_list(w, from, to, &shape->lists[i]);
}

size_t pod_copy_bytes(const struct pod *pod)
{
	struct walk w = { 0 };
	walk(&w, (const char *)pod, NULL, &pod_shape);
	return w.used;
}

void pod_copy(const struct pod *pod, struct pod *out, void *room)
{
	struct walk w = { .room = room };
	*out = *pod;
	walk(&w, (const char *)pod, (char *)out, &pod_shape);
}

uint64_t pod_hash(const struct pod *pod)
{
	struct walk w = { 0 };
	walk(&w, (const char *)pod, NULL, &pod_shape);
	return w.hash;
}
