/* "name=value" lines are annotations. Whatever they say, a wish is within its bounds, only what is allowed is asked for, and an order of the
 * annotations that is the other way round asks for the same. */
#include <assert.h>

#include "parsers/kubernetes/pod_wishes.h"

enum { MOST = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pod_wishes *w, unsigned allowed)
{
	assert(!w->is_excluded || ((allowed & POD_WISH_EXCLUDE) && w->excluded_by.n));
	assert(!w->has_stack_traces || (allowed & POD_WISH_STACK_TRACES));
	assert(w->has_stack_traces || !w->joins_stack_traces);
	assert(w->form < LINE_FORMS && (!w->form || (allowed & POD_WISH_PARSER)));
	assert(w->lines_per_second <= POD_WISHES_RATE_MAX && (!w->lines_per_second || (allowed & POD_WISH_RATE)));
	assert(w->trace_key.n <= POD_WISHES_TRACE_KEY_MAX && (!w->trace_key.n || (allowed & POD_WISH_TRACE_KEY)));
	assert((w->bad_count > 0) == (w->bad.p != NULL));
}

/* Names of a map are unique: of two with the same name, one stays. */
static bool is_there(const struct label *at, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(at[i].name, name))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct label at[MOST], back[MOST];
	struct pod_wishes a, b;
	size_t count = 0;
	if (size < 1)
		return 0;
	unsigned allowed = data[0] & 31u;
	for (struct str rest = { (const char *)data + 1, size - 1 }; rest.n && count < MOST;) {
		struct str value = str_cut(&rest, '\n'), name = str_cut(&value, '=');
		if (!is_there(at, count, name))
			at[count++] = (struct label){ name, value };
	}
	for (size_t i = 0; i < count; i++)
		back[i] = at[count - 1 - i];
	pod_wishes_read(&a, at, count, STR("app"), allowed);
	pod_wishes_read(&b, back, count, STR("app"), allowed);
	check(&a, allowed);
	check(&b, allowed);
	assert(a.has_stack_traces == b.has_stack_traces && a.form == b.form);
	assert(a.joins_stack_traces == b.joins_stack_traces && a.lines_per_second == b.lines_per_second && str_eq(a.trace_key, b.trace_key));
	assert(a.is_excluded == b.is_excluded && a.bad_count == b.bad_count);
	return 0;
}
