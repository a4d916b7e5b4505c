/* Expansion is for label values only and for five names only: a variable that somebody else controls must not become a path, a
 * password or a piece of YAML. Nothing is expanded twice, and there is no escape: a label value with a literal "${NODE_NAME}"
 * has not been seen in the field. */
#include "config/expand.h"

#include <stdio.h>

#include "config/load.h"

enum { VALUE_MOST = 2048 }; /* Loki's limit for a label value */

static const char *const names[] = { "NODE_NAME", "HOSTNAME", "HOST_IP", "POD_NAME", "POD_NAMESPACE" };

bool expand_is_known(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq(name, str_of(names[i])))
			return true;
	return false;
}

bool expand_next(struct str s, size_t from, size_t *start, size_t *end, struct str *name)
{
	for (size_t at = from; at + 1 < s.n; at++) {
		if (s.p[at] != '$' || s.p[at + 1] != '{')
			continue;
		struct str rest = str_skip(s, at + 2);
		size_t n = str_find(rest, '}');
		if (n == rest.n)
			return false;
		*start = at;
		*end = at + 2 + n + 1;
		*name = str_take(rest, n);
		return true;
	}
	return false;
}

struct expansion {
	struct config *config;
	struct str (*lookup)(void *ctx, struct str name);
	void *ctx;
	char *err;
};

static int expand_label(const struct expansion *x, struct config_label *label)
{
	struct str value = label->value, name;
	size_t from = 0, start, end;
	struct buf out;
	buf_init(&out, VALUE_MOST);
	while (expand_next(value, from, &start, &end, &name)) {
		struct str found = expand_is_known(name) ? x->lookup(x->ctx, name) : str_skip(str_take(value, end), start);
		if (!found.p) {
			snprintf(x->err, 256, "label %.64s: the environment has no %.64s: set it (in Kubernetes with fieldRef) or "
				"write the "
					      "value into the file", label->name.p, label->value.p);
			buf_fini(&out);
			return -1;
		}
		buf_str(&out, str_skip(str_take(value, start), from));
		buf_str(&out, found);
		from = end;
	}
	buf_str(&out, str_skip(value, from));
	bool fits = !out.is_full;
	if (fits && from)
		label->value = arena_copy(&x->config->arena, buf_view(&out));
	buf_fini(&out);
	if (!fits)
		snprintf(x->err, 256, "label %.64s: its value is longer than %d bytes after expansion", label->name.p, VALUE_MOST);
	return fits ? 0 : -1;
}

static int expand_labels(const struct expansion *x, const struct config_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		if (expand_label(x, &labels->at[i]) < 0)
			return -1;
	return 0;
}

/* The built-in jobs share the lists of metrics.node and the like, so those have their turn. */
static int expand_metrics(const struct expansion *x, const struct config *c)
{
	const struct config_labels *const lists[] = { &c->metrics.external_labels, &c->metrics.node.labels, &c->metrics.pods.labels,
		&c->metrics.logs.labels, &c->metrics.self.labels };
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		if (expand_labels(x, lists[i]) < 0)
			return -1;
	for (size_t i = 0; i < c->metrics.scrape_count; i++)
		for (size_t j = 0; j < c->metrics.scrapes[i].static_count && !c->metrics.scrapes[i].builtin; j++)
			if (expand_labels(x, &c->metrics.scrapes[i].statics[j].labels) < 0)
				return -1;
	return 0;
}

int config_expand(struct config *c, struct str (*lookup)(void *ctx, struct str name), void *ctx, char err[256])
{
	const struct expansion x = { c, lookup, ctx, err };
	if (expand_labels(&x, &c->global.external_labels) < 0)
		return -1;
	if (expand_metrics(&x, c) < 0)
		return -1;
	for (size_t i = 0; i < c->logs.client_count; i++)
		if (expand_labels(&x, &c->logs.clients[i].external_labels) < 0)
			return -1;
	for (size_t i = 0; i < c->logs.scrape_count; i++)
		for (size_t j = 0; j < c->logs.scrapes[i].static_count; j++)
			if (expand_labels(&x, &c->logs.scrapes[i].statics[j].labels) < 0 ||
			    expand_labels(&x, &c->logs.scrapes[i].statics[j].internal) < 0)
				return -1;
	return 0;
}
