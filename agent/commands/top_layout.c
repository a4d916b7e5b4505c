/* Columns of fixed width but the first, which takes what is left. A line is made at full length and cut at the end: that is where the cut
 * happens, and the only place that knows how wide the terminal is. */
#include "agent/commands/top_layout.h"

#include <stdio.h>

enum { NAME_WIDTH_MIN = 16, NAME_WIDTH_PLAIN = 48, LINE_ROOM = 4096, NUMBER_ROOM = 32, DESTINATION_LINES = 12 };

struct page {
	struct buf *out;
	struct top_size size;
	size_t lines; /* written so far */
	struct buf line;
};

/* ---- texts ---- */

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* s in at most `width` columns, one for each character; padded on the right. Control bytes become '?'. */
static void put_text(struct buf *line, struct str s, size_t width, bool is_padded)
{
	size_t columns = 0;
	for (size_t i = 0; i < s.n && (columns < width || is_continuation(s.p[i])); i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool is_control = c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0);
		buf_char(line, is_control ? '?' : s.p[i]);
		i += is_control && c == 0xc2;
		columns += !is_continuation(s.p[i]) || is_control;
	}
	while (is_padded && columns++ < width)
		buf_char(line, ' ');
}

static void put_right(struct buf *line, const char *text, size_t width)
{
	for (size_t n = strlen(text); n < width; n++)
		buf_char(line, ' ');
	buf_str(line, str_of(text));
}

/* "0", "7.3", "812", "12.3k", "4.5M": three digits or four. */
static void short_number(double value, char to[NUMBER_ROOM])
{
	static const char units[] = " kMGTPE";
	size_t unit = 0;
	while (value >= 999.5 && unit + 2 < sizeof units) {
		value /= 1000;
		unit++;
	}
	int decimals = value > 0 && value < 99.95;
	snprintf(to, NUMBER_ROOM, "%.*f%.1s", decimals, value, unit ? units + unit : "");
}

static void put_count(struct buf *line, const struct top_view *v, const struct top_count *count, size_t width)
{
	char text[NUMBER_ROOM];
	if (v->has_rates)
		short_number(count->rate, text);
	else
		snprintf(text, sizeof text, "%llu", (unsigned long long)count->total);
	put_right(line, text, width);
}

static void put_u64(struct buf *line, uint64_t value, size_t width)
{
	char text[NUMBER_ROOM];
	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	put_right(line, text, width);
}

static void put_bytes(struct buf *line, const struct top_view *v, uint64_t value, size_t width)
{
	char text[NUMBER_ROOM];
	if (!v->has_rates) {
		put_u64(line, value, width);
		return;
	}
	short_number((double)value, text);
	put_right(line, text, width);
}

static void put_seconds(struct buf *line, double s, size_t width)
{
	char text[NUMBER_ROOM];
	if (s <= 0)
		snprintf(text, sizeof text, "-");
	else if (s < 100)
		snprintf(text, sizeof text, "%.1fs", s);
	else if (s < 6000)
		snprintf(text, sizeof text, "%.0fm", s / 60);
	else
		snprintf(text, sizeof text, "%.1fh", s / 3600);
	put_right(line, text, width);
}

/* ---- lines ---- */

static bool has_room(const struct page *p)
{
	return p->size.lines == 0 || p->lines + 1 < p->size.lines; /* the last one is for the keys */
}

/* Cuts what does not fit, at a character. */
static void print_line(struct page *p)
{
	struct str line = buf_view(&p->line);
	size_t columns = 0, n = 0;
	for (; n < line.n; n++) {
		if (!is_continuation(line.p[n]) && p->size.columns && columns++ == p->size.columns)
			break;
	}
	line.n = n;
	while (line.n && line.p[line.n - 1] == ' ')
		line.n--;
	buf_str(p->out, line);
	buf_char(p->out, '\n');
	buf_reset(&p->line);
	p->lines++;
}

static void end_line(struct page *p)
{
	if (has_room(p))
		print_line(p);
	buf_reset(&p->line);
}

static void head(struct page *p, const struct top_view *v)
{
	struct buf *line = &p->line;
	buf_str(line, STR("spoor "));
	put_text(line, v->version, 20, false);
	buf_str(line, STR(" on "));
	put_text(line, v->node, 64, false);
	buf_str(line, STR(", "));
	put_text(line, v->mode, 20, false);
	buf_str(line, v->is_ready ? STR(": ready") : STR(": not ready: "));
	if (!v->is_ready)
		put_text(line, v->not_ready_why, 200, false);
	if (v->is_degraded) {
		buf_str(line, STR("; degraded: "));
		put_text(line, v->degraded_why, 200, false);
	}
	end_line(p);
	buf_str(line, v->has_rates ? STR("read/s: lines ") : STR("read: lines "));
	put_count(line, v, &v->lines, 0);
	buf_str(line, STR(", bytes "));
	put_count(line, v, &v->bytes, 0);
	buf_str(line, STR("; lag "));
	put_seconds(line, v->lag_s, 0);
	buf_printf(line, "; files %llu, refused %llu", (unsigned long long)v->files_known, (unsigned long long)v->files_refused);
	buf_printf(line, "; bytes lost %llu", (unsigned long long)v->bytes_lost);
	end_line(p);
}

