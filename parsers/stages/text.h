/* Text as Go's libraries write it. */
#ifndef PARSERS_STAGES_TEXT_H
#define PARSERS_STAGES_TEXT_H

#include "parsers/bytes/arena.h"
#include "parsers/regex/regex.h"

/* A JSON string with its quotes, as json-iterator writes it: < > & and U+2028, U+2029 escaped too, bytes that are no UTF-8 as
 * \ufffd. */
void text_json(struct buf *out, struct str s);
/* strconv.Quote. */
void text_quote(struct buf *out, struct str s);
/* Length of the character at the head of s (n > 0), *rune what it is: U+FFFD and 1 for a byte that is none. */
size_t text_rune(struct str s, uint32_t *rune);

/* What stands between the quotes of a Go string literal. false: there is an escape that Go does not have. */
bool text_unquote(struct str inside, struct arena *a, struct str *out);
/* Regexp.ReplaceAllString; is_literal: ReplaceAllLiteralString. */
void text_replace_all(const struct regex *r, struct str s, struct str replacement, bool is_literal, struct buf *out);
bool text_is_space(uint32_t rune); /* unicode.IsSpace */

#endif
