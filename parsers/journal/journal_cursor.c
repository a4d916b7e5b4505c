/* Unknown parts are passed over: a newer libsystemd may have more of them. The text itself goes back to libsystemd as it came, so it
 * may hold nothing but what cursors are made of. */
#include "parsers/journal/journal_cursor.h"

#include "parsers/bytes/num.h"

static bool is_cursor_char(char c)
{
	return hex_value(c) >= 0 || (ascii_lower(c) >= 'g' && ascii_lower(c) <= 'z') || c == '=' || c == ';' || c == '-' || c == '_';
}

static bool read_id(struct str value, char id[JOURNAL_ID_BYTES])
{
	if (value.n != JOURNAL_ID_BYTES)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (hex_value(value.p[i]) < 0)
			return false;
		id[i] = ascii_lower(value.p[i]);
	}
	return true;
}

bool journal_cursor_parse(struct str text, struct journal_cursor *out)
{
	struct journal_cursor c = { 0 };
	bool has_id = false, has_sequence = false, has_time = false;
	if (text.n == 0 || text.n > JOURNAL_CURSOR_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (!is_cursor_char(text.p[i]))
			return false;
	while (text.n) {
		struct str value = str_cut(&text, ';'), key = str_cut(&value, '=');
		if (str_eq(key, STR("s")))
			has_id = read_id(value, c.id);
		else if (str_eq(key, STR("i")))
			has_sequence = num_hex64(value, &c.sequence);
		else if (str_eq(key, STR("t")))
			has_time = num_hex64(value, &c.realtime_us);
	}
	if (!has_id || !has_sequence || !has_time)
		return false;
	*out = c;
	return true;
}

bool journal_cursor_before(const struct journal_cursor *a, const struct journal_cursor *b)
{
	if (memcmp(a->id, b->id, sizeof a->id) == 0)
		return a->sequence < b->sequence;
	return a->realtime_us < b->realtime_us;
}
