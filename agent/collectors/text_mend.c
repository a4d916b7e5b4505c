/* Names that come from firmware and mount tables may be any bytes; a label is UTF-8. A run of bad bytes becomes one replacement character,
 * as in the labels that dashboards know. */
#include "agent/collectors/system.h"
#include "parsers/bytes/utf8.h"

void text_mend(struct str s, struct buf *out)
{
	while (s.n) {
		size_t good = utf8_valid(s);
		buf_str(out, str_take(s, good));
		s = str_skip(s, good);
		if (s.n == 0)
			return;
		buf_str(out, STR("\xef\xbf\xbd"));
		do
			s = str_skip(s, 1);
		while (s.n && utf8_valid(str_take(s, 4)) == 0);
	}
}
