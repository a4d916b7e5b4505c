/* The functions of libsystemd that are used. Apart from sdjournal.h, because its header brings syslog's names along. */
#ifndef AGENT_JOURNAL_SDJOURNAL_TABLE_H
#define AGENT_JOURNAL_SDJOURNAL_TABLE_H

#include <systemd/sd-journal.h>

#define SDJOURNAL_FUNCTIONS(X) \
	X(sd_journal_open) X(sd_journal_open_directory) X(sd_journal_close) X(sd_journal_next) X(sd_journal_seek_head) X(sd_journal_seek_cursor) \
	X(sd_journal_seek_realtime_usec) X(sd_journal_test_cursor) X(sd_journal_get_cursor) X(sd_journal_get_realtime_usec) \
	X(sd_journal_restart_data) X(sd_journal_enumerate_data) X(sd_journal_set_data_threshold) X(sd_journal_add_match) \
	X(sd_journal_add_disjunction) X(sd_journal_flush_matches) X(sd_journal_get_fd) X(sd_journal_process) X(sd_journal_get_usage)

struct sdjournal {
	void *handle;
#define SDJOURNAL_FIELD(name) __typeof__(name) *name;
	SDJOURNAL_FUNCTIONS(SDJOURNAL_FIELD)
#undef SDJOURNAL_FIELD
};

#endif
