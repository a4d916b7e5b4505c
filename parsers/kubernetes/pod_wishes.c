/* Three dialects: our own, and the two words that most log agents' users know.
 *
 *   spoor.io/logs[.OPTION][-CONTAINER]   fluentbit.io/exclude[-CONTAINER]   vector.dev/exclude[-containers]
 *
 * Of two that say something about the same, that for the container wins over that for the pod, and our own over the others, in whatever
 * order they stand. */
#include "parsers/kubernetes/pod_wishes.h"

#include "parsers/bytes/num.h"

enum { VALUE_MAX = 256, CONTAINER_MAX = 63 };

struct reading {
	struct pod_wishes *out;
	struct str container;
	int rank[5]; /* by option: of what was taken, so that less is not */
};

static bool read_truth(struct str value, const char *yes, const char *no, bool *out)
{
	*out = str_eq(value, str_of(yes));
	return *out || str_eq(value, str_of(no));
}

static void exclude(struct pod_wishes *w, struct str name, bool is_excluded)
{
	w->is_excluded = is_excluded;
	w->excluded_by = is_excluded ? name : (struct str){ 0 };
}

/* Each: false when the value is none. */

static bool take_switch(struct pod_wishes *w, struct str name, struct str value)
{
	bool is_off;
	if (!read_truth(value, "off", "on", &is_off))
		return false;
	exclude(w, name, is_off);
	return true;
}

static bool take_exclude(struct pod_wishes *w, struct str name, struct str value)
{
	bool is_excluded;
	if (!read_truth(value, "true", "false", &is_excluded))
		return false;
	exclude(w, name, is_excluded);
	return true;
}

static bool take_stack_traces(struct pod_wishes *w, struct str name, struct str value)
{
	(void)name;
	w->has_stack_traces = true;
	return read_truth(value, "true", "false", &w->joins_stack_traces);
}

static bool take_parser(struct pod_wishes *w, struct str name, struct str value)
{
	(void)name;
	return line_form_named(value, &w->form);
}

static bool take_rate(struct pod_wishes *w, struct str name, struct str value)
{
	uint64_t rate;
	(void)name;
	if (!num_u64(value, &rate) || rate == 0 || rate > POD_WISHES_RATE_MAX)
		return false;
	w->lines_per_second = rate;
	return true;
}

static bool is_key_byte(char c)
{
	return ascii_is_letter(c) || ascii_is_digit(c) || c == '_' || c == '-' || c == '.';
}

static bool take_trace_key(struct pod_wishes *w, struct str name, struct str value)
{
	(void)name;
	for (size_t i = 0; i < value.n; i++)
		if (!is_key_byte(value.p[i]))
			return false;
	if (value.n == 0 || value.n > POD_WISHES_TRACE_KEY_MAX)
		return false;
	w->trace_key = value;
	return true;
}

static const struct word {
	struct str name;
	unsigned wish;
	int option, rank;
	bool (*take)(struct pod_wishes *w, struct str name, struct str value);
} words[] = {
	{ STR("spoor.io/logs"), POD_WISH_EXCLUDE, 0, 3, take_switch },
	{ STR("fluentbit.io/exclude"), POD_WISH_EXCLUDE, 0, 1, take_exclude },
	{ STR("spoor.io/logs.stack_traces"), POD_WISH_STACK_TRACES, 1, 3, take_stack_traces },
	{ STR("spoor.io/logs.rate"), POD_WISH_RATE, 2, 3, take_rate },
	{ STR("spoor.io/logs.trace_key"), POD_WISH_TRACE_KEY, 3, 3, take_trace_key },
	{ STR("spoor.io/logs.parser"), POD_WISH_PARSER, 4, 3, take_parser },
};
static const struct str vector_pod = STR("vector.dev/exclude"), vector_containers = STR("vector.dev/exclude-containers"),
			own = STR("spoor.io/logs");

static const struct { struct str word; unsigned wish; } wishes[] = {
	{ STR("exclude"), POD_WISH_EXCLUDE }, { STR("stack_traces"), POD_WISH_STACK_TRACES }, { STR("parser"), POD_WISH_PARSER },
	{ STR("rate"), POD_WISH_RATE }, { STR("trace_key"), POD_WISH_TRACE_KEY },
};

unsigned pod_wish_of(struct str word)
{
	for (size_t i = 0; i < COUNT_OF(wishes); i++)
		if (str_eq(word, wishes[i].word))
			return wishes[i].wish;
	return 0;
}

static bool is_container_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || ascii_is_digit(s.p[i]) || s.p[i] == '-'))
			return false;
	return s.n > 0 && s.n <= CONTAINER_MAX;
}

static void complain(struct pod_wishes *w, struct str name)
{
	if (w->bad_count++ == 0)
		w->bad = name;
}

static void take(struct reading *r, const struct word *word, int rank, const struct label *a)
{
	struct pod_wishes taken = *r->out;
	if (a->value.n > VALUE_MAX || !word->take(&taken, a->name, a->value)) {
		complain(r->out, a->name);
		return;
	}
	bool is_stricter = taken.is_excluded && !r->out->is_excluded; /* of two of the same rank */
	if (rank < r->rank[word->option] || (rank == r->rank[word->option] && !is_stricter))
		return;
	*r->out = taken;
	r->rank[word->option] = rank;
}

/* "a, b": is the container one of them? */
static bool names_container(struct str list, struct str container)
{
	while (list.n) {
		struct str name = str_cut(&list, ',');
		while (name.n && name.p[0] == ' ')
			name = str_skip(name, 1);
		while (name.n && name.p[name.n - 1] == ' ')
			name.n--;
		if (name.n && str_eq(name, container))
			return true;
	}
	return false;
}

/* true: it was one of Vector's. */
static bool read_vector(struct reading *r, const struct label *a)
{
	static const struct word pod = { STR("vector.dev/exclude"), POD_WISH_EXCLUDE, 0, 1, take_exclude };
	if (str_eq(a->name, vector_pod)) {
		take(r, &pod, pod.rank, a);
		return true;
	}
	if (!str_eq(a->name, vector_containers))
		return false;
	if (a->value.n > 64 * VALUE_MAX)
		complain(r->out, a->name);
	else if (names_container(a->value, r->container))
		take(r, &pod, pod.rank + 1, &(struct label){ a->name, STR("true") });
	return true;
}

static void read_one(struct reading *r, const struct label *a, unsigned allowed)
{
	if ((allowed & POD_WISH_EXCLUDE) && read_vector(r, a))
		return;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		const struct word *word = &words[i];
		struct str rest = str_skip(a->name, word->name.n);
		if (!str_starts(a->name, word->name) || (rest.n && rest.p[0] != '-'))
			continue;
		if (!(word->wish & allowed))
			return;
		if (rest.n == 0)
			take(r, word, word->rank, a);
		else if (!is_container_name(str_skip(rest, 1)))
			complain(r->out, a->name);
		else if (str_eq(str_skip(rest, 1), r->container))
			take(r, word, word->rank + 1, a);
		return;
	}
	if (allowed && str_starts(a->name, own))
		complain(r->out, a->name);
}

void pod_wishes_read(struct pod_wishes *out, const struct label *annotations, size_t count, struct str container, unsigned allowed)
{
	struct reading r = { .out = out, .container = container };
	*out = (struct pod_wishes){ 0 };
	for (size_t i = 0; i < count && allowed; i++)
		read_one(&r, &annotations[i], allowed);
}
