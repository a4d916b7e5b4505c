/* What comes from an agent that is none, or from lines of programs, and what must not come out: the first byte chooses. Text for a terminal
 * holds no control byte, a table is as wide as it may be, a text that was blotted holds no secret. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/commands/explain_way.h"
#include "agent/commands/redact.h"
#include "agent/commands/tap.h"
#include "agent/commands/top_layout.h"

enum { COLUMNS = 60, LINES = 20 };
#define SECRET STR("s3cretWord")

static void need(bool is_true)
{
	if (!is_true)
		abort();
}

static void pretty(struct str input)
{
	struct buf out;
	buf_init(&out, 16 * input.n + 4096);
	tap_pretty(input, &out);
	for (size_t i = 0; i < out.n; i++)
		need((unsigned char)out.p[i] >= 0x20 || out.p[i] == '\t' || (out.p[i] == '\n' && i + 1 == out.n));
	buf_fini(&out);
}

static void table(struct str input)
{
	struct top_view v;
	char err[256];
	struct buf out;
	size_t lines = 0, columns = 0;
	struct top_answers answers = { input, input, input, input };
	if (!top_view_read(&v, &answers, err))
		return;
	buf_init(&out, 1 << 20);
	top_view_sort(&v, TOP_BY_BEHIND);
	top_layout(&v, (struct top_size){ COLUMNS, LINES }, "behind", "", &out);
	for (size_t i = 0; i < out.n; i++) {
		unsigned char c = (unsigned char)out.p[i];
		need(c == '\n' || (c >= 0x20 && c != 0x7f));
		columns = c == '\n' ? 0 : columns + ((c & 0xc0) != 0x80);
		lines += c == '\n';
		need(columns <= COLUMNS);
	}
	need(lines == LINES);
	buf_fini(&out);
	top_view_fini(&v);
}

static void blot(struct str input)
{
	struct redact r = { 0 };
	struct buf out;
	redact_add(&r, SECRET);
	buf_init(&out, 64 * input.n + 4096);
	redact_text(&r, input, &out);
	need(!out.n || !memmem(out.p, out.n, SECRET.p, SECRET.n));
	buf_fini(&out);
	redact_fini(&r);
}

static void labels(struct str input)
{
	struct labels l = { 0 };
	struct arena arena = { 0 };
	explain_labels(input, &l, &arena);
	labels_fini(&l);
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct str) = { pretty, table, blot, labels };
	if (size > 0)
		targets[data[0] % COUNT_OF(targets)]((struct str){ (const char *)data + 1, size - 1 });
	return 0;
}
