/* printf of templates. A value of another kind than the verb wants is written as Go does it: %!d(string=x). */
#include "parsers/stages/gotext_state.h"
#include "parsers/stages/text.h"

enum { WIDTH_MAX = 1000 };

struct verb {
	bool is_left, is_zero, has_precision;
	size_t width, precision;
	char letter;
};

static size_t number(struct str *s)
{
	size_t value = 0;
	while (s->n && ascii_is_digit(s->p[0])) {
		value = value <= WIDTH_MAX ? value * 10 + (size_t)(s->p[0] - '0') : value;
		*s = str_skip(*s, 1);
	}
	return value;
}

/* What stands behind the '%'. */
static bool read_verb(struct str *s, struct verb *v)
{
	*v = (struct verb){ 0 };
	for (; s->n && (s->p[0] == '-' || s->p[0] == '0'); *s = str_skip(*s, 1)) {
		v->is_left = v->is_left || s->p[0] == '-';
		v->is_zero = v->is_zero || s->p[0] == '0';
	}
	v->width = number(s);
	if (s->n && s->p[0] == '.') {
		*s = str_skip(*s, 1);
		v->has_precision = true;
		v->precision = number(s);
	}
	if (s->n == 0)
		return false;
	v->letter = s->p[0];
	*s = str_skip(*s, 1);
	v->is_zero = v->is_zero && !v->is_left;
	bool is_plain = v->width == 0 && !v->has_precision && !v->is_left && !v->is_zero;
	return v->width <= WIDTH_MAX && v->precision <= WIDTH_MAX && memchr("sqvdtx%", v->letter, 7) && (v->letter != '%' ||
		is_plain) &&
		(!v->is_zero || v->letter == 'd') && (!v->has_precision || v->letter == 's' || v->letter == 'v');
}

bool gotext_format_check(struct str format)
{
	struct verb v;
	while (format.n) {
		format = str_skip(format, str_find(format, '%'));
		if (format.n == 0)
			break;
		format = str_skip(format, 1);
		if (!read_verb(&format, &v))
			return false;
	}
	return true;
}

static void print_i64(int64_t value, struct buf *out)
{
	if (value < 0)
		buf_char(out, '-');
	buf_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void gotext_print(const struct gotext_value *v, struct buf *out)
{
	switch (v->kind) {
	case GOTEXT_TEXT:
		buf_str(out, v->text);
		break;
	case GOTEXT_INT:
		print_i64(v->number, out);
		break;
	case GOTEXT_BOOL:
		buf_str(out, v->number ? STR("true") : STR("false"));
		break;
	case GOTEXT_NONE:
	case GOTEXT_DATA:
	default:
		buf_str(out, STR("<nil>"));
	}
}

static bool takes(char verb, enum gotext_kind kind)
{
	return verb == 'v' || (verb == 's' && kind == GOTEXT_TEXT) || (verb == 'q' && kind == GOTEXT_TEXT) ||
		(verb == 'd' && kind == GOTEXT_INT) || (verb == 't' && kind == GOTEXT_BOOL) ||
		(verb == 'x' && (kind == GOTEXT_TEXT || kind == GOTEXT_INT));
}

static struct str cut_runes(struct str s, size_t count)
{
	size_t n = 0;
	uint32_t rune;
	for (size_t i = 0; i < count && n < s.n; i++)
		n += text_rune(str_skip(s, n), &rune);
	return str_take(s, n);
}

static void print_hex(const struct gotext_value *v, struct buf *out)
{
	if (v->kind == GOTEXT_INT)
		buf_printf(out, "%s%llx", v->number < 0 ? "-" : "", (unsigned long long)(v->number < 0 ? 0 - (uint64_t)v->number :
		(uint64_t)v->number));
	for (size_t i = 0; v->kind == GOTEXT_TEXT && i < v->text.n; i++)
		buf_printf(out, "%02x", (unsigned char)v->text.p[i]);
}

static const char *kind_name(enum gotext_kind kind)
{
	return kind == GOTEXT_TEXT ? "string" : kind == GOTEXT_INT ? "int" : "bool";
}

static void print_verb(const struct verb *verb, const struct gotext_value *v, struct buf *out)
{
	struct str cut = verb->has_precision && v->kind == GOTEXT_TEXT ? cut_runes(v->text, verb->precision) : v->text;
	struct gotext_value shown = { v->kind, cut, v->number };
	if (verb->letter == 'q')
		text_quote(out, v->text);
	else if (verb->letter == 'x')
		print_hex(v, out);
	else
		gotext_print(&shown, out);
}

static void print_one(const struct verb *verb, const struct gotext_value *v, struct buf *out)
{
	if (v->kind == GOTEXT_NONE || v->kind == GOTEXT_DATA) {
		if (verb->letter == 'v')
			buf_str(out, STR("<nil>"));
		else
			buf_printf(out, "%%!%c(<nil>)", verb->letter);
		return;
	}
	if (!takes(verb->letter, v->kind)) {
		buf_printf(out, "%%!%c(%s=", verb->letter, kind_name(v->kind));
		gotext_print(v, out);
		buf_char(out, ')');
		return;
	}
	size_t from = out->n, runes = 0;
	print_verb(verb, v, out);
	uint32_t rune;
	for (size_t i = from; i < out->n; runes++)
		i += text_rune(str_skip(buf_view(out), i), &rune);
	size_t pad = runes < verb->width ? verb->width - runes : 0, length = out->n - from;
	bool has_sign = verb->is_zero && v->kind == GOTEXT_INT && v->number < 0;
	if (pad == 0 || !buf_reserve(out, pad))
		return;
	char *at = out->p + from + has_sign;
	if (verb->is_left) {
		memset(out->p + out->n, ' ', pad);
	} else {
		memmove(at + pad, at, length - has_sign);
		memset(at, verb->is_zero ? '0' : ' ', pad);
	}
	buf_grow(out, pad);
}

void gotext_format(const struct gotext_value *args, size_t count, struct buf *out)
{
	struct str format = args[0].text;
	size_t next = 1;
	struct verb verb;
	while (format.n) {
		size_t plain = str_find(format, '%');
		buf_str(out, str_take(format, plain));
		format = str_skip(format, plain + 1);
		if (!read_verb(&format, &verb))
			break;
		if (verb.letter == '%')
			buf_char(out, '%');
		else if (next < count)
			print_one(&verb, &args[next++], out);
		else
			buf_printf(out, "%%!%c(MISSING)", verb.letter);
	}
	if (next >= count)
		return;
	buf_str(out, STR("%!(EXTRA "));
	for (; next < count; next++) {
		bool is_none = args[next].kind == GOTEXT_NONE || args[next].kind == GOTEXT_DATA;
		if (!is_none)
			buf_printf(out, "%s=", kind_name(args[next].kind));
		gotext_print(&args[next], out);
		buf_str(out, next + 1 < count ? STR(", ") : STR(")"));
	}
}
