/* Most families are one value of each group: those are rows of a table, with the unit and the condition under which cAdvisor
 * writes them. The rest (devices, interfaces, failures, starts, exits) have a function each. Labels come in order of their
 * names. */
#include "agent/pods/container_metrics.h"

enum unit { PLAIN, SECONDS /* from nanoseconds */, LIMIT /* beyond 2^62: none, which is written as 0 */ };
enum condition { ALWAYS, WITH_QUOTA };
enum { LABELS_MAX = 10, ROW_BYTES_GUESS = 512, PAGE_RESERVE = 1 << 20 };

struct page {
	struct families *f;
	const struct container_view *v;
	size_t row_bytes; /* of the longest rows so far, on average over a family */
	bool is_cut;
};

struct family {
	const char *name, *help;
	enum metric_type type;
	enum cgroup_value value;
	enum unit unit;
	enum condition condition;
};

static const struct family first_families[] = {
	{ "container_memory_working_set_bytes", "Current working set in bytes.", METRIC_GAUGE, CG_WORKING_SET, PLAIN, ALWAYS },
	{ "container_memory_rss", "Size of RSS in bytes.", METRIC_GAUGE, CG_RSS, PLAIN, ALWAYS },
	{ "container_memory_cache", "Number of bytes of page cache memory.", METRIC_GAUGE, CG_CACHE, PLAIN, ALWAYS },
	{ "container_memory_swap", "Container swap usage in bytes.", METRIC_GAUGE, CG_SWAP, PLAIN, ALWAYS },
	{ "container_memory_usage_bytes", "Current memory usage in bytes, including all memory regardless of when it was accessed",
	  METRIC_GAUGE, CG_MEMORY, PLAIN, ALWAYS },
	{ "container_cpu_cfs_periods_total", "Number of elapsed enforcement period intervals.", METRIC_COUNTER, CG_PERIODS, PLAIN,
	  WITH_QUOTA },
	{ "container_cpu_cfs_throttled_periods_total", "Number of throttled period intervals.", METRIC_COUNTER, CG_THROTTLED, PLAIN,
	  WITH_QUOTA },
	{ "container_cpu_cfs_throttled_seconds_total", "Total time duration the container has been throttled.", METRIC_COUNTER,
	  CG_THROTTLED_TIME, SECONDS, WITH_QUOTA },
};
static const struct family second_families[] = {
	{ "container_pressure_cpu_stalled_seconds_total",
	  "Total time duration no tasks in the container could make progress due to CPU congestion.", METRIC_COUNTER, CG_CPU_FULL,
	  SECONDS, ALWAYS },
	{ "container_pressure_cpu_waiting_seconds_total",
	  "Total time duration tasks in the container have waited due to CPU congestion.",
	  METRIC_COUNTER, CG_CPU_SOME, SECONDS, ALWAYS },
	{ "container_pressure_memory_stalled_seconds_total",
	  "Total time duration no tasks in the container could make progress due to memory congestion.", METRIC_COUNTER,
	  CG_MEMORY_FULL,
	  SECONDS, ALWAYS },
	{ "container_pressure_memory_waiting_seconds_total",
	  "Total time duration tasks in the container have waited due to memory congestion.", METRIC_COUNTER, CG_MEMORY_SOME,
	  SECONDS,
	  ALWAYS },
	{ "container_pressure_io_stalled_seconds_total",
	  "Total time duration no tasks in the container could make progress due to IO congestion.", METRIC_COUNTER, CG_IO_FULL,
	  SECONDS,
	  ALWAYS },
	{ "container_pressure_io_waiting_seconds_total",
	  "Total time duration tasks in the container have waited due to IO congestion.",
	  METRIC_COUNTER, CG_IO_SOME, SECONDS, ALWAYS },
	{ "container_spec_cpu_quota", "CPU quota of the container.", METRIC_GAUGE, CG_QUOTA, PLAIN, WITH_QUOTA },
	{ "container_spec_cpu_period", "CPU period of the container.", METRIC_GAUGE, CG_PERIOD, PLAIN, ALWAYS },
	{ "container_spec_cpu_shares", "CPU share of the container.", METRIC_GAUGE, CG_SHARES, PLAIN, ALWAYS },
	{ "container_spec_memory_limit_bytes", "Memory limit for the container.", METRIC_GAUGE, CG_LIMIT, LIMIT, ALWAYS },
	{ "container_cpu_user_seconds_total", "Cumulative user cpu time consumed in seconds.", METRIC_COUNTER, CG_CPU_USER, SECONDS,
	  ALWAYS },
	{ "container_cpu_system_seconds_total", "Cumulative system cpu time consumed in seconds.", METRIC_COUNTER, CG_CPU_SYSTEM,
	  SECONDS,
	  ALWAYS },
	{ "container_memory_max_usage_bytes", "Maximum memory usage recorded in bytes", METRIC_GAUGE, CG_MEMORY_PEAK, PLAIN,
	  ALWAYS },
	{ "container_memory_failcnt", "Number of memory usage hits limits", METRIC_COUNTER, CG_FAILURES, PLAIN, ALWAYS },
	{ "container_memory_mapped_file", "Size of memory mapped files in bytes.", METRIC_GAUGE, CG_MAPPED, PLAIN, ALWAYS },
	{ "container_memory_kernel_usage", "Size of kernel memory allocated in bytes.", METRIC_GAUGE, CG_KERNEL, PLAIN, ALWAYS },
	{ "container_threads", "Number of threads running inside the container", METRIC_GAUGE, CG_THREADS, PLAIN, ALWAYS },
	{ "container_threads_max", "Maximum number of threads allowed inside the container, infinity if value is zero",
	  METRIC_GAUGE,
	  CG_THREADS_MAX, PLAIN, ALWAYS },
	{ "container_processes", "Number of processes running inside the container.", METRIC_GAUGE, CG_PROCESSES, PLAIN, ALWAYS },
	{ "container_memory_total_active_file_bytes", "Current total active file in bytes.", METRIC_GAUGE, CG_ACTIVE_FILE, PLAIN,
	  ALWAYS },
	{ "container_memory_total_inactive_file_bytes", "Current total inactive file in bytes.", METRIC_GAUGE, CG_INACTIVE_FILE,
	  PLAIN,
	  ALWAYS },
	{ "container_memory_events_high_total", "Cumulative count of memory.high throttle events for the container", METRIC_COUNTER,
	  CG_EVENTS_HIGH, PLAIN, ALWAYS },
	{ "container_memory_events_max_total", "Cumulative count of memory.max limit hit events for the container", METRIC_COUNTER,
	  CG_EVENTS_MAX, PLAIN, ALWAYS },
	{ "container_spec_memory_swap_limit_bytes", "Memory swap limit for the container.", METRIC_GAUGE, CG_SWAP_LIMIT, LIMIT,
	  ALWAYS },
	{ "container_spec_memory_reservation_limit_bytes", "Memory reservation limit for the container.", METRIC_GAUGE,
	  CG_RESERVATION,
	  LIMIT, ALWAYS },
	{ "container_cpu_cfs_burst_periods_total", "Number of periods when burst occurs.", METRIC_COUNTER, CG_BURSTS, PLAIN,
	  WITH_QUOTA },
	{ "container_cpu_cfs_burst_seconds_total", "Total time duration the container has been bursted.", METRIC_COUNTER,
	  CG_BURST_TIME,
	  SECONDS, WITH_QUOTA },
	{ "container_memory_file_dirty_bytes",
	  "Number of bytes of file cache that has been modified but not yet written back to disk.", METRIC_GAUGE, CG_DIRTY, PLAIN,
	  ALWAYS },
	{ "container_memory_file_writeback_bytes", "Number of bytes of file cache that is currently being written back to disk.",
	  METRIC_GAUGE, CG_WRITEBACK, PLAIN, ALWAYS },
	{ "container_memory_pgscan_total", "Cumulative number of pages scanned by the page reclaim algorithm.", METRIC_COUNTER,
	  CG_PGSCAN,
	  PLAIN, ALWAYS },
	{ "container_memory_pgsteal_total", "Cumulative number of pages reclaimed by the page reclaim algorithm.", METRIC_COUNTER,
	  CG_PGSTEAL, PLAIN, ALWAYS },
	{ "container_memory_workingset_refault_file_total", "Cumulative number of refaults of previously evicted file pages.",
	  METRIC_COUNTER, CG_REFAULT_FILE, PLAIN, ALWAYS },
	{ "container_memory_workingset_refault_anon_total", "Cumulative number of refaults of previously evicted anonymous pages.",
	  METRIC_COUNTER, CG_REFAULT_ANON, PLAIN, ALWAYS },
};

