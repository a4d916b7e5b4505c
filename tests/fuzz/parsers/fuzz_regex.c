/* First line the pattern, the rest the subject. Groups lie inside the subject and inside the whole match's bounds, a second match says
 * the same, an anchored match spans everything unless the pattern is one only between the anchors ("a)|(b"), and the time is bounded:
 * a run that never ends is the finding. */
#include <assert.h>

#include "parsers/regex/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether the pattern is one. */
static bool check(struct str pattern, struct str subject, unsigned flags, bool spans)
{
	char err[256] = "";
	struct regex *r = regex_new(pattern, flags, err);
	struct regex_groups groups, again;
	struct buf text;
	assert((r == NULL) == (err[0] != 0));
	if (!r)
		return false;
	buf_init(&text, 1 << 16);
	enum regex_result result = regex_match(r, subject, 0, &groups);
	assert(regex_match(r, subject, 0, &again) == result);
	if (result == REGEX_MATCH) {
		assert(groups.count == regex_group_count(r) && groups.count <= REGEX_GROUPS_MAX);
		for (size_t i = 0; i < groups.count; i++) {
			struct str g = groups.at[i];
			assert(g.p == again.at[i].p && g.n == again.at[i].n);
			assert(!g.p || subject.n == 0 || (g.p >= subject.p && g.p + g.n <= subject.p + subject.n));
		}
		assert(!spans || groups.at[0].n == subject.n);
		regex_expand(r, pattern, &groups, &text);
	}
	buf_fini(&text);
	regex_free(r);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str subject = { (const char *)data, size }, pattern = str_cut(&subject, '\n');
	bool is_pattern = check(pattern, subject, 0, false);
	check(pattern, subject, REGEX_ANCHORED, is_pattern);
	return 0;
}
