/* What the kernel's random number generator has gathered: /proc/sys/kernel/random. */
#include "agent/collectors/all.h"

static int update(void *state, struct collect *c)
{
	(void)state;
	int error = collect_gauge(c, "/sys/kernel/random/entropy_avail", "node_entropy_available_bits", "Bits of available entropy.");
	int other = collect_gauge(c, "/sys/kernel/random/poolsize", "node_entropy_pool_size_bits", "Bits of entropy pool.");
	return error ? error : other;
}

const struct collector collector_entropy = { .name = "entropy", .is_default = true, .update = update };
