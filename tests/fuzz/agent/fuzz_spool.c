/* Whatever the spool's files hold: it opens, reading comes to an end, what is given out has a right checksum, and it goes on working.
 * The first byte says which file the rest is: the newest segment, an older one, the acknowledgements, or frames behind a good head. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/spool/spool.h"
#include "agent/spool/spool_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(const char *dir, const char *name, const void *bytes, size_t n, const char *head, size_t head_n)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert(fd >= 0 && write(fd, head, head_n) == (ssize_t)head_n && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

/* A frame's head in the input gets its checksum, so that the payload and what follows are looked at too. */
static size_t frames(const uint8_t *data, size_t size, char *to)
{
	size_t n = 0;
	while (size > 2) {
		size_t length = data[0] % 64 < size - 2 ? data[0] % 64 : size - 2;
		spool_frame_head_write((struct str){ (const char *)data + 2, length }, data[1], 1, SPOOL_SEGMENT_HEAD + n, to + n);
		memcpy(to + n + SPOOL_FRAME_HEAD, data + 2, length);
		to[n + (data[1] & 1 ? 0 : SPOOL_FRAME_HEAD)] ^= (char)(data[1] & 2); /* some are damaged */
		n += SPOOL_FRAME_HEAD + length;
		data += 2 + length;
		size -= 2 + length;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/spoor_fuzz.XXXXXX", err[256], head[SPOOL_SEGMENT_HEAD], path[256];
	static char made[1 << 20];
	if (size < 1 || size > 4096 || !mkdtemp(dir))
		return 0;
	const struct spool_segment_head segment = { 1, 5 };
	spool_segment_head_write(&segment, head);
	static const char *const names[] = { "0000000000000001.samples", "0000000000000002.samples", "acked" };
	if (data[0] % 4 == 3)
		put(dir, names[0], made, frames(data + 1, size - 1, made), head, sizeof head);
	else
		put(dir, names[data[0] % 4], data + 1, size - 1, head, data[0] % 4 == 0 && (data[0] & 4) ? sizeof head : 0);
	struct spool_options o = { .directory = dir, .cap_bytes = 1 << 20, .destination_count = 2, .names = { "a", "b" } };
	struct spool *s = spool_open(&o, err);
	assert(s);
	struct spool_frame f;
	size_t read = 0;
	spool_segment(s);
	assert(spool_append(s, STR("good"), 1) == 0);
	bool is_found = false;
	while (spool_read(s, 0, &f)) {
		is_found = str_eq(f.payload, STR("good"));
		assert(++read <= size);
		if (read % 2)
			spool_ack(s, 0, &f.end);
	}
	assert(is_found || data[0] % 4 == 2);
	spool_rewind(s, 0);
	while (spool_read(s, 0, &f))
		;
	struct spool_status status;
	spool_status(s, &status);
	spool_close(s);
	static const char *const all[] = { "0000000000000001.samples", "0000000000000002.samples", "0000000000000003.samples", "acked" };
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		snprintf(path, sizeof path, "%s/%s", dir, all[i]);
		unlink(path);
	}
	rmdir(dir);
	return 0;
}
