/* Content negotiation for two questions only: OpenMetrics or plain text, and gzip or not. Wildcards are left out on
 * purpose: a client that sends Accept: any is best served by the older format, which everybody reads. */
#include "agent/web/web_accept.h"

#include <zlib.h>

/* "q=0.5" is 500; three decimals at most; what cannot be read counts as 1, as if it were not there. */
static unsigned quality(struct str parameter)
{
	if (parameter.n < 3 || ascii_lower(parameter.p[0]) != 'q' || parameter.p[1] != '=')
		return 1000;
	struct str value = str_skip(parameter, 2);
	if (value.p[0] == '1')
		return 1000;
	if (value.p[0] != '0')
		return 1000;
	unsigned q = 0, weight = 100;
	for (size_t i = 2; i < value.n && i < 5 && ascii_is_digit(value.p[i]); i++, weight /= 10)
		q += weight * (unsigned)(value.p[i] - '0');
	return q;
}

unsigned web_accept_quality(struct str header, struct str token)
{
	unsigned best = 0;
	while (header.n) {
		struct str item = str_cut(&header, ',');
		if (!str_ieq(str_trim(str_cut(&item, ';')), token))
			continue;
		unsigned q = 1000;
		while (item.n) {
			unsigned got = quality(str_trim(str_cut(&item, ';')));
			q = got < q ? got : q;
		}
		best = q > best ? q : best;
	}
	return best;
}

bool web_gzip(struct str body, struct buf *out)
{
	enum { GZIP_WINDOW = 15 + 16, FAST = 1, MEMORY = 8 };
	z_stream z = { 0 };
	if (body.n > UINT32_MAX / 2 || deflateInit2(&z, FAST, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	uLong bound = deflateBound(&z, body.n);
	char *to = buf_reserve(out, bound);
	unsigned char none = 0;
	z.next_in = body.n ? (unsigned char *)(uintptr_t)body.p : &none;
	z.avail_in = (uInt)body.n;
	z.next_out = (unsigned char *)to;
	z.avail_out = (uInt)bound;
	bool is_done = to && deflate(&z, Z_FINISH) == Z_STREAM_END;
	if (is_done)
		buf_grow(out, z.total_out);
	deflateEnd(&z);
	return is_done;
}
