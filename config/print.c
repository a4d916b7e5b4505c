/* The table once more, now from the fields to text: what is printed loads again and means the same, secrets apart. Headings
 * (sections) are written when their first value is, so that nothing empty is shown. */
#include "config/load.h"

#include "config/address.h"
#include "config/options/options.h"

enum { DEEPEST = 8 };

struct scope { /* the configuration, or one element of a list */
	struct str path;          /* "logs.clients[]", "" */
	const char *base;
	size_t levels;            /* of indentation of its keys */
	struct str open[DEEPEST]; /* headings of the sections inside it that were written last */
	size_t open_count;
	bool has_dash;            /* its first line still needs the "- " of the element */
};

/* Code points that may stand raw between double quotes; the rest is written as \u. Line and paragraph separators and NEL would be
 * folded, others are refused by YAML readers. */
static bool is_raw(uint32_t c)
{
	if (c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff)
		return false;
	return !(c >= 0xd800 && c < 0xe000) && c != 0xfffe && c != 0xffff;
}

/* One code point of valid UTF-8 off the front. */
static uint32_t next_code(struct str *s)
{
	unsigned char lead = (unsigned char)s->p[0];
	size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? lead : lead & (0x7fu >> n);
	for (size_t i = 1; i < n && i < s->n; i++)
		c = c << 6 | ((unsigned char)s->p[i] & 0x3f);
	*s = str_skip(*s, n);
	return c;
}

static bool is_plain(struct str s)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on", "off", "null", "y", "n" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_ieq(s, str_of(words[i])))
			return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		bool is_inner = i && (ascii_is_digit(c) || c == '.' || c == '-' || (c == ':' && i + 1 < s.n));
		if ((c < 'a' || c > 'z') && c != '_' && c != '/' && !is_inner)
			return false;
	}
	return s.n > 0;
}

static void print_text(struct str s, struct buf *out)
{
	if (is_plain(s)) {
		buf_str(out, s);
		return;
	}
	buf_char(out, '"');
	while (s.n) {
		struct str rest = s;
		uint32_t c = next_code(&rest);
		if (is_raw(c))
			buf_str(out, str_take(s, s.n - rest.n));
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (int)c);
		else
			buf_printf(out, "\\u%04x", (unsigned)c);
		s = rest;
	}
	buf_char(out, '"');
}

static void start_line(struct scope *s, size_t depth, struct buf *out)
{
	for (size_t i = s->has_dash; i < s->levels + depth; i++)
		buf_str(out, STR("  "));
	if (s->has_dash)
		buf_str(out, STR("- "));
	s->has_dash = false;
}

/* "key:" at its place, after the headings that lead to it. Returns the level of the key. */
static size_t print_key(struct scope *s, const struct option *o, struct buf *out)
{
	struct str inside = str_skip(option_section(o), s->path.n);
	size_t depth = 0;
	if (inside.n && inside.p[0] == '.')
		inside = str_skip(inside, 1);
	for (; inside.n && depth < DEEPEST; depth++) {
		struct str name = str_cut(&inside, '.');
		if (depth < s->open_count && str_eq(s->open[depth], name))
			continue;
		start_line(s, depth, out);
		buf_str(out, name);
		buf_str(out, STR(":\n"));
		s->open[depth] = name;
		s->open_count = depth + 1;
	}
	s->open_count = depth;
	start_line(s, depth, out);
	buf_str(out, option_key(o));
	buf_char(out, ':');
	return s->levels + depth;
}

/* http://user:password@host -> http://<secret>@host, and what follows a '?' is hidden too. */
static void print_address(struct str s, struct buf *out)
{
	struct address a;
	if (!address_parse(s, "http|https|socks5|socks5h", &a) && (a.has_user || str_find(a.path, '?') < a.path.n)) {
		struct buf clean;
		buf_init(&clean, s.n + 64);
		buf_str(&clean, a.scheme);
		buf_str(&clean, a.has_user ? STR("://<secret>@") : STR("://"));
		buf_str(&clean, a.host);
		size_t query = str_find(a.path, '?');
		buf_str(&clean, str_take(a.path, query));
		buf_str(&clean, query < a.path.n ? STR("?<secret>") : STR(""));
		print_text(buf_view(&clean), out);
		buf_fini(&clean);
	} else {
		print_text(s, out);
	}
}

static void print_str(const struct option *o, const void *field, struct buf *out)
{
	if (str_ends(option_key(o), STR("url")))
		print_address(*(const struct str *)field, out);
	else
		print_text(*(const struct str *)field, out);
}

static void print_secret(const struct option *o, const void *field, struct buf *out)
{
	(void)o, (void)field;
	buf_str(out, STR("<secret>"));
}

static void print_bool(const struct option *o, const void *field, struct buf *out)
{
	(void)o;
	buf_str(out, *(const bool *)field ? STR("true") : STR("false"));
}

static void print_int(const struct option *o, const void *field, struct buf *out)
{
	(void)o;
	buf_printf(out, "%lld", (long long)*(const int64_t *)field);
}

struct unit { uint64_t factor; const char *name; };