/* ---- rows ---- */

/* The labels of every row and those of this one (count, sorted by name), both in one order. */
static void write_row(struct page *p, const struct pod_name *name, struct str id, const struct metric_label *more, size_t count,
	double value)
{
	const struct metric_label own[] = {
		{ "container", name->container }, { "id", id }, { "image", name->image }, { "name", name->name },
		{ "namespace", name->namespace_ }, { "pod", name->pod },
	};
	struct metric_label labels[LABELS_MAX];
	size_t n = 0, next = 0;
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		while (next < count && strcmp(more[next].name, own[i].name) < 0)
			labels[n++] = more[next++];
		labels[n++] = own[i];
	}
	while (next < count && n < LABELS_MAX)
		labels[n++] = more[next++];
	families_sample(p->f, "", labels, n, value);
}

/* Begins a family of so many rows, when the page has room for it. */
static bool begin(struct page *p, const char *name, enum metric_type type, const char *help, size_t rows)
{
	const struct buf *out = p->f->out;
	size_t used = out->n + PAGE_RESERVE, room = out->cap_bytes > used ? out->cap_bytes - used : 0;
	if (rows > room / p->row_bytes) {
		p->is_cut = true;
		return false;
	}
	families_begin(p->f, name, type, help);
	return true;
}

/* Rows are as long as names are; what one family took tells what the next will. */
static void measure(struct page *p, size_t before, size_t rows)
{
	if (rows && (p->f->out->n - before) / rows + 64 > p->row_bytes)
		p->row_bytes = (p->f->out->n - before) / rows + 64;
}

