/* Three scrapes of one target with hostile bodies, in all formats. Whatever they hold: each frame can be read, each number in it is defined
 * in its segment once and before it is used, and after a scrape that failed nothing is left without its end. */
#include <assert.h>
#include <stdlib.h>

#include "agent/scrape/ingest.h"

enum { NUMBERS = 1 << 16 };

static void check_frames(struct spool *spool, bool *defined, uint64_t *segment)
{
	struct spool_frame frame;
	while (spool_read(spool, 0, &frame) > 0) {
		struct journal_record r;
		struct str rest = frame.payload;
		if (frame.end.segment != *segment)
			memset(defined, 0, NUMBERS * sizeof *defined);
		*segment = frame.end.segment;
		while (journal_next(&rest, &r)) {
			assert(r.tag == 'T' || r.id < NUMBERS);
			if (r.tag == 'S') {
				assert(!defined[r.id]);
				defined[r.id] = true;
			}
			if (strchr("CEH", r.tag))
				assert(defined[r.id]);
			for (uint64_t i = 0; r.tag == 'R' && i < r.n; i++)
				assert(defined[r.id + i]);
		}
		assert(rest.n == 0);
		spool_ack(spool, 0, &frame.end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool defined[NUMBERS];
	char err[256];
	uint64_t segment = 0;
	if (size < 2)
		return 0;
	const struct spool_options options = { .cap_bytes = 1 << 20, .destination_count = 1, .names = { "fuzz" } };
	struct spool *spool = spool_open(&options, err);
	assert(spool);
	struct ingest *g = ingest_new(spool);
	struct ingest_memory memory = { 0 };
	struct labels target = { 0 };
	labels_set(&target, STR("job"), STR("j"));
	struct ingest_rules rules = { .target = &target, .honor_labels = data[0] & 1, .honor_timestamps = data[0] & 2,
				      .track_timestamps_staleness = data[0] & 4, .no_histograms = data[0] & 8, .sample_limit = data[0] & 16 ? 3 : 0,
				      .start_ms = data[0] & 32 ? 5 : 0, .label_limit = 64 };
	enum exposition_format format = (enum exposition_format)(data[1] % EXPOSITION_FORMATS);
	struct str all = { (const char *)data + 2, size - 2 };
	for (int64_t i = 0; i < 3; i++) {
		/* The parts overlap: series stay, go and come. */
		struct str body = i == 0 ? all : i == 1 ? str_skip(all, all.n / 3) : str_take(all, all.n / 3 * 2);
		struct ingest_result result = { 0 };
		ingest_begin(g, &rules, &memory, 1000000 + i * 1000);
		bool is_good = body.n && ingest_body(g, format, body, &result);
		if (!body.n)
			ingest_stale(g);
		assert(is_good || !body.n || result.error[0]);
		assert(is_good || memory.series.live == 0);
		assert(result.kept <= result.total);
		ingest_report(g, is_good, 0.1, &result);
		assert(ingest_end(g) == 0);
		check_frames(spool, defined, &segment);
	}
	ingest_memory_fini(&memory);
	ingest_free(g);
	labels_fini(&target);
	spool_close(spool);
	memset(defined, 0, sizeof defined);
	return 0;
}
