/* What a test writes to standard error, up to the size of a pipe. */
#ifndef TESTS_UNIT_AGENT_STDERR_CAPTURE_H
#define TESTS_UNIT_AGENT_STDERR_CAPTURE_H

#include <check.h>
#include <unistd.h>

static char text[64 * 1024];
static int ends[2], saved;

static void capture(void)
{
	ck_assert_int_eq(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

static const char *captured(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	size_t n = 0;
	for (ssize_t got; (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0;)
		n += (size_t)got;
	close(ends[0]);
	text[n] = 0;
	return text;
}

#endif
