/* Where the message starts follows from where the time ends, and that is byte 30 in most lines; the four usual heads of the rest
 * are compared as wholes. Tags may be joined by ':' ("P:..."); only the first one, P or F, has a meaning so far. */
#include "parsers/cri.h"

#include "parsers/bytes/rfc3339.h"

enum { HEAD_BYTES = 9, STREAM_BYTES = 7, TIME_BYTES = 30 /* nine digits and Z */, TIME_BYTES_MIN = 20, TIME_BYTES_MAX = 40 };

static const struct {
	char text[HEAD_BYTES + 1];
	bool is_stderr, is_partial;
} heads[] = {
	{ "stdout F ", false, false },
	{ "stderr F ", true, false },
	{ "stdout P ", false, true },
	{ "stderr P ", true, true },
};

/* Rare: further tags behind the first, or no blank behind the tag of an empty message. */
static bool parse_tags(struct str rest, struct runtime_line *out)
{
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		if (rest.n <= STREAM_BYTES || memcmp(rest.p, heads[i].text, STREAM_BYTES + 1) != 0)
			continue;
		out->message = str_skip(rest, STREAM_BYTES);
		struct str tags = str_cut(&out->message, ' ');
		out->is_stderr = heads[i].is_stderr;
		out->is_partial = heads[i].is_partial;
		return tags.n == 1 || tags.p[1] == ':';
	}
	return false;
}

static inline bool parse_rest(struct str rest, struct runtime_line *out)
{
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		if (rest.n < HEAD_BYTES || memcmp(rest.p, heads[i].text, HEAD_BYTES) != 0)
			continue;
		out->message = (struct str){ rest.p + HEAD_BYTES, rest.n - HEAD_BYTES };
		out->is_stderr = heads[i].is_stderr;
		out->is_partial = heads[i].is_partial;
		return true;
	}
	return parse_tags(rest, out);
}

bool cri_parse(struct str line, struct runtime_line *out)
{
	bool is_usual = line.n > TIME_BYTES && line.p[TIME_BYTES - 1] == 'Z' && line.p[TIME_BYTES] == ' ';
	size_t at = is_usual ? TIME_BYTES : str_find(str_take(line, TIME_BYTES_MAX), ' ');
	if (at < TIME_BYTES_MIN || at >= line.n || line.p[10] != 'T' ||
		!rfc3339_parse((struct str){ line.p, at }, &out->timestamp_ns))
		return false;
	return parse_rest((struct str){ line.p + at + 1, line.n - at - 1 }, out);
}
