/* Any bytes as a frame of the journal: reading comes to an end, the ledger holds, and what is made of it for either version of remote-write, and
 * for OTLP, is decoded by protobuf-c, an oracle of its own. */
#include <assert.h>
#include <stdlib.h>

#include "exporters/otlp/otlp_metrics.h"
#include "otlp_metrics.pb-c.h"
#include "remote_write.pb-c.h"
#include "remote_write_v2.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settled(void *ctx, const struct journal_mark *mark)
{
	*(uint64_t *)ctx = mark->offset;
}

static void check_v1(struct remote_write *rw, struct rw_request *r)
{
	rw_v1_encode(rw, r);
	assert(!rw->raw.is_full);
	Prometheus__WriteRequest *m = prometheus__write_request__unpack(NULL, rw->raw.n, (const uint8_t *)rw->raw.p);
	assert(m && m->n_timeseries == r->n);
	size_t exemplars = 0;
	for (size_t i = 0; i < m->n_timeseries; i++)
		exemplars += m->timeseries[i]->n_exemplars;
	assert(exemplars == r->exemplars);
	prometheus__write_request__free_unpacked(m, NULL);
}

static void check_v2(struct remote_write *rw, struct rw_request *r)
{
	rw_v2_encode(rw, r);
	assert(!rw->raw.is_full && !rw->symbols.is_full);
	buf_str(&rw->symbols, buf_view(&rw->raw));
	Io__Prometheus__Write__V2__Request *m =
		io__prometheus__write__v2__request__unpack(NULL, rw->symbols.n, (const uint8_t *)rw->symbols.p);
	assert(m && m->n_timeseries == r->n && m->n_symbols > 0 && m->symbols[0].len == 0);
	for (size_t i = 0; i < m->n_timeseries; i++) {
		const Io__Prometheus__Write__V2__TimeSeries *t = m->timeseries[i];
		assert(t->n_labels_refs % 2 == 0);
		for (size_t k = 0; k < t->n_labels_refs; k++)
			assert(t->labels_refs[k] < m->n_symbols);
		assert(!t->metadata || (t->metadata->help_ref < m->n_symbols && t->metadata->unit_ref < m->n_symbols));
	}
	io__prometheus__write__v2__request__free_unpacked(m, NULL);
}

/* Each sample is in a data point, and nothing is in it that protobuf-c would not read. */
static void check_otlp(struct remote_write *rw, struct rw_request *r)
{
	rw_otlp_encode(rw, r);
	assert(!rw->raw.is_full && rw->symbols.n == 0 && rw->scratch.n == 0);
	Otlp__ExportMetricsServiceRequest *m =
		otlp__export_metrics_service_request__unpack(NULL, rw->raw.n, (const uint8_t *)rw->raw.p);
	assert(m && r->points > 0 && r->points <= r->n);
	/* An attribute without a name, out of a damaged frame, has its empty name written. */
	assert(otlp__export_metrics_service_request__get_packed_size(m) <= rw->raw.n);
	otlp__export_metrics_service_request__free_unpacked(m, NULL);
}

/* A histogram is somebody else's message: bytes that are none make a request that is none. */
static bool has_histograms(const struct remote_write *rw)
{
	for (const struct rw_request *r = rw->shards[0].first; r; r = r->next)
		if (r->histograms)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[256];
	uint64_t offset = 0;
	if (size < 1)
		return 0;
	struct remote_write_options o = { .endpoint = { .name = STR("fuzz"), .url = STR("http://127.0.0.1:1/") }, .send_metadata = true,
					  .send_exemplars = true, .send_native_histograms = data[0] & 1,
					  .version = data[0] & 2 ? REMOTE_WRITE_1 : data[0] & 8 ? REMOTE_WRITE_OTLP : REMOTE_WRITE_2 };
	const struct remote_write_hooks hooks = { .ctx = &offset, .settled = settled };
	struct remote_write *rw = remote_write_new(&o, NULL, NULL, &hooks, err);
	assert(rw);
	struct str frame = { (const char *)data + 1, size - 1 };
	const struct journal_mark marks[] = { { 1, 1, 0 }, { 1, 2, 0 }, { 2, 3, 0 } };
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		remote_write_feed(rw, frame, &marks[i], i == 0 && (data[0] & 4));
	rw_shard_close_open(&rw->shards[0]);
	if (rw->shards[0].first && rw->shards[0].first->n > 3)
		rw_shard_split(&rw->shards[0], 2);
	bool is_checked = !has_histograms(rw);
	while (rw->shards[0].first) {
		struct rw_request *r = rw->shards[0].first;
		if (is_checked) {
			check_v1(rw, r);
			check_v2(rw, r);
			check_v1(rw, r);
			if (r->n)
				check_otlp(rw, r);
		} else {
			rw_v1_encode(rw, r);
			rw_v2_encode(rw, r);
		}
		rw->status.samples_sent += r->n;
		rw_take_out(&rw->shards[0]);
	}
	rw_frames_settle(rw);
	struct remote_write_status s;
	remote_write_status(rw, &s);
	uint64_t sum = s.samples_sent + s.samples_pending;
	for (size_t i = 0; i < SAMPLE_DROPS; i++)
		sum += s.samples_dropped[i];
	assert(sum == s.samples_fed && s.samples_pending == 0 && offset == 3);
	remote_write_free(rw);
	return 0;
}
