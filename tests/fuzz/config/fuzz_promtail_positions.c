/* Any bytes: positions or one sentence, never both; each key is found again, and cursors by their job. */
#include <assert.h>

#include "config/promtail_positions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct promtail_positions p;
	char err[256];
	size_t count = 0;
	if (promtail_positions_parse((struct str){ (const char *)data, size }, &p, err) < 0) {
		assert(err[0] && !p.first && !p.files);
		return 0;
	}
	for (const struct promtail_position *at = p.first; at; at = at->next, count++) {
		assert(map_get(&p.by_key, at->key));
		assert(at->is_file || str_starts(at->key, STR("cursor-")) || str_starts(at->key, STR("journal-")));
	}
	assert(count == p.files + p.cursors);
	promtail_positions_fini(&p);
	return 0;
}
