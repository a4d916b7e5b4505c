/* Targets out of files that something else writes: JSON or YAML lists of { targets: [...], labels: {...} }.
 * prometheus: discovery/file, discovery/targetgroup. */
#ifndef AGENT_SCRAPE_FILE_SD_H
#define AGENT_SCRAPE_FILE_SD_H

#include "agent/scrape/discovery.h"

enum { FILE_SD_BYTES_MAX = 8 << 20, FILE_SD_FILES_MAX = 1000 };

/* false and err (one sentence with the line): nothing was added to out. */
bool file_sd_parse(struct str text, struct str path, struct discovered_set *out, char err[256]);

struct file_sd;
struct file_sd *file_sd_new(const struct config_file_sd *config);
void file_sd_free(struct file_sd *f);
/* Looks for files and reads those that have changed (all of them when refresh_interval is over). true: the targets are other ones now.
 * A file that cannot be read or understood keeps its targets; it is said once per content. Call it every FILE_SD_LOOK_MS. */
enum { FILE_SD_LOOK_MS = 2000 };
bool file_sd_look(struct file_sd *f, int64_t now_ns);
size_t file_sd_count(const struct file_sd *f);
const struct discovered_set *file_sd_set(const struct file_sd *f, size_t i);

#endif
