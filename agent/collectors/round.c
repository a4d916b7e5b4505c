/* A collector that fails has said what it could; the others do not notice. What the page tells about the round itself has the names and
 * labels that node_exporter uses for it, since dashboards and alerts ask for them; the values are our own. */
#include "agent/collectors/round.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/kubernetes/pod_shelf.h"
#include "agent/log.h"
#include "agent/os.h"

enum { SCRATCH_MAX = 8 << 20 };

#if defined(__x86_64__)
#define GOARCH "amd64"
#elif defined(__aarch64__)
#define GOARCH "arm64"
#else
#define GOARCH ""
#endif

struct outcome {
	const char *name;
	double seconds;
	bool is_good;
};

/* A file below /proc/PID/net has one inode number in each network, whichever mount of proc it is seen through. */
static bool is_net_foreign(const char *proc)
{
	char path[PATH_MAX];
	struct stat of_init, of_us;
	if (snprintf(path, sizeof path, "%s/1/net/dev", proc) >= (int)sizeof path || stat(path, &of_init) < 0)
		return false;
	return stat("/proc/self/net/dev", &of_us) == 0 && of_init.st_ino != of_us.st_ino && S_ISREG(of_init.st_mode);
}

int round_init(struct round *r, const struct collection_options *options, char err[256])
{
	struct collection_options own = *options;
	own.roots.is_net_foreign = is_net_foreign(own.roots.proc);
	*r = (struct round){ .roots = own.roots };
	if (chosen_init(&r->chosen, &own, err) < 0)
		return -1;
	r->shelf = options->shelf ? pod_shelf_hold(options->shelf) : NULL;
	r->files = files_new();
	if (own.roots.is_net_foreign)
		files_take_net_of_init(r->files);
	buf_init(&r->scratch, SCRATCH_MAX);
	return 0;
}

void round_fini(struct round *r)
{
	chosen_fini(&r->chosen);
	files_free(r->files);
	pod_shelf_let_go(r->shelf);
	buf_fini(&r->scratch);
	*r = (struct round){ 0 };
}

static bool is_named(const struct str *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(names[i], str_of(name)))
			return true;
	return false;
}

static bool is_wanted(const struct chosen_row *row, const struct collect_request *request)
{
	const char *name = row->collector->name;
	if (!row->is_enabled || !(row->part & request->parts) || is_named(request->except, request->except_count, name))
		return false;
	return request->only_count == 0 || is_named(request->only, request->only_count, name);
}

static void update(struct round *r, struct chosen_row *row, const struct podlist *pods, struct families *out, struct outcome *outcome)
{
	buf_reset(&r->scratch);
	int64_t start_ns = os_now_ns();
	struct collect collect = { .roots = &r->roots, .files = r->files, .out = out, .scratch = &r->scratch, .now_wall_ns = os_wall_ns(),
		.now_ns = start_ns, .pods = pods };
	int error = row->collector->update(row->state, &collect);
	*outcome = (struct outcome){ row->collector->name, (double)(os_now_ns() - start_ns) / 1e9, error >= 0 };
	if (error < 0 && error != -ENODATA)
		LOG_DEBUG("collector %s: %s", row->collector->name, strerror(-error));
}

static void write_outcomes(struct families *f, const struct outcome *outcomes, size_t count)
{
	families_begin(f, "node_scrape_collector_duration_seconds", METRIC_GAUGE, "node_exporter: Duration of a collector scrape.");
	for (size_t i = 0; i < count; i++)
		families_label1(f, "collector", str_of(outcomes[i].name), outcomes[i].seconds);
	families_begin(f, "node_scrape_collector_success", METRIC_GAUGE, "node_exporter: Whether a collector succeeded.");
	for (size_t i = 0; i < count; i++)
		families_label1(f, "collector", str_of(outcomes[i].name), outcomes[i].is_good);
}

/* Dashboards show `version`: it is ours, and `tags` says whose it is. There is no Go here, and no branch. */
static void write_build_info(struct families *f)
{
	static const struct metric_label labels[] = {
		{ "branch", { "", 0 } },
		{ "goarch", { GOARCH, sizeof GOARCH - 1 } },
		{ "goos", { "linux", 5 } },
		{ "goversion", { "", 0 } },
		{ "revision", { "", 0 } },
		{ "tags", { "spoor", 5 } },
		{ "version", { SPOOR_VERSION, sizeof SPOOR_VERSION - 1 } },
	};
	families_begin(f, "node_exporter_build_info", METRIC_GAUGE,
		"A metric with a constant '1' value labeled by version, revision, branch, goversion from which node_exporter was built, and "
		"the goos and goarch for the build.");
	families_sample(f, "", labels, COUNT_OF(labels), 1);
}

void round_run(struct round *r, const struct collect_request *request, struct buf *out)
{
	struct families f;
	struct outcome *outcomes = calloc(r->chosen.count + 1, sizeof *outcomes);
	if (!outcomes)
		abort();
	size_t count = 0;
	struct pod_shelf_list *pods = r->shelf && (request->parts & COLLECT_PODS) ? pod_shelf_take(r->shelf) : NULL;
	families_init(&f, out, request->is_openmetrics);
	for (size_t i = 0; i < r->chosen.count; i++) {
		struct chosen_row *row = &r->chosen.rows[i];
		if (!is_wanted(row, request))
			continue;
		update(r, row, pods ? pod_shelf_pods(pods) : NULL, &f, &outcomes[count]);
		count += row->part == COLLECT_NODE;
	}
	if (request->parts & COLLECT_NODE) {
		write_outcomes(&f, outcomes, count);
		write_build_info(&f);
	}
	families_fini(&f);
	pod_shelf_list_let_go(pods);
	free(outcomes);
}
