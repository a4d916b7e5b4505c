/* Time zones of this machine, for the stage timestamp: files of /usr/share/zoneinfo (RFC 9636), "Local" is /etc/localtime. */
#ifndef CONFIG_ZONEINFO_H
#define CONFIG_ZONEINFO_H

#include "parsers/bytes/buf.h"
#include "parsers/stages/stages.h"

enum { ZONEINFO_FILE_MOST = 64 << 10 };
struct zoneinfo { struct buf bytes; }; /* of the zone that was asked for last */

void zoneinfo_init(struct zoneinfo *z);
void zoneinfo_fini(struct zoneinfo *z);
/* For struct stages_options. The bytes hold until the next call. false: no such zone here, or a name that could not be one. */
bool zoneinfo_read(void *zoneinfo, struct str name, struct str *tzif);
/* stages_compile_with, with the zones of this machine. */
struct stages *zoneinfo_compile(const struct stage_node *stages, stage_problem_fn *problem, void *ctx);

#endif
