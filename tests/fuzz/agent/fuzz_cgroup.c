/* The pure halves of container metrics take any bytes: first byte which, the rest the text. */
#include <assert.h>

#include "agent/pods/bundle.h"
#include "agent/pods/cgroup_path.h"
#include "agent/pods/cgroup_stats.h"
#include "agent/pods/disks.h"
#include "agent/pods/machine.h"
#include "agent/pods/network.h"
#include "parsers/bytes/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct str text)
{
	struct cgroup_path p = cgroup_path_parse(text);
	size_t uid = strlen(p.uid);
	assert(uid == 0 || (uid >= CGROUP_UID_MIN && uid <= CGROUP_UID_MAX));
	assert((p.kind == CGROUP_CONTAINER) == (p.container_id.n == CGROUP_ID_BYTES));
	assert(p.kind != CGROUP_CONTAINER || (uid > 0 && p.container_id.p >= text.p &&
		p.container_id.p + p.container_id.n <= text.p + text.n));
	assert(p.kind != CGROUP_POD || uid > 0);
	struct str id = cgroup_path_of_process(text);
	assert(id.n == 0 || (id.n == CGROUP_ID_BYTES && id.p >= text.p && id.p + id.n <= text.p + text.n));
}

static void check_file(struct str text, unsigned which)
{
	struct cgroup_stats stats = { 0 };
	struct cgroup_io io = { 0 };
	const struct cgroup_file *f = cgroup_files(which & 1 ? CGROUP_V2 : CGROUP_V1);
	for (unsigned n = which >> 1; n && f[1].name; n--)
		f++;
	bool found = cgroup_parse(f, text, &stats, &io);
	assert(found || (stats.has == 0 && io.count == 0));
	assert(io.count <= CGROUP_DEVICES_MAX);
	cgroup_derive(&stats);
	assert(stats.has >> CG_VALUES == 0);
	assert(!cgroup_has(&stats, CG_MEMORY) || stats.value[CG_WORKING_SET] <= stats.value[CG_MEMORY]);
}

static void check_rest(struct str text)
{
	static struct network net;
	struct machine machine = { 0 };
	struct arena arena = { 0 };
	struct disks disks;
	struct bundle b;
	network_parse(text, &net);
	assert(net.count <= NETWORK_INTERFACES_MAX);
	for (size_t i = 0; i < net.count; i++)
		assert(net.at[i].name[0] && !net.at[i].name[NETWORK_NAME_MAX - 1]);
	disks_parse(text, &disks, &arena);
	assert(disks.count <= DISKS_MAX && disks_path(&disks, UINT32_MAX, UINT32_MAX).n <= text.n + 5);
	machine_parse_memory(text, &machine);
	if (bundle_parse(text, &b, &arena))
		assert(utf8_valid(b.image) == b.image.n && utf8_valid(b.pod) == b.pod.n && (!b.is_sandbox || b.container.n == 0));
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { size ? (const char *)data + 1 : NULL, size ? size - 1 : 0 };
	unsigned which = size ? data[0] : 0;
	if (which == 'p')
		check_path(text);
	else if (which == 'r')
		check_rest(text);
	else
		check_file(text, which);
	return 0;
}
