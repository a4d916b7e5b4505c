/* What the parsers of the exposition formats share: the state behind struct exposition, and the scanning of names and quotes. */
#ifndef PARSERS_EXPOSITION_EXPOSITION_STATE_H
#define PARSERS_EXPOSITION_EXPOSITION_STATE_H

#include "parsers/bytes/utf8.h"
#include "parsers/exposition/exposition.h"

struct exposition_proto; /* exposition_protobuf.c's */
struct exposition_state {
	const char *base, *at, *end; /* the body, and where the next item starts */
	struct buf name, help, unit; /* of the family, where it had escapes */
	struct buf made;             /* a series that is written here */
	struct exposition_proto *proto;
	enum exposition_format format;
	enum exposition_item ended; /* EXPOSITION_BAD or _END once one of them was given; they are given again */
	/* Of the last TYPE line, whosever it was: what Prometheus goes by when it writes le and quantile anew. */
	enum metric_type last_type;
	bool has_ended;
};

enum exposition_item exposition_text_next(struct exposition *x);
enum exposition_item exposition_openmetrics_next(struct exposition *x);
enum exposition_item exposition_protobuf_next(struct exposition *x);
void exposition_protobuf_fini(struct exposition_proto *p);

/* EXPOSITION_BAD, with the sentence and the number of the line that holds p. */
enum exposition_item exposition_bad(struct exposition *x, const char *p, const char *sentence);
/* Begins the family `raw` (as written, without quotes) unless it is the one at hand. */
void exposition_family_begin(struct exposition *x, struct str raw);
/* raw with its escapes taken back: a view of it when it has none, else of `made`. has_quote: \" is one, as in label values. */
struct str exposition_unescape(struct str raw, bool has_quote, struct buf *made);
bool exposition_type_of(struct str word, enum exposition_format format, enum metric_type *out);

enum { SCAN_LETTER = 1, SCAN_COLON = 2, SCAN_DIGIT = 4, SCAN_BLANK = 8, SCAN_STOP = 16 };
extern const unsigned char exposition_classes[256];

static inline bool exposition_is(char c, unsigned classes)
{
	return (exposition_classes[(unsigned char)c] & classes) != 0;
}

/* Behind the blanks and tabs at p. */
static inline const char *exposition_blanks(const char *p, const char *end)
{
	while (p < end && exposition_is(*p, SCAN_BLANK))
		p++;
	return p;
}

/* Behind the name that starts at p, or p when none does. extra: SCAN_COLON for metrics. */
static inline const char *exposition_name(const char *p, const char *end, unsigned extra)
{
	if (p == end || !exposition_is(*p, SCAN_LETTER | extra))
		return p;
	do
		p++;
	while (p < end && exposition_is(*p, SCAN_LETTER | SCAN_DIGIT | extra));
	return p;
}

enum { QUOTE_TAKES_LF = 1, QUOTE_TAKES_NUL = 2 };
/* p is at a quotation mark: behind the one that closes it, or NULL. A backslash takes the next byte along, a line feed never.
 * *is_ascii is cleared when a byte is not. */
const char *exposition_quoted(const char *p, const char *end, unsigned takes, bool *is_ascii);
/* Behind the quoted label value that must start at p; NULL and *why. */
static inline const char *exposition_label_value(const char *p, const char *end, unsigned takes, const char **why)
{
	bool is_ascii = true;
	*why = "a quoted label value is expected";
	const char *behind = p < end && *p == '"' ? exposition_quoted(p, end, takes, &is_ascii) : NULL;
	if (!behind || is_ascii)
		return behind;
	*why = "a label value is not UTF-8";
	return utf8_valid((struct str){ p, (size_t)(behind - p) }) == (size_t)(behind - p) ? behind : NULL;
}

#endif
