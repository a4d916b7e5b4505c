/* Surplus lines are dropped and not left for later: a file that is not read on is deleted under the reader in the end, or fills the node's
 * disk while it is held open, and both would hit others than the pod that asked. */
#include "agent/logs/line_asks.h"

#include <stdio.h>

#include "parsers/bytes/buf.h"

static const int64_t SECOND_NS = 1000000000, SET_BACK = 60 /* seconds: the clock was; less is two streams that mingle */;

bool line_asks_read(struct line_asks *a, const struct pod_wishes *wishes)
{
	*a = (struct line_asks){ .form = wishes->form, .lines_per_second = wishes->lines_per_second, .trace_key_bytes = wishes->trace_key.n };
	if (wishes->trace_key.n)
		memcpy(a->trace_key, wishes->trace_key.p, wishes->trace_key.n);
	return a->form || a->lines_per_second || a->trace_key_bytes;
}

bool line_asks_eq(const struct line_asks *a, const struct line_asks *b)
{
	if (!a || !b)
		return a == b;
	return a->form == b->form && a->lines_per_second == b->lines_per_second &&
	       str_eq((struct str){ a->trace_key, a->trace_key_bytes }, (struct str){ b->trace_key, b->trace_key_bytes });
}

bool line_asks_takes(const struct line_asks *a, struct line_window *window, int64_t timestamp_ns)
{
	int64_t second = timestamp_ns / SECOND_NS;
	if (!a || !a->lines_per_second)
		return true;
	if (second > window->second || second < window->second - SET_BACK)
		*window = (struct line_window){ .second = second };
	return window->lines++ < a->lines_per_second;
}

void line_asks_describe(const struct pod_wishes *w, char out[LINE_ASKS_ROOM])
{
	struct buf text;
	buf_init(&text, LINE_ASKS_ROOM - 1);
	if (w->has_stack_traces)
		buf_printf(&text, "stack_traces: %s", w->joins_stack_traces ? "true" : "false");
	if (w->form)
		buf_printf(&text, "%sparser: %s", text.n ? ", " : "", line_form_names[w->form]);
	if (w->lines_per_second)
		buf_printf(&text, "%srate: %llu", text.n ? ", " : "", (unsigned long long)w->lines_per_second);
	if (w->trace_key.n)
		buf_printf(&text, "%strace_key: " STR_FMT, text.n ? ", " : "", STR_ARG(w->trace_key));
	if (w->bad_count)
		buf_printf(&text, "%snot understood: " STR_FMT, text.n ? ", " : "", STR_ARG(str_take(w->bad, 96)));
	snprintf(out, LINE_ASKS_ROOM, STR_FMT, STR_ARG(buf_view(&text)));
	buf_fini(&text);
}
