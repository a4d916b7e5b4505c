/* Whatever the file holds: rows have names and cursors that are cursors, and what is written of them is read back as it was. */
#include <assert.h>

#include "agent/journal/journal_places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_places p = { 0 }, again = { 0 };
	struct journal_cursor cursor;
	struct buf text;
	int result = journal_places_parse(&p, (struct str){ (const char *)data, size });
	assert(result == 1 || p.count == 0);
	buf_init(&text, 64 << 20);
	journal_places_begin(&text);
	for (size_t i = 0; i < p.count; i++) {
		assert(p.rows[i].job.n && p.rows[i].destination.n);
		assert(!p.rows[i].cursor[0] || journal_cursor_parse(str_of(p.rows[i].cursor), &cursor));
		journal_places_put(&text, &p.rows[i]);
	}
	assert(journal_places_parse(&again, buf_view(&text)) == 1 && again.count == p.count && again.damaged == 0);
	for (size_t i = 0; i < p.count; i++)
		assert(strcmp(again.rows[i].cursor, p.rows[i].cursor) == 0 && again.rows[i].since_us == p.rows[i].since_us);
	buf_fini(&text);
	journal_places_fini(&p);
	journal_places_fini(&again);
	return 0;
}
