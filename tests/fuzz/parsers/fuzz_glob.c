/* Input: a pattern, a line feed, a path. A second matcher, after the definition and with backtracking, decides the same. It knows
 * neither braces nor classes and counts its steps: inputs that take it too long are not compared. */
#include <assert.h>

#include "parsers/bytes/utf8.h"
#include "parsers/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 20000 };

static size_t character(struct str s)
{
	unsigned char first = (unsigned char)s.p[0];
	size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	return n <= s.n && utf8_valid(str_take(s, n)) == n ? n : 1;
}

static bool slow(struct str pattern, struct str path, bool is_start, unsigned *steps)
{
	if (++*steps > STEPS_MAX)
		return false;
	if (pattern.n == 0)
		return path.n == 0;
	if (path.n == 0 && (str_eq(pattern, STR("/**")) || str_eq(pattern, STR("/**/"))))
		return true;
	char c = pattern.p[0];
	if (c == '*') {
		size_t stars = 1;
		while (stars < pattern.n && pattern.p[stars] == '*')
			stars++;
		struct str rest = str_skip(pattern, stars);
		bool is_deep = stars == 2 && is_start && (rest.n == 0 || rest.p[0] == '/');
		if (is_deep && rest.n == 0)
			return true;
		for (size_t i = 0;; i++) {
			bool is_stop = !is_deep || i == 0 || path.p[i - 1] == '/';
			if (is_stop && slow(is_deep ? str_skip(rest, 1) : rest, str_skip(path, i), is_deep, steps))
				return true;
			if (i == path.n || (!is_deep && path.p[i] == '/'))
				return false;
		}
	}
	if (path.n == 0)
		return false;
	if (c == '?')
		return path.p[0] != '/' && slow(str_skip(pattern, 1), str_skip(path, character(path)), false, steps);
	if (c == '\\')
		pattern = str_skip(pattern, 1);
	return pattern.p[0] == path.p[0] && slow(str_skip(pattern, 1), str_skip(path, 1), pattern.p[0] == '/', steps);
}

static bool has_any(struct str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(set, s.p[i]) || (unsigned char)s.p[i] >= 0x80)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str path = { (const char *)data, size }, pattern = str_cut(&path, '\n'), root = glob_root(pattern);
	bool got = glob_match(pattern, path);
	unsigned steps = 0;
	assert(!got || glob_is_valid(pattern));
	assert(root.n <= pattern.n && (root.n == 0 || root.p == pattern.p));
	/* What matches lies below the root ("/" and "**" match "" too). */
	assert(!got || str_starts(path, root) || (path.n == 0 && root.n == 1));
	if (pattern.n > GLOB_PATTERN_BYTES || !glob_is_valid(pattern) || has_any(pattern, "[{"))
		return 0;
	bool want = slow(pattern, path, true, &steps);
	assert(steps > STEPS_MAX || got == want);
	/* The same pattern as the only alternative means the same. */
	struct buf braces;
	buf_init(&braces, 2 * size + 64);
	buf_str(&braces, STR("{"));
	buf_str(&braces, pattern);
	buf_str(&braces, STR("}"));
	if (!has_any(pattern, "},") && braces.n <= GLOB_PATTERN_BYTES && !str_ends(pattern, STR("/")))
		assert(glob_match(buf_view(&braces), path) == got);
	buf_fini(&braces);
	return 0;
}
