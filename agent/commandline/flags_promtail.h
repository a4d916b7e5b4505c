/* Promtail's flags, as they stand in the arguments of DaemonSets and units: each is taken, or refused with what to use instead. */
#ifndef AGENT_COMMANDLINE_FLAGS_PROMTAIL_H
#define AGENT_COMMANDLINE_FLAGS_PROMTAIL_H

#include <stdbool.h>

#include "parsers/bytes/str.h"

enum promtail_flag_kind {
	PROMTAIL_SETTING, /* `words` is the key that it sets, as config/overlay.h has it */
	PROMTAIL_IGNORED, /* has no effect; `words` says why */
	PROMTAIL_REFUSED  /* unless it is false; `words` says what to use */
};
struct promtail_flag {
	const char *name; /* without dashes */
	enum promtail_flag_kind kind;
	bool is_bool;     /* takes no value, or one behind a '=' */
	const char *words;
};

/* NULL: Promtail has no such flag, or we have one of the same name and meaning. */
const struct promtail_flag *promtail_flag_find(struct str name);

#endif
