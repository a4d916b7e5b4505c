/* Accepted names hold nothing that needs escaping in a label or a path. */
#include <assert.h>

#include "parsers/kubernetes/podpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_harmless(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '.'))
			return false;
	return s.n > 0 && s.p[0] != '.';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str name = { (const char *)data, size }, base = str_cut(&(struct str){ name.p, name.n }, '\n');
	struct podpath path;
	struct podlog log;
	struct rotation rotation;
	if (podpath_directory(name, &path)) {
		assert(is_harmless(path.namespace_) && is_harmless(path.pod) && is_harmless(path.uid));
		assert(path.namespace_.n + path.pod.n + path.uid.n + 2 == size);
	}
	assert(!podpath_container(name) || (is_harmless(name) && size <= 63));
	if (podpath_log(name, &log)) {
		assert(is_harmless(name) && log.base_bytes >= 5 && log.base_bytes <= size);
		assert(log.stamp ? size > log.base_bytes : size == log.base_bytes && !log.is_gz && !log.is_tmp);
		/* A generation by the kubelet's rule is one by the common rule. */
		assert(!log.stamp || log.is_tmp || rotated_name(str_take(name, log.base_bytes), name, &rotation));
	}
	/* Input of two lines: a base, and what stands behind it in the name. */
	struct str rest = str_skip(name, base.n + 1);
	assert(!rotated_name(base, rest, &rotation) || (str_starts(rest, base) && rest.n > base.n + 1));
	return 0;
}
