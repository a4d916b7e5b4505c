/* Whatever the positions file holds: it loads or is refused, and what was loaded is written and loaded again the same. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/tail/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load(struct checkpoint *c, const void *bytes, size_t n)
{
	char path[64];
	int fd = memfd_create("positions", MFD_CLOEXEC);
	assert(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int result = checkpoint_load(c, path); /* .old and .bad cannot be there: nothing else is touched */
	close(fd);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint c, again;
	struct buf out;
	const struct checkpoint_row *row;
	buf_init(&out, (size_t)64 << 20);
	checkpoint_begin(&out);
	int result = load(&c, data, size);
	assert(result == 0 || result < 0);
	for (size_t i = 0; (row = map_next(&c.logs, &i));)
		for (; row; row = row->next)
			checkpoint_put(&out, row);
	const struct checkpoint_labels *labels;
	for (size_t i = 0; (labels = map_next(&c.labels, &i));)
		for (; labels; labels = labels->next)
			checkpoint_put_labels(&out, labels);
	assert(!out.is_full && load(&again, out.p, out.n) == 0);
	assert(again.rows == c.rows && again.damaged == 0);
	for (size_t i = 0; (row = map_next(&c.logs, &i));)
		assert(checkpoint_rows(&again, row->log));
	checkpoint_fini(&c);
	checkpoint_fini(&again);
	buf_fini(&out);
	return 0;
}
