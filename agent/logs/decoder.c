/* Each line begins in the encoding's first state, as it does for Promtail: a line that is damaged costs no other. iconv stops at what it cannot
 * read; that is stepped over by one unit. Its tables are shared objects that libc loads when it is opened, at the start. */
#include "agent/logs/decoder.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/utf8.h"

enum { STEP_BYTES = 4096, CHARACTER_BYTES = 16, TEXT_BYTES = 8 << 20, MOST_BYTES = TEXT_BYTES / 2 };

struct decoder {
	const struct charset *charset;
	iconv_t by_units[CHARSET_PAIRS_MARKED]; /* BYTES, or both of the others */
	struct buf text;
};

static iconv_t open_one(const char *name, char err[256])
{
	iconv_t cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t)-1)
		snprintf(err, 256, "libc on this machine has no table for %s: install its gconv modules (Debian: libc6, Fedora: glibc-gconv-extra)", name);
	return cd;
}

struct decoder *decoder_new(const struct charset *charset, char err[256])
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		abort();
	d->charset = charset;
	buf_init(&d->text, TEXT_BYTES);
	bool is_good = true;
	for (size_t i = 0; i < COUNT_OF(d->by_units); i++) {
		static const char *const names[] = { [CHARSET_PAIRS_BE] = "UTF-16BE", [CHARSET_PAIRS_LE] = "UTF-16LE" };
		bool is_used = charset->units == i || (charset->units == CHARSET_PAIRS_MARKED && i != CHARSET_BYTES);
		d->by_units[i] = is_used && is_good ? open_one(i == CHARSET_BYTES ? charset->iconv : names[i], err) : (iconv_t)-1;
		is_good &= !is_used || d->by_units[i] != (iconv_t)-1;
	}
	if (is_good)
		return d;
	decoder_free(d);
	return NULL;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < COUNT_OF(d->by_units); i++)
		if (d->by_units[i] != (iconv_t)-1)
			iconv_close(d->by_units[i]);
	buf_fini(&d->text);
	free(d);
}

const struct charset *decoder_charset(const struct decoder *d)
{
	return d->charset;
}

static bool is_all_ascii(struct str s)
{
	unsigned char high = 0;
	for (size_t i = 0; i < s.n; i++)
		high |= (unsigned char)s.p[i];
	return high < 0x80;
}

/* iconv on what is left, and past what it stops at. */
static void convert_some(struct decoder *d, iconv_t cd, struct str *in, size_t unit_bytes)
{
	size_t want = in->n < STEP_BYTES ? 4 * in->n + CHARACTER_BYTES : 4 * (size_t)STEP_BYTES, left = want;
	char *to = buf_reserve(&d->text, want), *from = (char *)(uintptr_t)in->p;
	if (!to)
		abort();
	size_t rest = in->n;
	size_t got = iconv(cd, &from, &rest, &to, &left);
	int error = got == (size_t)-1 ? errno : 0;
	bool has_moved = rest < in->n;
	buf_grow(&d->text, want - left);
	*in = str_skip(*in, in->n - rest);
	if (!error || (error == E2BIG && has_moved))
		return;
	buf_str(&d->text, STR("\xef\xbf\xbd"));
	*in = error == EINVAL ? (struct str){ 0 } : str_skip(*in, unit_bytes); /* EINVAL: the line ends within a character */
}

static void finish(struct decoder *d, iconv_t cd)
{
	char *to = buf_reserve(&d->text, CHARACTER_BYTES);
	size_t left = CHARACTER_BYTES;
	if (!to)
		abort();
	iconv(cd, NULL, NULL, &to, &left);
	buf_grow(&d->text, CHARACTER_BYTES - left);
}

struct str decoder_line(struct decoder *d, enum charset_units units, struct str line, size_t most)
{
	most = most < MOST_BYTES ? most : MOST_BYTES;
	if (d->charset->is_ascii && line.n <= most && is_all_ascii(line))
		return line;
	iconv_t cd = d->by_units[units];
	buf_reset(&d->text);
	iconv(cd, NULL, NULL, NULL, NULL);
	while (line.n && d->text.n < most)
		convert_some(d, cd, &line, charset_feed_bytes(units));
	finish(d, cd);
	struct str out = buf_view(&d->text);
	return out.n <= most ? out : str_take(out, utf8_floor(out, most));
}
