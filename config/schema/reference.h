/* docs/CONFIGURATION.md, printed from the table. */
#ifndef CONFIG_SCHEMA_REFERENCE_H
#define CONFIG_SCHEMA_REFERENCE_H

#include "parsers/bytes/buf.h"

void config_reference_print(struct buf *out);

#endif
