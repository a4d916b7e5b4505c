/* One log record becomes the final bytes of one protobuf entry: sizes first, then one straight run of writes and one copy of
 * the line. Structured metadata under our four fixed names is mostly constant bytes, kept as ready-made heads.
 * Nothing here allocates (the label renderer apart, which runs once for a stream) and nothing is formatted as text. */
#include "exporters/loki.h"

#include "exporters/loki_reply.h"
#include "exporters/wire.h"
#include "parsers/bytes/utf8.h"

/* A metadata field up to its value: 1a LEN 0a LEN name 12 LEN. */
#define METADATA_HEAD(entry_len, name_len, name, value_len) "\x1a" entry_len "\x0a" name_len name "\x12" value_len

static const char trace_head[] = METADATA_HEAD("\x2c", "\x08", "trace_id", "\x20"); /* 0x2c = 2 + 8 + 2 + 32 */
static const char span_head[] = METADATA_HEAD("\x1b", "\x07", "span_id", "\x10");   /* 0x1b = 2 + 7 + 2 + 16 */
static const char flags_head[] = METADATA_HEAD("\x11", "\x0b", "trace_flags", "\x02"); /* 0x11 = 2 + 11 + 2 + 2 */
static const struct str source_name = { "trace_id_source", 15 }, count_name = { "adjusted_count", 14 };
enum {
	TRACE_BYTES = sizeof trace_head - 1 + 32,
	SPAN_BYTES = sizeof span_head - 1 + 16,
	FLAGS_BYTES = sizeof flags_head - 1 + 2,
	LEVEL_BYTES_MAX = 28, /* critical */
	TIMESTAMP_MAX = 2 + 2 * (1 + WIRE_VARINT_MAX),
	METADATA_MAX = TRACE_BYTES + SPAN_BYTES + FLAGS_BYTES + LEVEL_BYTES_MAX,
	/* Everything but the line: tag and length of the entry, timestamp, tag and length of the line, metadata. */
	ENTRY_OVERHEAD = 1 + WIRE_VARINT_MAX + TIMESTAMP_MAX + 1 + WIRE_VARINT_MAX + METADATA_MAX
};

#define LEVEL_FIELD(entry_len, value_len, value) { METADATA_HEAD(entry_len, "\x0e", "detected_level", value_len) value, 4 + 14 + 2 + sizeof value - 1 }

/* The whole field; an unknown level is not told. */
static struct str level_field(enum level level)
{
	static const struct str fields[LEVELS] = {
		[LEVEL_TRACE] = LEVEL_FIELD("\x17", "\x05", "trace"), [LEVEL_DEBUG] = LEVEL_FIELD("\x17", "\x05", "debug"),
		[LEVEL_INFO] = LEVEL_FIELD("\x16", "\x04", "info"), [LEVEL_WARN] = LEVEL_FIELD("\x16", "\x04", "warn"),
		[LEVEL_ERROR] = LEVEL_FIELD("\x17", "\x05", "error"), [LEVEL_CRITICAL] = LEVEL_FIELD("\x1a", "\x08", "critical"),
		[LEVEL_FATAL] = LEVEL_FIELD("\x17", "\x05", "fatal"),
	};
	return (unsigned)level < LEVELS ? fields[level] : (struct str){ 0 };
}

static size_t pair_size(const struct label *l)
{
	return wire_bytes_size(l->name.n) + wire_bytes_size(l->value.n);
}

/* What few records have: who said which trace it is, when it was not the line; for how many lines it stands. */
struct rare { struct label at[2]; size_t count; };

static struct rare rare_of(const struct record *record)
{
	struct rare rare = { .count = 0 };
	if (record->trace_result == TRACE_VALID && record->trace.source != TRACE_FROM_LINE && record->trace.source < TRACE_SOURCES)
		rare.at[rare.count++] = (struct label){ source_name, str_of(trace_source_names[record->trace.source]) };
	if (record->adjusted_count.n)
		rare.at[rare.count++] = (struct label){ count_name, record->adjusted_count };
	return rare;
}

static size_t pairs_size(const struct label *pairs, size_t count)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		n += wire_bytes_size(pair_size(&pairs[i]));
	return n;
}

