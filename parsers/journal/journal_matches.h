/* What a journal job asks for with `matches`, as journalctl takes it on its command line: words FIELD=value between blanks. Words of
 * different fields must all hold, of words of the same field one; a lone + between words begins an alternative to all that stands
 * before it.  systemd: sd_journal_add_match(3). */
#ifndef PARSERS_JOURNAL_JOURNAL_MATCHES_H
#define PARSERS_JOURNAL_JOURNAL_MATCHES_H

#include "parsers/bytes/str.h"

enum { JOURNAL_MATCHES_MAX = 64 };
enum journal_match { JOURNAL_MATCH_END, JOURNAL_MATCH_FIELD, JOURNAL_MATCH_OR };

/* NULL: all words are good. Else what is wrong, a sentence that goes on after "matches: ", in why. */
const char *journal_matches_problem(struct str text, char why[256]);
/* The next word of a good text; FIELD fills *word with the whole of it, which is what sd_journal_add_match takes. */
enum journal_match journal_matches_next(struct str *rest, struct str *word);

#endif
