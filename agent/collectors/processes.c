/* Every process and its threads, by state. A process with one thread needs one file; only the others have their threads looked at. */
#include <stdio.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/num.h"

enum { LETTERS = 128 };

struct count {
	struct collect *collect;
	const char *process; /* whose threads are being counted; NULL: processes are */
	char process_state;
	uint64_t pids, threads, processes_in[LETTERS], threads_in[LETTERS];
};

bool process_stat_parse(struct str text, struct process_stat *out)
{
	/* "1234 (name) S 1 …": the name may hold blanks and brackets, so what counts is the last bracket. */
	size_t at = text.n;
	while (at > 0 && text.p[at - 1] != ')')
		at--;
	if (at == 0 || str_find(str_take(text, at), '(') == at)
		return false;
	struct str rest = str_skip(text, at), state = fields_next(&rest);
	for (size_t i = 0; i < 16; i++) /* ppid to nice */
		if (fields_next(&rest).n == 0)
			return false;
	out->state = state.n == 1 ? state.p[0] : '\0';
	return out->state > ' ' && (unsigned char)out->state < LETTERS && fields_u64(&rest, &out->threads);
}

static bool is_number(const char *name)
{
	uint64_t ignored;
	return num_u64(str_of(name), &ignored);
}

static bool count_thread(void *ctx, const char *name)
{
	struct count *n = ctx;
	struct process_stat stat = { .state = n->process_state };
	struct str text;
	if (!is_number(name))
		return true;
	if (strcmp(name, n->process) != 0 &&
		(files_attribute(n->collect->files, &text, "%s/%s/task/%s/stat", n->collect->roots->proc, n->process, name) ||
			!process_stat_parse(text, &stat)))
		return true; /* it has ended meanwhile */
	n->threads_in[(unsigned char)stat.state]++;
	return true;
}

static bool count_process(void *ctx, const char *name)
{
	struct count *n = ctx;
	struct process_stat stat;
	struct str text;
	if (!is_number(name) || files_attribute(n->collect->files, &text, "%s/%s/stat", n->collect->roots->proc, name) ||
		!process_stat_parse(text, &stat))
		return true;
	n->pids++;
	n->threads += stat.threads;
	n->processes_in[(unsigned char)stat.state]++;
	if (stat.threads <= 1) {
		n->threads_in[(unsigned char)stat.state]++;
		return true;
	}
	char path[64];
	snprintf(path, sizeof path, "/%.20s/task", name);
	n->process = name;
	n->process_state = stat.state;
	files_list(n->collect->roots->proc, path, count_thread, n);
	return true;
}

static void write_states(struct families *f, const char *label, const uint64_t counts[LETTERS])
{
	for (size_t i = 0; i < LETTERS; i++) {
		char letter = (char)i;
		if (counts[i])
			families_label1(f, label, (struct str){ &letter, 1 }, (double)counts[i]);
	}
}

static int update(void *state, struct collect *c)
{
	struct count n = { .collect = c };
	(void)state;
	int error = files_list(c->roots->proc, "/", count_process, &n);
	if (error)
		return error;
	families_gauge(c->out, "node_processes_threads", "Allocated threads in system", (double)n.threads);
	families_begin(c->out, "node_processes_state", METRIC_GAUGE, "Number of processes in each state.");
	write_states(c->out, "state", n.processes_in);
	families_begin(c->out, "node_processes_threads_state", METRIC_GAUGE, "Number of threads in each state.");
	write_states(c->out, "thread_state", n.threads_in);
	families_gauge(c->out, "node_processes_pids", "Number of PIDs", (double)n.pids);
	int threads = collect_gauge(c, "/sys/kernel/threads-max", "node_processes_max_threads", "Limit of threads in the system");
	int pids = collect_gauge(c, "/sys/kernel/pid_max", "node_processes_max_processes", "Number of max PIDs limit");
	return threads ? threads : pids;
}

const struct collector collector_processes = { .name = "processes", .update = update };
