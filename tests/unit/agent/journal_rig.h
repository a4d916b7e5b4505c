/* Real journal files for tests: text in the export format, made into a file by systemd-journal-remote. */
#ifndef TESTS_UNIT_AGENT_JOURNAL_RIG_H
#define TESTS_UNIT_AGENT_JOURNAL_RIG_H

#include <sys/wait.h>
#include <time.h>

#include "parsers/bytes/buf.h"
#include "tests/unit/agent/temp_dir.h"

#define JOURNAL_REMOTE "/lib/systemd/systemd-journal-remote" /* package systemd-journal-remote: tests/setup.sh tests */

struct journal_rig {
	struct temp_dir dir;
	struct buf text;
	uint64_t now_us; /* of the next entry */
};

static inline struct journal_rig journal_rig_make(void)
{
	struct journal_rig r = { .dir = temp_dir_make(), .now_us = ((uint64_t)time(NULL) - 600) * 1000000 };
	buf_init(&r.text, 64 << 20);
	return r;
}

static inline void journal_rig_free(struct journal_rig *r)
{
	buf_fini(&r->text);
	temp_dir_remove(&r->dir);
}

/* More fields of the entry at hand follow, then journal_rig_end. */
static inline void journal_rig_begin(struct journal_rig *r)
{
	buf_printf(&r->text, "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n_BOOT_ID=0123456789abcdef0123456789abcdef\n",
		   (unsigned long long)r->now_us, (unsigned long long)r->now_us % 1000000000000);
	r->now_us++;
}

static inline void journal_rig_field(struct journal_rig *r, const char *name, struct str value)
{
	uint64_t n = value.n; /* little endian on all machines that run this */
	buf_printf(&r->text, "%s\n", name);
	buf_append(&r->text, &n, sizeof n);
	buf_str(&r->text, value);
	buf_char(&r->text, '\n');
}

static inline void journal_rig_end(struct journal_rig *r)
{
	buf_char(&r->text, '\n');
}

static inline void journal_rig_entry(struct journal_rig *r, const char *message, const char *unit)
{
	journal_rig_begin(r);
	journal_rig_field(r, "MESSAGE", str_of(message));
	journal_rig_field(r, "_SYSTEMD_UNIT", str_of(unit));
	journal_rig_end(r);
}

/* Adds what was put together to DIRECTORY/name, a file that is there or a new one. */
static inline void journal_rig_write(struct journal_rig *r, const char *name)
{
	char command[512];
	snprintf(command, sizeof command, JOURNAL_REMOTE " -o %s - >/dev/null 2>&1", temp_path(&r->dir, name));
	FILE *to = popen(command, "w");
	ck_assert_ptr_nonnull(to);
	ck_assert_uint_eq(fwrite(r->text.p, 1, r->text.n, to), r->text.n);
	int status = pclose(to);
	ck_assert_msg(status == 0, JOURNAL_REMOTE " is missing or fails (%d): tests/setup.sh tests installs it", status);
	buf_reset(&r->text);
}

#endif
