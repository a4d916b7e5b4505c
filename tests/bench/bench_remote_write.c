/* What a sample costs from the journal to the compressed request, without a network: frames of 20,000 series with label sets of about
 * 150 bytes, decoded, encoded and compressed, in both versions and by OTLP; and the memory that the series take.
 * usage: bench_remote_write [SERIES] [SCRAPES] */
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "exporters/pack.h"
#include "exporters/remote_write/remote_write_state.h"
#include "parsers/bytes/hash.h"

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_series(struct journal_writer *w, uint64_t id)
{
	char name[48], pod[64], n[24];
	struct labels l = { 0 };
	snprintf(name, sizeof name, "container_network_things_%03llu_total", (unsigned long long)(id % 200));
	snprintf(pod, sizeof pod, "checkout-7d9f8b6c5-%05llx", (unsigned long long)(id / 200));
	snprintf(n, sizeof n, "eth%llu", (unsigned long long)(id % 3));
	labels_set(&l, STR("__name__"), str_of(name));
	labels_set(&l, STR("instance"), STR("10.12.4.17:10250"));
	labels_set(&l, STR("interface"), str_of(n));
	labels_set(&l, STR("job"), STR("kubelet/cadvisor"));
	labels_set(&l, STR("namespace"), STR("shop"));
	labels_set(&l, STR("pod"), str_of(pod));
	journal_series(w, id, id % 200 + 1, &l);
	labels_fini(&l);
}

static struct str definitions(struct journal_writer *w, uint64_t series)
{
	char name[48];
	journal_begin(w);
	for (uint64_t i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "container_network_things_%03llu_total", (unsigned long long)i);
		journal_metadata(w, i + 1, 1, str_of(name), STR("Cumulative count of things on the network."), STR(""));
	}
	for (uint64_t i = 0; i < series; i++)
		write_series(w, i);
	return journal_end(w);
}

static void settled(void *ctx, const struct journal_mark *mark)
{
	(void)ctx, (void)mark;
}

/* What remote_write_send.c does with a request up to its compressed bytes. */
static size_t encode_one(struct remote_write *rw, struct rw_request *r, double *pack_s)
{
	struct pack pack;
	size_t n = 0;
	if (rw->version == REMOTE_WRITE_2)
		rw_v2_encode(rw, r);
	else if (rw->version == REMOTE_WRITE_OTLP)
		rw_otlp_encode(rw, r);
	else
		rw_v1_encode(rw, r);
	double start = now_s();
	if (!pack_begin(&pack, rw->version == REMOTE_WRITE_OTLP ? PACK_GZIP : PACK_SNAPPY, &rw->window, rw->symbols.n + rw->raw.n))
		abort();
	pack_add(&pack, buf_view(&rw->symbols));
	pack_add(&pack, buf_view(&rw->raw));
	free(pack_finish(&pack, &n));
	*pack_s += now_s() - start;
	return n;
}

static void run(enum remote_write_version version, uint64_t series, int scrapes)
{
	static const char *const names[] = { [REMOTE_WRITE_1] = "1.0", [REMOTE_WRITE_2] = "2.0", [REMOTE_WRITE_OTLP] = "OTLP" };
	char err[256];
	struct remote_write_options o = { .endpoint = { .name = STR("bench"), .url = STR("http://127.0.0.1:1/") }, .version = version,
					  .send_metadata = true };
	const struct remote_write_hooks hooks = { .settled = settled };
	struct remote_write *rw = remote_write_new(&o, NULL, NULL, &hooks, err);
	if (!rw)
		abort();
	struct journal_writer w = { 0 };
	struct journal_mark mark = { 1, 1, 0 };
	double define_s = now_s();
	remote_write_feed(rw, definitions(&w, series), &mark, false);
	define_s = now_s() - define_s;
	double feed_s = 0, encode_s = 0, pack_s = 0;
	uint64_t samples = 0, wire = 0, raw = 0, random = 1;
	for (int t = 0; t < scrapes; t++) {
		journal_begin(&w);
		journal_time(&w, INT64_C(1780000000000) + t * 15000);
		for (uint64_t i = 0; i < series; i++) {
			double value = (double)(hash_u64(random++) % (i % 3 ? 100000 : 10));
			uint64_t bits;
			memcpy(&bits, &value, 8);
			journal_sample(&w, i, bits);
		}
		struct str payload = journal_end(&w);
		mark.offset++;
		double start = now_s();
		remote_write_feed(rw, payload, &mark, false);
		feed_s += now_s() - start;
		rw_shard_close_open(&rw->shards[0]);
		start = now_s();
		while (rw->shards[0].first) {
			samples += rw->shards[0].first->n;
			wire += encode_one(rw, rw->shards[0].first, &pack_s);
			raw += rw->raw.n + rw->symbols.n;
			rw_take_out(&rw->shards[0]);
		}
		rw_frames_settle(rw);
		encode_s += now_s() - start;
	}
	const struct rw_table *t = rw->table;
	size_t memory = t->series_room * sizeof *t->series + t->number_room * sizeof *t->numbers + t->labels.n + t->refs.n + t->texts.n + t->symbol_room * sizeof *t->symbols +
			t->index_room * sizeof *t->index + t->family_room * sizeof *t->families;
	printf("%s: %.3f us for each sample: decode %.3f, encode %.3f, compress %.3f; raw %.1f, wire %.1f bytes; "
	       "definition %.3f us; %llu series in %.2f MiB\n",
	       names[version], (feed_s + encode_s) / (double)samples * 1e6, feed_s / (double)samples * 1e6,
	       (encode_s - pack_s) / (double)samples * 1e6, pack_s / (double)samples * 1e6, (double)raw / (double)samples,
	       (double)wire / (double)samples, define_s / (double)series * 1e6, (unsigned long long)series, (double)memory / 1048576);
	journal_fini(&w);
	remote_write_free(rw);
}

int main(int argc, char **argv)
{
	uint64_t series = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	int scrapes = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 50;
	run(REMOTE_WRITE_1, series, scrapes);
	run(REMOTE_WRITE_2, series, scrapes);
	run(REMOTE_WRITE_OTLP, series, scrapes);
	return 0;
}
