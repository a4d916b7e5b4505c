/* What the kernel's random number generator has gathered: /proc/sys/kernel/random. */
#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"

static int write_file(struct collect *c, const char *path, const char *name, const char *help)
{
	struct str text;
	uint64_t value;
	int error = files_read(c->files, c->roots->proc, path, true, &text);
	if (error)
		return error;
	if (!fields_u64(&text, &value))
		return -EINVAL;
	families_gauge(c->out, name, help, (double)value);
	return 0;
}

static int update(void *state, struct collect *c)
{
	(void)state;
	int error = write_file(c, "/sys/kernel/random/entropy_avail", "node_entropy_available_bits", "Bits of available entropy.");
	int other = write_file(c, "/sys/kernel/random/poolsize", "node_entropy_pool_size_bits", "Bits of entropy pool.");
	return error ? error : other;
}

const struct collector collector_entropy = { .name = "entropy", .is_default = true, .update = update };