/* level: its field; more: size of the pairs besides ours. */
static size_t metadata_size(const struct record *record, struct str level, size_t more)
{
	size_t n = level.n + more;
	if (record->trace_result != TRACE_VALID)
		return n;
	return n + TRACE_BYTES + (record->trace.has_span ? SPAN_BYTES : 0) + (record->trace.sampled >= 0 ? FLAGS_BYTES : 0);
}

static char *put(char *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static char *pairs_write(char *p, const struct label *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		p = wire_varint(wire_tag(p, 3, WIRE_BYTES), pair_size(&pairs[i]));
		p = wire_bytes(wire_bytes(p, 1, pairs[i].name), 2, pairs[i].value);
	}
	return p;
}

static char *metadata_write(char *p, const struct record *record, struct str level)
{
	if (record->trace_result == TRACE_VALID) {
		p = put(put(p, trace_head, sizeof trace_head - 1), record->trace.trace_id, 32);
		if (record->trace.has_span)
			p = put(put(p, span_head, sizeof span_head - 1), record->trace.span_id, 16);
		if (record->trace.sampled >= 0)
			p = put(put(p, flags_head, sizeof flags_head - 1), record->trace.sampled ? "01" : "00", 2);
	}
	return level.n ? put(p, level.p, level.n) : p;
}

void loki_entry(struct buf *out, const struct record *record, bool with_metadata)
{
	/* Timestamp counts whole seconds down, nanoseconds up, also before 1970. proto3 leaves zero fields out. */
	int64_t seconds = record->timestamp_ns / 1000000000, nanos = record->timestamp_ns % 1000000000;
	if (nanos < 0) {
		nanos += 1000000000;
		seconds--;
	}
	struct str level = with_metadata ? level_field(record->level) : (struct str){ 0 };
	size_t stamp = seconds ? 1 + wire_varint_size((uint64_t)seconds) : 0;
	stamp += nanos ? 1 + wire_varint_size((uint64_t)nanos) : 0;
	size_t line = record->line.n ? wire_bytes_size(record->line.n) : 0; /* an empty one is left out too */
	const struct rare rare = rare_of(record);
	size_t more = with_metadata ? pairs_size(record->metadata, record->metadata_count) + pairs_size(rare.at, rare.count) : 0;
	size_t entry = 2 + stamp + line + (with_metadata ? metadata_size(record, level, more) : 0);
	char *p = buf_reserve(out, record->line.n + ENTRY_OVERHEAD + more);
	if (!p)
		return;
	char *start = p;
	*p++ = 0x12; /* StreamAdapter.entries */
	p = wire_varint(p, entry);
	*p++ = 0x0a; /* EntryAdapter.timestamp */
	*p++ = (char)stamp;
	if (seconds)
		p = wire_varint(put(p, "\x08", 1), (uint64_t)seconds);
	if (nanos)
		p = wire_varint(put(p, "\x10", 1), (uint64_t)nanos);
	if (line)
		p = wire_bytes(p, 2, record->line);
	if (more)
		p = pairs_write(pairs_write(p, record->metadata, record->metadata_count), rare.at, rare.count);
	if (with_metadata)
		p = metadata_write(p, record, level);
	buf_grow(out, (size_t)(p - start));
}

static bool is_label_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = ascii_lower(name.p[i]);
		bool is_letter = (c >= 'a' && c <= 'z') || c == '_';
		if (!is_letter && (i == 0 || !ascii_is_digit(c)))
			return false;
	}
	return name.n > 0;
}

/* Code points that Go's strconv.Quote escapes, as far as text is likely to hold them: controls, blanks other than the space,
 * invisible format characters, private use, noncharacters. Unassigned code points are not listed: Loki reads both forms alike. */
static const struct range {
	uint32_t from, to;
} unprintable[] = {
	{ 0x7f, 0xa0 },         { 0xad, 0xad },         { 0x600, 0x605 },       { 0x61c, 0x61c },       { 0x6dd, 0x6dd },
	{ 0x70f, 0x70f },       { 0x1680, 0x1680 },     { 0x180e, 0x180e },     { 0x2000, 0x200f },     { 0x2028, 0x202f },
	{ 0x205f, 0x206f },     { 0x3000, 0x3000 },     { 0xe000, 0xf8ff },     { 0xfdd0, 0xfdef },     { 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb },     { 0xfffe, 0xffff },     { 0xe0001, 0xe0001 },   { 0xe0020, 0xe007f },   { 0xf0000, 0x10ffff },
};

