/* /proc/self/statm, /proc/self/fd, a clock and a limit: five system calls a scrape. The start time is not read from here: the kernel
 * tells it in ticks since boot, and turning that into wall time jitters from scrape to scrape. */
#include "agent/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "parsers/bytes/num.h"

static bool read_memory(struct process_stats *out)
{
	char text[128];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	struct str rest = { text, (size_t)n };
	uint64_t pages_virtual, pages_resident, page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	if (!num_u64(str_cut(&rest, ' '), &pages_virtual) || !num_u64(str_cut(&rest, ' '), &pages_resident))
		return false;
	out->virtual_bytes = pages_virtual * page_bytes;
	out->resident_bytes = pages_resident * page_bytes;
	return true;
}

static bool count_fds(struct process_stats *out)
{
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return false;
	uint64_t count = 0;
	for (const struct dirent *e; (e = readdir(d));)
		count += e->d_name[0] != '.';
	closedir(d);
	out->open_fds = count ? count - 1 : 0; /* without the one that lists */
	return true;
}

void process_stats_read(struct process_stats *out)
{
	*out = (struct process_stats){ 0 };
	struct timespec cpu;
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
		out->cpu_ns = (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec;
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		out->max_fds = limit.rlim_cur;
	if (getrlimit(RLIMIT_AS, &limit) == 0)
		out->max_virtual_bytes = limit.rlim_cur; /* RLIM_INFINITY is 2^64-1, which is what client libraries show too */
	out->has_memory = read_memory(out);
	out->has_fds = count_fds(out);
}
