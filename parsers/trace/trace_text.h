/* Bytes of a log line as the trace rules see them: colours left out, four percent-encodings read, hex runs measured. Internal
 * to parsers/trace/trace*.c. All views look into the line. */
#ifndef PARSERS_TRACE_TRACE_TEXT_H
#define PARSERS_TRACE_TRACE_TEXT_H

#include "parsers/bytes/str.h"

/* A classification of bytes by table: one load instead of six comparisons. */
enum { TEXT_HEX = 1, TEXT_ALNUM = 2, TEXT_KEY = 4 /* alnum _ - . @ */, TEXT_WORD = 8 /* alnum _ - / + */, TEXT_DIGIT = 16 };
extern const unsigned char text_class[256];

static inline bool text_is(char c, unsigned classes)
{
	return (text_class[(unsigned char)c] & classes) != 0;
}

/* Length of a colour sequence at the head of s: ESC [ 3 6 m, the escape raw or written \u001b, \x1b, \033, \e. 0: none. */
size_t text_colour(struct str s);
/* Length of a colour sequence that ends at the end of s. */
size_t text_colour_before(struct str s);
/* Reads one byte as the rules see it, behind colours: returns the raw length used, 0 at the end of s. */
size_t text_next(struct str s, char *c);
/* Length of the run of hex digits at the head of s; runs above 64 may be cut there. */
size_t text_hex_run(struct str s);
/* The value ends here: nothing that would make it a part of a longer token follows (rule 3). */
bool text_token_ends(struct str s);
/* A token can begin at s.p[at]: what stands before is no part of it. */
bool text_token_starts(struct str s, size_t at);
/* Where the run [from, to) really begins when its first bytes belong to an escape that starts before it (%3D, \n, a colour). */
size_t text_after_escape(struct str s, size_t from, size_t to);

#endif
