/* What a trial shows, as text for people or JSON for programs. No byte of a line reaches a terminal as a command. */
#ifndef AGENT_COMMANDS_TRIAL_PRINT_H
#define AGENT_COMMANDS_TRIAL_PRINT_H

#include "agent/commands/trial.h"
#include "parsers/bytes/buf.h"

/* {"timestamp":..,"line":..,"labels":{..},"structured_metadata":{..},"tenant":..,"dropped":..}, the last two where there is one; without the
 * closing brace. */
void trial_print_json(const struct trial_record *r, struct buf *out);
/* One line for where it belongs, one for the line itself. */
void trial_print_text(const struct trial_record *r, bool in_colour, struct buf *out);
/* A member of "stages": [..], without a comma. */
void trial_print_step_json(const struct trial_step *s, struct buf *out);
/* A line as it is but for control characters; further lines of it are indented. */
void trial_print_plain(struct str s, struct buf *out);
void trial_print_step_text(const struct trial_step *s, bool in_colour, struct buf *out);

#endif
