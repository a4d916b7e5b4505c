/* Doubling growth up to the ceiling; memory refused counts as the ceiling, so callers have one failure to think of. */
#include "parsers/bytes/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ROOM = 256 };

void buf_init(struct buf *b, size_t cap_bytes)
{
	*b = (struct buf){ .cap_bytes = cap_bytes };
}

void buf_fini(struct buf *b)
{
	free(b->p);
	buf_init(b, b->cap_bytes);
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->is_full = false;
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (b->is_full || b->n > b->cap_bytes || n > b->cap_bytes - b->n) {
		b->is_full = true;
		return NULL;
	}
	size_t need = b->n + n;
	if (need <= b->room && b->p)
		return b->p + b->n;
	size_t room = b->room ? b->room : FIRST_ROOM;
	while (room < need && room <= SIZE_MAX / 2)
		room *= 2;
	if (room < need || room > b->cap_bytes)
		room = b->cap_bytes;
	char *p = realloc(b->p, room ? room : 1);
	if (!p) {
		b->is_full = true;
		return NULL;
	}
	b->p = p;
	b->room = room;
	return b->p + b->n;
}

void buf_append(struct buf *b, const void *bytes, size_t n)
{
	char *at = buf_reserve(b, n);
	if (!at || n == 0)
		return;
	memcpy(at, bytes, n);
	b->n += n;
}

void buf_str(struct buf *b, struct str s)
{
	buf_append(b, s.p, s.n);
}

void buf_char(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void buf_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buf_append(b, digits + at, sizeof digits - at);
}

/* vsnprintf ends with a NUL that does not count: text that fits exactly has to be written elsewhere first. */
void buf_printf(struct buf *b, const char *format, ...)
{
	char small[256], *text = small;
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(small, sizeof small, format, args);
	if (n >= (int)sizeof small) {
		text = malloc((size_t)n + 1);
		if (text)
			vsnprintf(text, (size_t)n + 1, format, again);
	}
	if (n < 0 || !text)
		b->is_full = true;
	else
		buf_append(b, text, (size_t)n);
	if (text != small)
		free(text);
	va_end(again);
	va_end(args);
}

void buf_json(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_append(b, s.p + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			buf_append(b, (char[]){ '\\', (char)c }, 2);
		else if (c == '\n')
			buf_append(b, "\\n", 2);
		else if (c == '\t')
			buf_append(b, "\\t", 2);
		else
			buf_append(b, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
	}
	if (from < s.n)
		buf_append(b, s.p + from, s.n - from);
}