static double scaled(uint64_t value, enum unit unit)
{
	if (unit == LIMIT && value > UINT64_C(1) << 62)
		return 0;
	return unit == SECONDS ? (double)value / 1e9 : (double)value;
}

static bool has_quota(const struct cgroup *g)
{
	return cgroup_has(&g->stats, CG_QUOTA) && g->stats.value[CG_QUOTA] > 0;
}

static void write_family(struct page *p, const struct family *family)
{
	size_t before = p->f->out->n;
	if (!begin(p, family->name, family->type, family->help, p->v->group_count))
		return;
	for (size_t i = 0; i < p->v->group_count; i++) {
		const struct cgroup *g = p->v->groups[i];
		if (cgroup_has(&g->stats, family->value) && (family->condition == ALWAYS || has_quota(g)))
			write_row(p, &g->name, g->path, NULL, 0, scaled(g->stats.value[family->value], family->unit));
	}
	measure(p, before, p->v->group_count);
}

static void write_cpu(struct page *p)
{
	const struct metric_label total = { "cpu", STR("total") };
	if (!begin(p, "container_cpu_usage_seconds_total", METRIC_COUNTER, "Cumulative cpu time consumed in seconds.",
		p->v->group_count))
		return;
	for (size_t i = 0; i < p->v->group_count; i++) {
		const struct cgroup *g = p->v->groups[i];
		if (cgroup_has(&g->stats, CG_CPU_USAGE))
			write_row(p, &g->name, g->path, &total, 1, scaled(g->stats.value[CG_CPU_USAGE], SECONDS));
	}
}

