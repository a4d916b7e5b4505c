/* A text against the one that is recorded in tests/fixtures. SPOOR_WRITE_PAGES=1 records it anew: look at what changed. */
#ifndef TESTS_UNIT_AGENT_RECORDED_H
#define TESTS_UNIT_AGENT_RECORDED_H

#include "tests/unit/agent/tree.h"

/* name: "pods/podlist.prom". Line by line, so that the first difference is shown and not two pages. */
static inline void recorded_check(const char *name, struct str got)
{
	char path[4096];
	size_t n;
	snprintf(path, sizeof path, "%s/%s", FIXTURES, name);
	if (getenv("SPOOR_WRITE_PAGES")) {
		FILE *f = fopen(path, "w");
		ck_assert_msg(f, "cannot write %s", path);
		ck_assert_uint_eq(fwrite(got.p, 1, got.n, f), got.n);
		ck_assert_int_eq(fclose(f), 0);
	}
	char *recorded = tree_read(path, &n);
	ck_assert_uint_lt(n, TREE_TEXT_MAX - 1);
	struct str want = { recorded, n };
	size_t got_bytes = got.n;
	for (unsigned line = 1; got.n || want.n; line++) {
		struct str g = str_cut(&got, '\n'), w = str_cut(&want, '\n');
		ck_assert_msg(str_eq(g, w), "%s:%u:\n got " STR_FMT "\nwant " STR_FMT, name, line, STR_ARG(g), STR_ARG(w));
	}
	ck_assert_msg(got_bytes == n, "%s: got %zu bytes, want %zu: look at the last line feed", name, got_bytes, n);
	free(recorded);
}

#endif
