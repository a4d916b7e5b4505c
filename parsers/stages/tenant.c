/* The stage tenant: for whom an entry is, from an extracted value, a label, or the file. Nothing found leaves the tenant as it
 * was. What is found may be anything; whether it can be a tenant is asked when the entry comes out, since a later stage may say another. */
#include <stdlib.h>

#include "parsers/stages/entry_labels.h"

enum { TENANT_MAX = 150 };

struct tenant { struct str label, source, value; };

static bool is_part(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!ascii_is_letter(c) && !ascii_is_digit(c) && !memchr("!-_.*'()", c, 8))
			return false;
	}
	return s.n > 0;
}

bool stages_is_tenant(struct str tenant)
{
	struct str rest = tenant, name = str_cut(&rest, ':');
	bool has_more = name.n < tenant.n;
	return tenant.n <= TENANT_MAX && is_part(name) && !str_eq(name, STR(".")) && !str_eq(name, STR("..")) && (!has_more || is_part(rest));
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct tenant t = { 0 }, *out;
	stage_read_text(c, config, "label", &t.label);
	stage_read_text(c, config, "source", &t.source);
	stage_read_text(c, config, "value", &t.value);
	if (c->has_failed)
		return NULL;
	if ((t.label.n > 0) + (t.source.n > 0) + (t.value.n > 0) != 1) {
		stage_complain(c, NULL, "exactly one of label, source and value is needed");
		return NULL;
	}
	if (t.value.n && !stages_is_tenant(t.value)) {
		stage_complain(c, stage_key(config, "value"), "\"" STR_FMT "\" is no tenant: Loki takes at most 150 letters, digits and !-_.*'()",
			STR_ARG(str_take(t.value, 60)));
		return NULL;
	}
	out = malloc(sizeof *out);
	if (!out)
		abort();
	*out = t;
	return out;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct tenant *t = stage;
	(void)turn;
	struct str found = t->value;
	if (t->source.n && !extracted_source(e, t->source, &found))
		return STAGE_NEXT;
	if (t->label.n)
		found = entry_labels_get(e, t->label);
	if (found.n)
		entry_labels_set(e, ENTRY_TENANT_LABEL, found);
	return STAGE_NEXT;
}

static const char *const keys[] = { "label", "source", "value", NULL };
const struct stage_type stage_tenant = { .name = "tenant", .keys = keys, .compile = compile, .run = run, .free = free };
