/* JSON Schema (draft 2020-12) of the file, printed from the option table: for editors, and for whoever judges a file without the program.
 * It knows types, words, bounds of numbers and which keys there are; bounds of durations and sizes, and rules between keys, stay with the
 * loader. */
#ifndef CONFIG_SCHEMA_SCHEMA_H
#define CONFIG_SCHEMA_SCHEMA_H

#include "parsers/bytes/buf.h"

void config_schema_print(struct buf *out); /* 512 KiB are enough */

/* schema_stages.c: the part for pipeline_stages: definitions "stages", "stage" and "stage.NAME", each ending with a comma. */
void schema_stages_print(struct buf *out);
/* A row of its table: a key of a stage, with the name of the definition of its type; NULL behind the last. */
struct schema_stage_key { const char *stage, *key, *type, *help; bool is_required; };
const struct schema_stage_key *schema_stage_key_at(size_t i);

/* A string as JSON, in its quotes. */
void schema_string(struct str s, struct buf *out);

#endif