static void write_times(struct page *p)
{
	if (begin(p, "container_start_time_seconds", METRIC_GAUGE, "Start time of the container since unix epoch in seconds.",
		    p->v->group_count))
		for (size_t i = 0; i < p->v->group_count; i++)
			if (p->v->groups[i]->started_s > 0)
				write_row(p, &p->v->groups[i]->name, p->v->groups[i]->path, NULL, 0,
					(double)p->v->groups[i]->started_s);
	if (begin(p, "container_last_seen", METRIC_GAUGE, "Last time a container was seen by the exporter", p->v->group_count))
		for (size_t i = 0; i < p->v->group_count; i++)
			write_row(p, &p->v->groups[i]->name, p->v->groups[i]->path, NULL, 0, (double)p->v->now_s);
}

static void write_failures(struct page *p)
{
	static const struct {
		struct str type, scope;
		enum cgroup_value value;
	} rows[] = {
		{ { "pgfault", 7 }, { "container", 9 }, CG_PGFAULT }, { { "pgmajfault", 10 }, { "container", 9 }, CG_PGMAJFAULT },
		{ { "pgfault", 7 }, { "hierarchy", 9 }, CG_TOTAL_PGFAULT }, { { "pgmajfault", 10 }, { "hierarchy", 9 },
		  CG_TOTAL_PGMAJFAULT },
	};
	if (!begin(p, "container_memory_failures_total", METRIC_COUNTER, "Cumulative count of memory allocation failures.",
		    p->v->group_count * COUNT_OF(rows)))
		return;
	for (size_t i = 0; i < p->v->group_count; i++)
		for (size_t r = 0; r < COUNT_OF(rows); r++) {
			const struct cgroup *g = p->v->groups[i];
			const struct metric_label labels[] = { { "failure_type", rows[r].type }, { "scope", rows[r].scope } };
			if (cgroup_has(&g->stats, rows[r].value))
				write_row(p, &g->name, g->path, labels, 2, (double)g->stats.value[rows[r].value]);
		}
}

/* ---- devices and interfaces ---- */

static size_t count_devices(const struct container_view *v)
{
	size_t n = 0;
	for (size_t i = 0; i < v->group_count; i++)
		n += v->groups[i]->device_count;
	return n;
}

static void write_devices(struct page *p, size_t devices)
{
	static const struct {
		const char *name, *help;
		size_t offset;
	} families[] = {
		{ "container_fs_reads_bytes_total", "Cumulative count of bytes read", offsetof(struct cgroup_device, read_bytes) },
		{ "container_fs_reads_total", "Cumulative count of reads completed", offsetof(struct cgroup_device, reads) },
		{ "container_fs_writes_bytes_total", "Cumulative count of bytes written", offsetof(struct cgroup_device,
		  written_bytes) },
		{ "container_fs_writes_total", "Cumulative count of writes completed", offsetof(struct cgroup_device, writes) },
	};
	for (size_t k = 0; k < COUNT_OF(families); k++) {
		if (!begin(p, families[k].name, METRIC_COUNTER, families[k].help, devices))
			continue;
		for (size_t i = 0; i < p->v->group_count; i++)
			for (size_t d = 0; d < p->v->groups[i]->device_count; d++) {
				const struct cgroup_device *at = &p->v->groups[i]->devices[d];
				struct metric_label device = { "device", disks_path(&p->v->disks, at->major, at->minor) };
				uint64_t value;
				memcpy(&value, (const char *)at + families[k].offset, sizeof value);
				/* Two without a name would be the same series. */
				if (device.value.n || p->v->groups[i]->device_count == 1)
					write_row(p, &p->v->groups[i]->name, p->v->groups[i]->path, &device, 1, (double)value);
			}
	}
}

