/* Where the message starts follows from where the time ends, and that is byte 30 in most lines. Tags may be joined by ':'
 * ("P:..."); only the first one, P or F, has a meaning so far. */
#include "parsers/cri.h"

#include "parsers/bytes/rfc3339.h"

enum { STREAM_BYTES = 6 /* "stdout", "stderr" */, TIME_BYTES = 30 /* nine digits and Z */, TIME_BYTES_MIN = 20, TIME_BYTES_MAX = 40 };

/* "F message" */
static bool read_tag(struct str rest, struct runtime_line *out)
{
	struct str tags = { rest.p, 1 };
	if (rest.n > 1 && rest.p[1] == ' ')
		rest = (struct str){ rest.p + 2, rest.n - 2 };
	else
		tags = str_cut(&rest, ' ');
	if (tags.n == 0 || (tags.n > 1 && tags.p[1] != ':') || (tags.p[0] != 'P' && tags.p[0] != 'F'))
		return false;
	out->is_partial = tags.p[0] == 'P';
	out->message = rest;
	return true;
}

bool cri_parse(struct str line, struct runtime_line *out)
{
	bool is_usual = line.n > TIME_BYTES && line.p[TIME_BYTES - 1] == 'Z' && line.p[TIME_BYTES] == ' ';
	size_t at = is_usual ? TIME_BYTES : str_find(str_take(line, TIME_BYTES_MAX), ' ');
	/* At least " stdout F" behind the time. */
	if (line.n < at + STREAM_BYTES + 3 || at < TIME_BYTES_MIN || line.p[10] != 'T' || !rfc3339_parse((struct str){ line.p, at }, &out->timestamp_ns))
		return false;
	struct str rest = { line.p + at + 1, line.n - at - 1 };
	out->is_stderr = memcmp(rest.p, "stderr ", STREAM_BYTES + 1) == 0;
	if (!out->is_stderr && memcmp(rest.p, "stdout ", STREAM_BYTES + 1) != 0)
		return false;
	return read_tag((struct str){ rest.p + STREAM_BYTES + 1, rest.n - STREAM_BYTES - 1 }, out);
}
