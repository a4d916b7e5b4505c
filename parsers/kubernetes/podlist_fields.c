/* Objects are described by tables of fields, and one loop reads all of them. What comes in lists grows in the arena by doubling. */
#include "parsers/kubernetes/podlist_state.h"

#include <stdlib.h>

#include "parsers/bytes/rfc3339.h"

static void read_time(struct podlist_parse *p, int64_t *out)
{
	struct str text;
	int64_t ns;
	if (json_raw(&p->j, &text) && rfc3339_parse(text, &ns))
		*out = ns / 1000000000;
}

static void read_kind(struct podlist_parse *p, enum podlist_kind kind, void *at)
{
	int64_t number = 0;
	switch (kind) {
	case TEXT:
		json_text(&p->j, p->arena, at);
		break;
	case TIME:
		read_time(p, at);
		break;
	case BOOL:
		json_bool(&p->j, at);
		break;
	case INTEGER:
		json_i64(&p->j, at);
		break;
	case COUNT:
		if (json_i64(&p->j, &number) && number >= 0)
			*(uint64_t *)at = (uint64_t)number;
		break;
	}
}

bool podlist_read_field(struct podlist_parse *p, void *object, const struct podlist_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_is(&p->j, fields[i].name)) {
			read_kind(p, fields[i].kind, (char *)object + fields[i].offset);
			return true;
		}
	return false;
}

bool podlist_read_object(struct podlist_parse *p, void *object, const struct podlist_field *fields, size_t count)
{
	struct json_scope s;
	bool is_object = json_object(&p->j, &s);
	while (json_member(&p->j, &s))
		podlist_read_field(p, object, fields, count);
	return is_object;
}

static int compare_labels(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	int order = str_cmp(x->name, y->name);
	return order ? order : (x->name.p > y->name.p) - (x->name.p < y->name.p); /* no order of ties is promised, so they get one */
}

/* Of a name that stands twice, one stays. */
static void sort_labels(struct label *at, size_t *count)
{
	size_t kept = 0;
	if (*count)
		qsort(at, *count, sizeof *at, compare_labels);
	for (size_t i = 0; i < *count; i++) {
		if (kept && str_eq(at[kept - 1].name, at[i].name))
			kept--;
		at[kept++] = at[i];
	}
	*count = kept;
}

void podlist_read_labels(struct podlist_parse *p, struct label **out, size_t *count)
{
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		struct str name = json_resolve(&p->j, p->arena), value;
		if (json_text(&p->j, p->arena, &value))
			*PUSH(p, *out, *count) = (struct label){ name, value };
	}
	sort_labels(*out, count);
}

static int compare_quantities(const void *a, const void *b)
{
	const struct pod_quantity *x = a, *y = b;
	int order = str_cmp(x->resource, y->resource);
	return order ? order : (x->resource.p > y->resource.p) - (x->resource.p < y->resource.p);
}

void podlist_read_quantities(struct podlist_parse *p, struct pod_quantity **out, size_t *count)
{
	struct json_scope s;
	size_t kept = 0;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		struct str resource = json_resolve(&p->j, p->arena), text;
		double value;
		if (json_raw(&p->j, &text) && pod_quantity_parse(text, &value))
			*PUSH(p, *out, *count) = (struct pod_quantity){ resource, value };
	}
	if (*count)
		qsort(*out, *count, sizeof **out, compare_quantities);
	for (size_t i = 0; i < *count; i++) {
		if (kept && str_eq((*out)[kept - 1].resource, (*out)[i].resource))
			kept--;
		(*out)[kept++] = (*out)[i];
	}
	*count = kept;
}
