/* uname(2). In a pod it answers with the pod's name: then the node's own file says what the node is called. */
#include <sys/utsname.h>

#include "agent/collectors/all.h"

/* The node's name, or what uname says. */
static struct str node_name(struct collect *c, const struct utsname *u)
{
	struct str text;
	if (c->roots->is_net_foreign && files_read(c->files, c->roots->rootfs, "/etc/hostname", false, &text) == 0) {
		text = str_trim(str_cut(&text, '\n'));
		if (text.n)
			return text;
	}
	return str_of(u->nodename);
}

static int update(void *state, struct collect *c)
{
	struct utsname u;
	(void)state;
	if (uname(&u) < 0)
		return -errno;
	const struct metric_label labels[] = {
		{ "domainname", str_of(u.domainname) },
		{ "machine", str_of(u.machine) },
		{ "nodename", node_name(c, &u) },
		{ "release", str_of(u.release) },
		{ "sysname", str_of(u.sysname) },
		{ "version", str_of(u.version) },
	};
	families_begin(c->out, "node_uname_info", METRIC_GAUGE, "Labeled system information as provided by the uname system call.");
	families_sample(c->out, "", labels, COUNT_OF(labels), 1);
	return 0;
}

const struct collector collector_uname = { .name = "uname", .is_default = true, .update = update };