/* In the largest unit that divides it. */
static void print_in_units(uint64_t value, const struct unit *units, struct buf *out)
{
	while (units->factor > 1 && (value == 0 || value % units->factor))
		units++;
	buf_u64(out, value / units->factor);
	buf_str(out, str_of(units->name));
}

static void print_count(const struct option *o, const void *field, struct buf *out)
{
	(void)o;
	buf_u64(out, *(const uint64_t *)field);
}

static void print_duration(const struct option *o, const void *field, struct buf *out)
{
	static const struct unit units[] = { { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
	(void)o;
	print_in_units((uint64_t)*(const int64_t *)field, units, out);
}

static void print_bytes(const struct option *o, const void *field, struct buf *out)
{
	static const struct unit units[] = { { 1u << 30, "GiB" }, { 1u << 20, "MiB" }, { 1u << 10, "KiB" }, { 1, "" } };
	(void)o;
	print_in_units(*(const uint64_t *)field, units, out);
}

typedef void print_fn(const struct option *o, const void *field, struct buf *out);
static print_fn *const print_fns[OPTION_KINDS] = {
	[OPTION_STR] = print_str,
	[OPTION_SECRET] = print_secret,
	[OPTION_TEXT] = print_str,
	[OPTION_CHOICE] = print_str,
	[OPTION_BOOL] = print_bool,
	[OPTION_INT] = print_int,
	[OPTION_COUNT] = print_count,
	[OPTION_DURATION] = print_duration,
	[OPTION_BYTES] = print_bytes,
	[OPTION_BASE2] = print_bytes,
};

static bool is_text(enum option_kind kind)
{
	return kind == OPTION_STR || kind == OPTION_SECRET || kind == OPTION_CHOICE;
}

/* Says nothing: an empty text, a rule's default, a number whose 0 stands for "not given". A switch that is off, in a section of a list
 * element that may not be used at all, is noise too. */
static bool is_noise(const struct scope *s, const struct option *o, const char *field)
{
	uint64_t number = 0;
	if (o->kind == OPTION_TEXT)
		return str_eq(*(const struct str *)(const void *)field, str_of(o->fallback));
	if (is_text(o->kind))
		return !((const struct str *)(const void *)field)->n;
	if (!o->fallback[0] && (o->kind == OPTION_COUNT || o->kind == OPTION_DURATION || o->kind == OPTION_BASE2))
		return memcmp(field, &number, sizeof number) == 0;
	return o->kind == OPTION_BOOL && s->path.n && o->fallback[0] == 'f' && !*(const bool *)(const void *)field &&
		!str_eq(option_section(o), s->path);
}

static void print_scalar(struct scope *s, const struct option *o, struct buf *out)
{
	const char *field = s->base + o->offset;
	if (is_noise(s, o, field))
		return;
	print_key(s, o, out);
	buf_char(out, ' ');
	print_fns[o->kind](o, field, out);
	buf_char(out, '\n');
}

static void print_pair(size_t level, struct str name, struct str value, bool is_secret, struct buf *out)
{
	for (size_t i = 0; i < level; i++)
		buf_str(out, STR("  "));
	print_text(name, out);
	buf_str(out, STR(": "));
	if (is_secret)
		buf_str(out, STR("<secret>"));
	else
		print_text(value, out);
	buf_char(out, '\n');
}

static void print_labels(struct scope *s, const struct option *o, struct buf *out)
{
	const struct config_labels *labels = (const void *)(s->base + o->offset);
	if (!labels->count)
		return;
	size_t level = print_key(s, o, out);
	buf_char(out, '\n');
	for (size_t i = 0; i < labels->count; i++)
		print_pair(level + 1, labels->at[i].name, labels->at[i].value, o->kind == OPTION_SECRET_MAP, out);
}

static void print_indent(size_t level, struct buf *out)
{
	for (size_t i = 0; i < level; i++)
		buf_str(out, STR("  "));
}

/* Rows of the same name stand together: they come out of one list. */
static void print_params(struct scope *s, const struct option *o, struct buf *out)
{
	const struct config_labels *params = (const void *)(s->base + o->offset);
	if (!params->count)
		return;
	size_t level = print_key(s, o, out) + 1;
	for (size_t i = 0; i < params->count; i++) {
		bool is_more = i && str_eq(params->at[i].name, params->at[i - 1].name);
		if (!is_more) {
			buf_str(out, i ? STR("]\n") : STR("\n"));
			print_indent(level, out);
			print_text(params->at[i].name, out);
		}
		buf_str(out, is_more ? STR(", ") : STR(": ["));
		print_text(params->at[i].value, out);
	}
	buf_str(out, STR("]\n"));
}

static void print_http_headers(struct scope *s, const struct option *o, struct buf *out)
{
	const struct config_labels *headers = (const void *)(s->base + o->offset);
	if (!headers->count)
		return;
	size_t level = print_key(s, o, out) + 1;
	for (size_t i = 0; i < headers->count; i++) {
		bool is_more = i && str_eq(headers->at[i].name, headers->at[i - 1].name);
		if (!is_more) {
			buf_str(out, i ? STR("] }\n") : STR("\n"));
			print_indent(level, out);
			print_text(headers->at[i].name, out);
		}
		buf_str(out, is_more ? STR(", <secret>") : STR(": { secrets: [<secret>"));
	}
	buf_str(out, STR("] }\n"));
}

static void print_static_labels(struct scope *s, const struct option *o, struct buf *out)
{
	const struct config_static *files = (const void *)s->base;
	size_t level = print_key(s, o, out);
	buf_char(out, '\n');
	if (files->path.n)
		print_pair(level + 1, STR("__path__"), files->path, false, out);
	for (size_t i = 0; i < files->internal.count; i++)
		print_pair(level + 1, files->internal.at[i].name, files->internal.at[i].value, false, out);
	if (files->path_exclude.n)
		print_pair(level + 1, STR("__path_exclude__"), files->path_exclude, false, out);
	for (size_t i = 0; i < files->labels.count; i++)
		print_pair(level + 1, files->labels.at[i].name, files->labels.at[i].value, false, out);
}

static void print_strings(struct scope *s, const struct option *o, struct buf *out)
{
	const struct config_strings *strings = (const void *)(s->base + o->offset);
	if (!strings->count)
		return;
	print_key(s, o, out);
	buf_str(out, STR(" ["));
	for (size_t i = 0; i < strings->count; i++) {
		buf_str(out, i ? STR(", ") : STR(""));
		print_text(strings->at[i], out);
	}
	buf_str(out, STR("]\n"));
}

static void print_stages(struct scope *s, const struct option *o, struct buf *out)
{
	const struct config_stages *stages = (const struct config_stages *)(const void *)(s->base + o->offset);
	if (stages->format != FORMAT_CRI && stages->format != FORMAT_DOCKER && !stages->list)
		return;
	print_key(s, o, out);
	buf_char(out, ' ');
	stages_print(stages, out);
}

static void print_scope(struct scope *s, struct buf *out);

/* Jobs that no file has written: metrics.node and the like have made them. */
static bool is_made(const struct option *list, const char *element)
{
	return strcmp(list->path, "metrics.scrape_configs[]") == 0 && ((const struct config_metric_scrape *)(const void *)element)->builtin;
}

static void print_list(struct scope *s, const struct option *o, struct buf *out)
{
	const char *at;
	size_t count;
	memcpy(&at, s->base + o->offset, sizeof at);
	memcpy(&count, s->base + o->count_offset, sizeof count);
	for (; count && is_made(o, at); count--)
		at += o->element_bytes;
	if (!count)
		return;
	size_t level = print_key(s, o, out);
	buf_char(out, '\n');
	for (size_t i = 0; i < count; i++) {
		struct scope element = { .path = str_of(o->path), .base = at + i * o->element_bytes, .levels = level + 2,
			.has_dash = true };
		print_scope(&element, out);
		if (element.has_dash) {
			start_line(&element, 0, out);
			buf_str(out, STR("{}\n"));
		}
	}
}

typedef void print_kind_fn(struct scope *s, const struct option *o, struct buf *out);
static print_kind_fn *const print_kind_fns[OPTION_KINDS] = {
	[OPTION_STR] = print_scalar,
	[OPTION_SECRET] = print_scalar,
	[OPTION_TEXT] = print_scalar,
	[OPTION_CHOICE] = print_scalar,
	[OPTION_BOOL] = print_scalar,
	[OPTION_INT] = print_scalar,
	[OPTION_COUNT] = print_scalar,
	[OPTION_DURATION] = print_scalar,
	[OPTION_BYTES] = print_scalar,
	[OPTION_BASE2] = print_scalar,
	[OPTION_STRINGS] = print_strings,
	[OPTION_LABELS] = print_labels,
	[OPTION_STATIC_LABELS] = print_static_labels,
	[OPTION_TARGET_LABELS] = print_labels,
	[OPTION_PARAMS] = print_params,
	[OPTION_HTTP_HEADERS] = print_http_headers,
	[OPTION_SECRET_MAP] = print_labels,
	[OPTION_STAGES] = print_stages,
	[OPTION_LIST] = print_list,
};

/* Is the row a key of the scope or of a section inside it, but not of a list inside it? */
static bool is_in(const struct scope *s, const struct option *o)
{
	struct str section = option_section(o), rest = str_skip(section, s->path.n);
	return str_starts(section, s->path) && str_find(rest, '[') == rest.n && (!rest.n || !s->path.n || rest.p[0] == '.');
}

/* Calls itself for lists inside lists, as deep as the table goes: three levels. */
static void print_scope(struct scope *s, struct buf *out)
{
	const struct option *o;
	for (size_t i = 0; (o = option_at(i)); i++)
		if (print_kind_fns[o->kind] && strncmp(o->path, s->path.p ? s->path.p : "", s->path.n) == 0 && is_in(s, o))
			print_kind_fns[o->kind](s, o, out);
}

void config_print(const struct config *c, struct buf *out)
{
	struct scope top = { .base = (const char *)c };
	print_scope(&top, out);
}
