/* uname(2). */
#include <sys/utsname.h>

#include "agent/collectors/all.h"

static int update(void *state, struct collect *c)
{
	struct utsname u;
	(void)state;
	if (uname(&u) < 0)
		return -errno;
	const struct metric_label labels[] = {
		{ "domainname", str_of(u.domainname) },
		{ "machine", str_of(u.machine) },
		{ "nodename", str_of(u.nodename) },
		{ "release", str_of(u.release) },
		{ "sysname", str_of(u.sysname) },
		{ "version", str_of(u.version) },
	};
	families_begin(c->out, "node_uname_info", METRIC_GAUGE, "Labeled system information as provided by the uname system call.");
	families_sample(c->out, "", labels, COUNT_OF(labels), 1);
	return 0;
}

const struct collector collector_uname = { .name = "uname", .is_default = true, .update = update };
