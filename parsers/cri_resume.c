/* One pass forward: for stdout and for stderr the first piece of what has not ended is remembered. What is no line of a runtime is passed
 * over. */
#include "parsers/cri_resume.h"

#include "parsers/cri.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t cri_resume(struct str text, int64_t since_ns)
{
	size_t open[2] = { SIZE_MAX, SIZE_MAX }, at = 0;
	for (size_t n; at < text.n; at += n) {
		struct str rest = str_skip(text, at), line = str_take(rest, str_find(rest, '\n'));
		struct runtime_line piece;
		n = line.n + 1;
		if (line.n == rest.n) /* the place is inside of this one */
			break;
		if (!cri_parse(line, &piece))
			continue;
		if (piece.timestamp_ns >= since_ns)
			break;
		size_t *begun = &open[piece.is_stderr];
		*begun = !piece.is_partial ? SIZE_MAX : least(*begun, at);
	}
	return least(least(at, text.n), least(open[0], open[1]));
}