static void write_networks(struct page *p)
{
	static const struct {
		const char *name, *help;
	} families[NET_VALUES] = {
		[NET_RX_BYTES] = { "container_network_receive_bytes_total", "Cumulative count of bytes received" },
		[NET_RX_PACKETS] = { "container_network_receive_packets_total", "Cumulative count of packets received" },
		[NET_RX_ERRORS] = { "container_network_receive_errors_total",
		  "Cumulative count of errors encountered while receiving" },
		[NET_RX_DROPPED] = { "container_network_receive_packets_dropped_total",
		  "Cumulative count of packets dropped while receiving" },
		[NET_TX_BYTES] = { "container_network_transmit_bytes_total", "Cumulative count of bytes transmitted" },
		[NET_TX_PACKETS] = { "container_network_transmit_packets_total", "Cumulative count of packets transmitted" },
		[NET_TX_ERRORS] = { "container_network_transmit_errors_total",
		  "Cumulative count of errors encountered while transmitting" },
		[NET_TX_DROPPED] = { "container_network_transmit_packets_dropped_total",
				     "Cumulative count of packets dropped while transmitting" },
	};
	size_t rows = 0;
	for (size_t i = 0; i < p->v->network_count; i++)
		rows += p->v->networks[i].count;
	for (size_t k = 0; k < NET_VALUES; k++) {
		if (!begin(p, families[k].name, METRIC_COUNTER, families[k].help, rows))
			continue;
		for (size_t i = 0; i < p->v->network_count; i++)
			for (size_t n = 0; n < p->v->networks[i].count; n++) {
				const struct pod_network *net = &p->v->networks[i];
				struct metric_label interface = { "interface", str_of(net->at[n].name) };
				write_row(p, &net->group->name, net->group->path, &interface, 1, (double)net->at[n].value[k]);
			}
	}
}

/* ---- beyond the end ---- */

/* Of containers with a name the series outlives them: it has no id, so that the next one of that name goes on with it. */
static void write_exits(struct page *p)
{
	if (begin(p, "container_oom_events_total", METRIC_COUNTER, "Count of out of memory events observed for the container",
		    p->v->exit_count + p->v->group_count)) {
		for (size_t i = 0; i < p->v->group_count; i++) {
			const struct cgroup *g = p->v->groups[i];
			bool is_unnamed = g->is.kind == CGROUP_CONTAINER && !g->name.is_sandbox && !(g->name.pod.n &&
				g->name.container.n);
			if (is_unnamed && cgroup_has(&g->stats, CG_OOM_KILLS))
				write_row(p, &g->name, g->path, NULL, 0, (double)g->stats.value[CG_OOM_KILLS]);
		}
		for (size_t i = 0; i < p->v->exit_count; i++) {
			const struct exit_count *x = p->v->exits[i];
			const struct pod_name name = { .namespace_ = x->namespace_, .pod = x->pod, .container = x->container,
						       .image = x->image };
			write_row(p, &name, (struct str){ 0 }, NULL, 0, (double)x->oom_kills);
		}
	}
	if (!begin(p, "container_exits_total", METRIC_COUNTER, "Containers of that name that ended while they were watched",
		    p->v->exit_count))
		return;
	for (size_t i = 0; i < p->v->exit_count; i++) {
		const struct exit_count *x = p->v->exits[i];
		const struct metric_label labels[] = { { "container", x->container }, { "namespace", x->namespace_ }, { "pod",
			x->pod } };
		if (x->container.n)
			families_sample(p->f, "", labels, COUNT_OF(labels), (double)x->exits);
	}
}

void container_metrics_write(struct families *f, const struct container_view *v)
{
	struct page p = { .f = f, .v = v, .row_bytes = ROW_BYTES_GUESS };
	write_cpu(&p);
	for (size_t i = 0; i < COUNT_OF(first_families); i++)
		write_family(&p, &first_families[i]);
	write_networks(&p);
	write_devices(&p, count_devices(v));
	write_exits(&p);
	write_times(&p);
	for (size_t i = 0; i < COUNT_OF(second_families); i++)
		write_family(&p, &second_families[i]);
	write_failures(&p);
	families_gauge(f, "container_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise",
		p.is_cut || v->is_incomplete);
}
