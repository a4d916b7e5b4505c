/* What stands under a key. Each reading is a row: the forms it may hold, tried in order, and the plain value that is tried last.
 * A form whose shape fits decides, valid or not. */
#include "parsers/trace/trace_values.h"

#include "parsers/bytes/num.h"
#include "parsers/trace/trace_forms.h"
#include "parsers/trace/trace_text.h"

enum { TRACE_WIDTH = 32, SPAN_WIDTH = 16, FORMS = 6 };

/* Nearly every id has its full width: eight digits at a time. */
static bool copy_words(char *at, struct str digits)
{
	uint64_t any = 0;
	for (size_t i = 0; i < digits.n; i += sizeof any) {
		uint64_t word;
		memcpy(&word, digits.p + i, sizeof word);
		word |= 0x2020202020202020u; /* lower case; digits have that bit already */
		any |= word ^ 0x3030303030303030u;
		memcpy(at + i, &word, sizeof word);
	}
	return any != 0;
}

bool trace_value_pad(char *at, size_t width, struct str digits)
{
	if (digits.n == width && width % sizeof(uint64_t) == 0)
		return copy_words(at, digits);
	memset(at, '0', width);
	char *to = at + width - digits.n;
	unsigned char any = 0;
	for (size_t i = 0; i < digits.n; i++) {
		to[i] = (char)(digits.p[i] | 0x20); /* digits have that bit already */
		any |= (unsigned char)(to[i] ^ '0');
	}
	return any != 0;
}

static bool has_letter(struct str run)
{
	for (size_t i = 0; i < run.n; i++)
		if (!text_is(run.p[i], TEXT_DIGIT))
			return true;
	return false;
}

bool trace_value_is_span(struct str run)
{
	return run.n == SPAN_WIDTH || ((run.n == 14 || run.n == 15) && has_letter(run));
}

/* A writer that prints the id as a number drops leading zeros; that shows only where a letter says that it is hex. */
static bool is_trace(struct str run)
{
	return run.n == TRACE_WIDTH || trace_value_is_span(run) || ((run.n == 30 || run.n == 31) && has_letter(run));
}

bool trace_value_decimal(struct str digits, char at[16], bool *is_zero)
{
	uint64_t value;
	if (!num_u64(digits, &value))
		return false;
	*is_zero = value == 0;
	for (size_t i = SPAN_WIDTH; i-- > 0; value >>= 4)
		at[i] = "0123456789abcdef"[value & 15];
	return true;
}

/* Empty, or one of the words for nothing. */
static bool is_absent(struct str s)
{
	static const struct str WORDS[] = { { "null", 4 }, { "none", 4 }, { "n/a", 3 }, { "nil", 3 }, { "undefined", 9 }, { "-", 1 } };
	char c;
	if (!text_next(s, &c) || memchr("\"'`]})>,;&|\\", c, 12))
		return true;
	for (size_t i = 0; i < COUNT_OF(WORDS); i++)
		if (s.n >= WORDS[i].n && str_ieq(str_take(s, WORDS[i].n), WORDS[i]) && text_token_ends(str_skip(s, WORDS[i].n)))
			return true;
	return false;
}

