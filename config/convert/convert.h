/* A Promtail's or a Prometheus' file as a native one. The text is edited, not printed anew: order, comments, quotes and variables stay as
 * they are. What has no effect here, or cannot be taken over, is left in it as a comment with the reason. */
#ifndef CONFIG_CONVERT_CONVERT_H
#define CONFIG_CONVERT_CONVERT_H

#include "config/load.h"

enum convert_outcome {
	CONVERT_LOST,      /* it meant something there, and is left out */
	CONVERT_NO_EFFECT, /* left out, and nobody misses it */
	CONVERT_CHANGED,   /* written in another way, so that it means the same */
	CONVERT_REMARK     /* taken over; worth a look */
};
struct convert_note {
	enum convert_outcome outcome;
	uint64_t line, column; /* of the file that was given */
	struct str key, message;
};
struct conversion { /* owns everything it shows */
	struct arena arena;
	const char *from;      /* "promtail" or "prometheus" */
	struct buf text;       /* the native file */
	struct convert_note *notes; /* in order of the file */
	size_t note_count, note_room, lost;
};

/* from: "promtail" or "prometheus"; NULL: whatever it is. true: out->text loads without an error (once variables have their values), and
 * means what the file means without what is lost. false: not YAML, another program's file, or native already: problems tell it. */
bool config_convert(struct str text, struct str name, const char *from, struct conversion *out, struct config_problems *problems);
/* file:line:column: not converted: key: message, and a last line that counts. */
void conversion_report(const struct conversion *c, struct str name, struct buf *out);
void conversion_fini(struct conversion *c);

#endif
