/* Any bytes: what is shielded comes back as it was, has as many lines and, where it is UTF-8, as many characters; variables are replaced or
 * one sentence says why not. */
#include <assert.h>

#include "config/substitute.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str lookup(void *ctx, struct str name)
{
	(void)ctx;
	return name.n % 3 == 0 ? (struct str){ 0 } : name.n % 3 == 1 ? STR("") : STR("value ${A}");
}

static size_t characters(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct variables variables = { lookup, NULL };
	struct str text = { (const char *)data, size }, unset;
	struct buf shield, back, out;
	char err[256] = "";
	buf_init(&shield, 1 << 22);
	buf_init(&back, 1 << 22);
	buf_init(&out, 1 << 22);
	substitute_shield(text, &shield);
	assert(characters(buf_view(&shield)) == characters(text));
	substitute_unshield(buf_view(&shield), &back);
	assert(str_eq(buf_view(&back), text) || memchr(data, 0xee, size)); /* unless the text had such characters itself */
	assert(substitute(text, &variables, &out, &unset, err) || err[0]);
	buf_fini(&shield);
	buf_fini(&back);
	buf_fini(&out);
	return 0;
}