/* The digits of a plain id: a leading 0x is removed. */
static struct str plain_run(struct str s)
{
	if (s.n > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X'))
		s = str_skip(s, 2);
	return str_take(s, text_hex_run(s));
}

static void read_id(struct str s, struct trace_value *v, bool (*fits)(struct str), bool is_span)
{
	struct str run = plain_run(s);
	v->n = (size_t)(run.p - s.p) + run.n;
	v->has_span = false;
	v->sampled = -1;
	if (run.n == 0 || !text_token_ends(str_skip(s, v->n))) {
		v->state = is_absent(s) ? VALUE_ABSENT : VALUE_BAD;
		return;
	}
	v->is_decimal = run.p == s.p && run.n <= 20 && !has_letter(run);
	char unused[64];
	if (fits(run))
		v->state = trace_value_pad(is_span ? v->span : v->trace, is_span ? SPAN_WIDTH : TRACE_WIDTH, run) ? VALUE_VALID : VALUE_ABSENT;
	else
		v->state = trace_value_pad(unused, sizeof unused, run) ? VALUE_BAD : VALUE_ABSENT;
}

static bool is_32(struct str run)
{
	return run.n == TRACE_WIDTH;
}

static bool is_16(struct str run)
{
	return run.n == SPAN_WIDTH;
}

static void read_trace(struct str s, struct trace_value *v)
{
	read_id(s, v, is_trace, false);
}

static void read_trace32(struct str s, struct trace_value *v)
{
	read_id(s, v, is_32, false);
}

static void read_span(struct str s, struct trace_value *v)
{
	read_id(s, v, trace_value_is_span, true);
}

static void read_span16(struct str s, struct trace_value *v)
{
	read_id(s, v, is_16, true);
}

/* Datadog's numbers; at is where the 16 digits go. */
static void read_number(struct str s, struct trace_value *v, char *at)
{
	bool is_zero = false;
	v->n = 0;
	while (v->n < s.n && v->n <= 20 && text_is(s.p[v->n], TEXT_DIGIT))
		v->n++;
	v->has_span = false;
	v->sampled = -1;
	v->is_decimal = true;
	if (v->n && text_token_ends(str_skip(s, v->n)) && trace_value_decimal(str_take(s, v->n), at, &is_zero))
		v->state = is_zero ? VALUE_ABSENT : VALUE_VALID;
	else
		v->state = is_absent(s) ? VALUE_ABSENT : VALUE_BAD;
}

static void read_decimal(struct str s, struct trace_value *v)
{
	memset(v->trace, '0', TRACE_WIDTH);
	read_number(s, v, v->trace + SPAN_WIDTH);
}

static void read_datadog(struct str s, struct trace_value *v)
{
	if (plain_run(s).n == TRACE_WIDTH)
		read_trace32(s, v);
	else
		read_decimal(s, v);
}

static void read_span_decimal(struct str s, struct trace_value *v)
{
	read_number(s, v, v->span);
}

static void read_nothing(struct str s, struct trace_value *v)
{
	struct str run = plain_run(s);
	char unused[64];
	bool is_zero = run.n && text_token_ends(str_skip(s, run.n)) && !trace_value_pad(unused, sizeof unused, run);
	v->state = is_zero || is_absent(s) ? VALUE_ABSENT : VALUE_BAD;
	v->n = 0;
	v->has_span = false;
	v->sampled = -1;
}

static void set_flag(struct trace_value *v, int sampled, size_t n)
{
	v->state = sampled < 0 ? VALUE_BAD : VALUE_VALID;
	v->sampled = (signed char)sampled;
	v->has_span = false;
	v->n = n;
}

/* A word that ends as a token, in any case. */
static size_t whole_word(struct str s, struct str word)
{
	return s.n >= word.n && str_ieq(str_take(s, word.n), word) && text_token_ends(str_skip(s, word.n)) ? word.n : 0;
}

/* "01", "0x01", 1: the lowest bit is that of the last digit, whether hex or decimal. */
static void read_flags(struct str s, struct trace_value *v)
{
	if (whole_word(s, STR("recorded"))) {
		set_flag(v, 1, 8);
		return;
	}
	if (whole_word(s, STR("none"))) {
		set_flag(v, 0, 4);
		return;
	}
	struct str run = plain_run(s);
	size_t n = (size_t)(run.p - s.p) + run.n;
	bool is_flag = run.n > 0 && run.n <= 8 && text_token_ends(str_skip(s, n));
	set_flag(v, is_flag ? hex_value(run.p[run.n - 1]) & 1 : -1, n);
}

static void read_bool(struct str s, struct trace_value *v)
{
	static const struct {
		struct str word;
		int sampled;
	} WORDS[] = { { { "true", 4 }, 1 }, { { "false", 5 }, 0 }, { { "1", 1 }, 1 }, { { "0", 1 }, 0 } };
	for (size_t i = 0; i < COUNT_OF(WORDS); i++)
		if (whole_word(s, WORDS[i].word)) {
			set_flag(v, WORDS[i].sampled, WORDS[i].word.n);
			return;
		}
	set_flag(v, -1, 0);
}

/* -1 and 0 drop, 1 and 2 keep. */
static void read_priority(struct str s, struct trace_value *v)
{
	size_t sign = s.n && s.p[0] == '-', n = sign;
	bool is_above_zero = false;
	for (; n < s.n && n < 8 && text_is(s.p[n], TEXT_DIGIT); n++)
		is_above_zero |= s.p[n] != '0';
	if (n == sign || !text_token_ends(str_skip(s, n)))
		set_flag(v, -1, 0);
	else
		set_flag(v, is_above_zero && !sign, n);
}

typedef bool form_fn(struct str s, struct trace_value *v);
typedef void plain_fn(struct str s, struct trace_value *v);

static const struct {
	form_fn *forms[FORMS + 1];
	plain_fn *plain;
} READINGS[] = {
	[READ_ANY] = { { trace_form_w3c, trace_form_xray, trace_form_b3, trace_form_jaeger, trace_form_cloud, trace_form_project },
		read_trace },
	[READ_PLAIN] = { { trace_form_w3c, trace_form_xray, trace_form_project }, read_trace },
	[READ_HEX32] = { { trace_form_w3c, trace_form_xray, trace_form_project }, read_trace32 },
	[READ_DATADOG] = { { trace_form_w3c, trace_form_xray, trace_form_project }, read_datadog },
	[READ_DECIMAL] = { { NULL }, read_decimal },
	[READ_W3C] = { { trace_form_w3c }, read_nothing },
	[READ_B3] = { { trace_form_b3 }, read_nothing },
	[READ_JAEGER] = { { trace_form_jaeger }, read_nothing },
	[READ_SENTRY] = { { trace_form_sentry }, read_nothing },
	[READ_XRAY] = { { trace_form_xray, trace_form_w3c }, read_trace },
	[READ_CLOUD] = { { trace_form_cloud }, read_nothing },
	[READ_SPAN] = { { NULL }, read_span },
	[READ_SPAN16] = { { NULL }, read_span16 },
	[READ_SPAN_DECIMAL] = { { NULL }, read_span_decimal },
	[READ_FLAGS] = { { NULL }, read_flags },
	[READ_BOOL] = { { NULL }, read_bool },
	[READ_PRIORITY] = { { NULL }, read_priority },
	[READ_UPPER] = { { NULL }, read_span16 },
	[READ_NOTHING] = { { NULL }, read_nothing },
};

void trace_value_read(struct str s, enum trace_reading reading, struct trace_value *v)
{
	v->is_form = v->is_decimal = false;
	if (reading == READ_ANY && text_hex_run(s) == TRACE_WIDTH && (s.n == TRACE_WIDTH || memchr("\" ,'}]", s.p[TRACE_WIDTH], 6))) {
		read_trace(s, v); /* by far the most frequent case: no form goes on behind these */
		return;
	}
	for (size_t i = 0; READINGS[reading].forms[i]; i++)
		if (READINGS[reading].forms[i](s, v))
			return;
	v->is_form = false;
	READINGS[reading].plain(s, v);
}
