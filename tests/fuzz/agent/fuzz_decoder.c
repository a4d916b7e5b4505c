/* Bytes in any encoding: first byte which one, second how much text there may be. It ends, is UTF-8, and has no more than that; lines are cut
 * at line feeds that are there. */
#include <assert.h>
#include <stdint.h>

#include "agent/logs/decoder.h"
#include "parsers/bytes/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[256];
	size_t count = 0;
	while (charset_at(count))
		count++;
	const struct charset *c = size > 2 ? charset_at(data[0] % count) : NULL;
	struct decoder *d = c && c->iconv ? decoder_new(c, err) : NULL;
	if (!d)
		return 0;
	struct str rest = { (const char *)data + 2, size - 2 };
	size_t most = (size_t)data[1] * 64, offset = 0;
	enum charset_units units = charset_resolve(c->units, rest);
	while (rest.n) {
		size_t n = charset_feed(units, rest, offset), used = n < rest.n ? n + charset_feed_bytes(units) : n;
		assert(used <= rest.n);
		struct str text = decoder_line(d, units, str_take(rest, n), most);
		assert(text.n <= most && utf8_valid(text) == text.n);
		offset += used;
		rest = str_skip(rest, used);
	}
	decoder_free(d);
	return 0;
}
