/* CPU time of one scrape of the node collectors, in a loop on this machine: bench_collectors [ROUNDS] [FLAG…]. With "print" as the first
 * argument the page is printed once instead. A line per collector says where the time goes. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/collectors/round.h"
#include "agent/os.h"

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static size_t samples(struct str page)
{
	size_t count = 0;
	while (page.n)
		count += str_cut(&page, '\n').p[0] != '#';
	return count;
}

static double measure(struct round *r, const struct collect_request *request, struct buf *page, unsigned rounds)
{
	double start = cpu_seconds();
	for (unsigned i = 0; i < rounds; i++) {
		buf_reset(page);
		round_run(r, request, page);
	}
	return (cpu_seconds() - start) / rounds * 1e6;
}

int main(int argc, char **argv)
{
	bool prints = argc > 1 && strcmp(argv[1], "print") == 0;
	long asked = argc > 1 && !prints ? strtol(argv[1], NULL, 10) : 1000;
	unsigned rounds = asked > 0 && asked < 1000000 ? (unsigned)asked : 1000;
	struct collection_options options = {
		.roots = { .proc = "/proc", .sys = "/sys", .rootfs = "", .udev_data = "/run/udev/data", .cgroup = "/sys/fs/cgroup",
			.pod_logs = "/var/log/pods", .runtime_state = "/run" },
		.flags = (const char *const *)(argv + (argc > 1 ? 2 : 1)),
		.flag_count = argc > 2 ? (size_t)argc - 2 : 0,
	};
	char err[256];
	struct round r;
	struct buf page;
	if (round_init(&r, &options, err) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	buf_init(&page, 64 << 20);
	struct collect_request request = { .parts = COLLECT_NODE };
	round_run(&r, &request, &page);
	if (prints) {
		fwrite(page.p, 1, page.n, stdout);
	} else {
		double all = measure(&r, &request, &page, rounds);
		printf("all: %.1f us of CPU per scrape, %zu samples, %zu bytes\n", all, samples(buf_view(&page)), page.n);
		for (size_t i = 0; i < r.chosen.count; i++) {
			struct str only = str_of(r.chosen.rows[i].collector->name);
			request.only = &only;
			request.only_count = 1;
			if (r.chosen.rows[i].is_enabled && r.chosen.rows[i].part == COLLECT_NODE)
				printf("%-20s %8.1f us\n", only.p, measure(&r, &request, &page, rounds / 4 + 1));
		}
	}
	buf_fini(&page);
	round_fini(&r);
	return 0;
}