static size_t name_width(const struct page *p, size_t others)
{
	if (p->size.columns == 0)
		return NAME_WIDTH_PLAIN;
	return p->size.columns > others + NAME_WIDTH_MIN ? p->size.columns - others : NAME_WIDTH_MIN;
}

static void destinations(struct page *p, const struct top_view *v)
{
	struct buf *line = &p->line;
	size_t width = v->has_rates ? 9 : 13, name = 28;
	if (v->destination_count == 0)
		return;
	end_line(p);
	put_text(line, STR("DESTINATION"), name, true);
	buf_str(line, STR(" STATE        "));
	put_right(line, v->has_rates ? "SENT/s" : "SENT", width);
	put_right(line, v->has_rates ? "DROPPED/s" : "DROPPED", width + 1);
	put_right(line, "PENDING", width);
	put_right(line, v->has_rates ? "BYTES/s" : "BYTES", width);
	put_right(line, "RETRY", 7);
	buf_str(line, STR("  LAST ERROR"));
	end_line(p);
	for (size_t i = 0; i < v->destination_count && i < DESTINATION_LINES && has_room(p); i++) {
		const struct top_destination *d = &v->destinations[i];
		put_text(line, d->name, d->is_receiver ? name - 10 : name, false);
		buf_str(line, d->is_receiver ? STR(" (metrics)") : STR(""));
		while (line->n < name + 1)
			buf_char(line, ' ');
		put_text(line, d->state, 12, true);
		buf_char(line, ' ');
		put_count(line, v, &d->sent, width);
		put_count(line, v, &d->dropped, width + 1);
		put_u64(line, d->pending, width);
		put_count(line, v, &d->bytes, width);
		put_seconds(line, d->retry_s, 7);
		buf_str(line, STR("  "));
		put_text(line, d->last_error, 300, false);
		end_line(p);
	}
}

static void put_lines(struct buf *line, const struct top_view *v, const struct top_log *log, size_t width)
{
	if (log->has_lines) {
		put_count(line, v, &log->lines, width);
		put_count(line, v, &log->dropped, width);
	} else {
		put_right(line, "-", width);
		put_right(line, "-", width);
	}
}

static void logs(struct page *p, const struct top_view *v)
{
	struct buf *line = &p->line;
	size_t width = v->has_rates ? 9 : 13, name = name_width(p, 5 * width + 8 + 2 + 10);
	size_t shown = 0;
	end_line(p);
	put_text(line, STR("POD OR FILE"), name, true);
	put_right(line, v->has_rates ? "LINES/s" : "LINES", width);
	put_right(line, v->has_rates ? "DROPS/s" : "DROPS", width);
	put_right(line, v->has_rates ? "BYTES/s" : "BYTES", width);
	put_right(line, "BEHIND", width);
	put_right(line, "LAG", width);
	put_right(line, "FILES", 8);
	buf_str(line, STR("  STATE"));
	end_line(p);
	for (; shown < v->log_count && has_room(p); shown++) {
		const struct top_log *log = &v->logs[shown];
		put_text(line, log->name, name - 1, true);
		buf_char(line, ' ');
		put_lines(line, v, log, width);
		put_count(line, v, &log->bytes, width);
		put_bytes(line, v, log->behind_bytes, width);
		put_seconds(line, log->lag_s, width);
		put_u64(line, log->files, 8);
		buf_str(line, STR("  "));
		put_text(line, log->state, 64, false);
		end_line(p);
	}
}

void top_layout(const struct top_view *v, struct top_size size, const char *sort, const char *note, struct buf *out)
{
	struct page p = { .out = out, .size = size };
	buf_init(&p.line, LINE_ROOM);
	head(&p, v);
	destinations(&p, v);
	logs(&p, v);
	if (size.lines) {
		while (has_room(&p))
			end_line(&p);
		buf_printf(&p.line, "by %s; b behind, l lag, y bytes, n name, q quit%s%s", sort, *note ? ": " : "", note);
		print_line(&p);
	}
	buf_fini(&p.line);
}
