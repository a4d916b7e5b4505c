/* Places of a text: libyaml and messages count characters, the text is edited by bytes. */
#include "config/convert/convert_parts.h"

static bool is_head(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t characters(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += is_head(s.p[i]);
	return n;
}

void convert_measure(struct convert_work *w)
{
	size_t count = 1, index = 0;
	for (struct str rest = w->text; rest.n; count++)
		problems_next_line(&rest);
	w->lines = arena_alloc(w->arena, count * sizeof *w->lines);
	for (struct str rest = w->text; rest.n;) {
		size_t before = rest.n;
		w->lines[w->line_count++] = index;
		const char *from = rest.p;
		problems_next_line(&rest);
		index += characters((struct str){ from, before - rest.n });
	}
	w->is_ascii = index == w->text.n;
}

size_t convert_byte(const struct convert_work *w, size_t index)
{
	size_t at = 0;
	if (w->is_ascii)
		return index < w->text.n ? index : w->text.n;
	for (; at < w->text.n; at++)
		if (is_head(w->text.p[at]) && index-- == 0)
			break;
	return at;
}

size_t convert_index(const struct convert_work *w, uint64_t line, uint64_t column)
{
	size_t number = line - 1 < w->line_count ? (size_t)line - 1 : w->line_count - 1;
	return w->line_count ? w->lines[number] + column - 1 : 0;
}