static bool is_unprintable(uint32_t c)
{
	if (c < 0x7f)
		return c < 0x20;
	for (size_t i = 0; i < COUNT_OF(unprintable); i++)
		if (c >= unprintable[i].from && c <= unprintable[i].to)
			return true;
	return (c & 0xfffe) == 0xfffe;
}

/* One character of valid UTF-8, cut off *rest. */
static struct str take_char(struct str *rest, uint32_t *code)
{
	unsigned char lead = (unsigned char)rest->p[0];
	size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? lead : lead & (0x7fu >> n);
	for (size_t i = 1; i < n && i < rest->n; i++)
		c = c << 6 | ((unsigned char)rest->p[i] & 0x3f);
	struct str bytes = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	*code = c;
	return bytes;
}

static void quote_char(struct buf *out, struct str bytes, uint32_t code)
{
	static const char letters[] = "abtnvfr"; /* for 7 to 13 */
	if (code == 0xfffd) /* Loki's parser takes it for broken UTF-8 and refuses the stream, in either form */
		buf_char(out, '_');
	else if (code == '"' || code == '\\')
		buf_append(out, (char[]){ '\\', (char)code }, 2);
	else if (!is_unprintable(code))
		buf_str(out, bytes);
	else if (code >= 7 && code <= 13)
		buf_append(out, (char[]){ '\\', letters[code - 7] }, 2);
	else
		buf_printf(out, code < 0x80 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)code);
}

static void quote(struct buf *out, struct str value)
{
	struct buf repaired;
	buf_init(&repaired, value.n * 3 + 1);
	if (utf8_valid(value) < value.n) {
		utf8_repair(value, &repaired);
		value = buf_view(&repaired);
	}
	buf_char(out, '"');
	for (struct str rest = value; rest.n;) {
		uint32_t code;
		struct str bytes = take_char(&rest, &code);
		quote_char(out, bytes, code);
	}
	buf_char(out, '"');
	buf_fini(&repaired);
}

/* By name, keeping the order of equal ones; a stream has some ten labels. */
static void sort(struct label *labels, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct label moving = labels[i];
		size_t at = i;
		for (; at > 0 && str_cmp(labels[at - 1].name, moving.name) > 0; at--)
			labels[at] = labels[at - 1];
		labels[at] = moving;
	}
}

void loki_labels_render(struct label *labels, size_t count, struct buf *out)
{
	sort(labels, count);
	bool is_first = true;
	buf_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		bool is_overridden = i + 1 < count && str_eq(labels[i].name, labels[i + 1].name);
		if (is_overridden || labels[i].value.n == 0 || !is_label_name(labels[i].name))
			continue;
		if (!is_first)
			buf_append(out, ", ", 2);
		is_first = false;
		buf_str(out, labels[i].name);
		buf_char(out, '=');
		quote(out, labels[i].value);
	}
	buf_char(out, '}');
}

static bool timestamp_read(struct str bytes, int64_t *ns)
{
	struct wire_field field;
	uint64_t seconds = 0, nanos = 0;
	while (bytes.n) {
		if (!wire_read_field(&bytes, &field))
			return false;
		if (field.type == WIRE_VARINT && field.number == 1)
			seconds = field.value;
		if (field.type == WIRE_VARINT && field.number == 2)
			nanos = field.value;
	}
	*ns = (int64_t)(seconds * 1000000000u + nanos); /* modulo 2^64: our own values always fit */
	return true;
}

static bool entry_read(struct str entry, struct message_entry *out)
{
	struct wire_field field;
	*out = (struct message_entry){ 0 };
	while (entry.n) {
		if (!wire_read_field(&entry, &field))
			return false;
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 1 && !timestamp_read(field.bytes, &out->timestamp_ns))
			return false;
		if (field.number == 2)
			out->line = field.bytes;
	}
	return true;
}

const struct log_protocol log_protocol_loki = {
	.name = "loki",
	.content_type = STR("Content-Type: application/x-protobuf"),
	.nothing = STR("\0"), /* snappy's spelling of nothing: one byte that says how long it is */
	.not_found = STR("the path is not Loki's: it ends in /loki/api/v1/push"),
	.packing = PACK_SNAPPY,
	.entry = loki_entry,
	.entry_read = entry_read,
	.reply = loki_reply_read,
};
