/* The table of `spoor top` as text: pure, for a terminal of a given size, or as wide as it must be. */
#ifndef AGENT_COMMANDS_TOP_LAYOUT_H
#define AGENT_COMMANDS_TOP_LAYOUT_H

#include "agent/commands/top_view.h"
#include "parsers/bytes/buf.h"

struct top_size { size_t columns, lines; }; /* {0}: no terminal, everything is shown whole */

/* Lines end with "\n"; no more than size says, none wider. With has_rates rates per second, else totals. What comes from outside holds no
 * control byte. `sort` and `note` (may be "") stand in the last line of a terminal. */
void top_layout(const struct top_view *v, struct top_size size, const char *sort, const char *note, struct buf *out);

#endif
