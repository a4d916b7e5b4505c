/* NFS mounts: /proc/self/mountstats, with the server's address from the same line of /proc/self/mountinfo. kernel: fs/nfs/super.c,
 * net/sunrpc/stats.c, xprtsock.c
 *
 *   device 192.0.2.1:/srv mounted on /mnt with fstype nfs4 statvers=1.1
 *           age:    13968
 *           bytes:  1207640230 0 0 0 1210214218 0 295483 0
 *           events: 52 226 0 …
 *           xprt:   tcp 832 0 1 0 11 6428 6428 0 12154 0 24 26 5726
 *           per-op statistics
 *                   READ: 1298 1298 0 207680 1210292152 6 79386 79407
 *
 * A mount is its export, protocol and address; where it is mounted twice its numbers are shown once, its mount points each. */
#include "agent/collectors/all.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

enum { BYTES = 8, EVENTS = 27, TRANSPORT = 13, OPERATION = 8, TRANSPORTS_MAX = 32, WORDS_MAX = 40, MOUNTS_MAX = 4096 };

static const struct { const char *metric, *help; size_t at; } of_bytes[] = {
	{ "node_mountstats_nfs_read_bytes_total", "Number of bytes read using the read() syscall.", 0 },
	{ "node_mountstats_nfs_write_bytes_total", "Number of bytes written using the write() syscall.", 1 },
	{ "node_mountstats_nfs_direct_read_bytes_total", "Number of bytes read using the read() syscall in O_DIRECT mode.", 2 },
	{ "node_mountstats_nfs_direct_write_bytes_total",
	  "Number of bytes written using the write() syscall in O_DIRECT mode.", 3 },
	{ "node_mountstats_nfs_total_read_bytes_total", "Number of bytes read from the NFS server, in total.", 4 },
	{ "node_mountstats_nfs_total_write_bytes_total", "Number of bytes written to the NFS server, in total.", 5 },
	{ "node_mountstats_nfs_read_pages_total", "Number of pages read directly via mmap()'d files.", 6 },
	{ "node_mountstats_nfs_write_pages_total", "Number of pages written directly via mmap()'d files.", 7 },
};
static const struct { const char *metric, *help; size_t at; } of_events[] = {
	{ "node_mountstats_nfs_event_inode_revalidate_total",
	  "Number of times cached inode attributes are re-validated from the server.", 0 },
	{ "node_mountstats_nfs_event_dnode_revalidate_total",
	  "Number of times cached dentry nodes are re-validated from the server.", 1 },
	{ "node_mountstats_nfs_event_data_invalidate_total", "Number of times an inode cache is cleared.", 2 },
	{ "node_mountstats_nfs_event_attribute_invalidate_total", "Number of times cached inode attributes are invalidated.", 3 },
	{ "node_mountstats_nfs_event_vfs_open_total", "Number of times cached inode attributes are invalidated.", 4 },
	{ "node_mountstats_nfs_event_vfs_lookup_total", "Number of times a directory lookup has occurred.", 5 },
	{ "node_mountstats_nfs_event_vfs_access_total", "Number of times permissions have been checked.", 6 },
	{ "node_mountstats_nfs_event_vfs_update_page_total", "Number of updates (and potential writes) to pages.", 7 },
	{ "node_mountstats_nfs_event_vfs_read_page_total", "Number of pages read directly via mmap()'d files.", 8 },
	{ "node_mountstats_nfs_event_vfs_read_pages_total", "Number of times a group of pages have been read.", 9 },
	{ "node_mountstats_nfs_event_vfs_write_page_total", "Number of pages written directly via mmap()'d files.", 10 },
	{ "node_mountstats_nfs_event_vfs_write_pages_total", "Number of times a group of pages have been written.", 11 },
	{ "node_mountstats_nfs_event_vfs_getdents_total", "Number of times directory entries have been read with getdents().", 12 },
	{ "node_mountstats_nfs_event_vfs_setattr_total", "Number of times directory entries have been read with getdents().", 13 },
	{ "node_mountstats_nfs_event_vfs_flush_total",
	  "Number of pending writes that have been forcefully flushed to the server.", 14 },
	{ "node_mountstats_nfs_event_vfs_fsync_total", "Number of times fsync() has been called on directories and files.", 15 },
	{ "node_mountstats_nfs_event_vfs_lock_total", "Number of times locking has been attempted on a file.", 16 },
	{ "node_mountstats_nfs_event_vfs_file_release_total", "Number of times files have been closed and released.", 17 },
	{ "node_mountstats_nfs_event_truncation_total", "Number of times files have been truncated.", 19 },
	{ "node_mountstats_nfs_event_write_extension_total",
	  "Number of times a file has been grown due to writes beyond its existing end.", 20 },
	{ "node_mountstats_nfs_event_silly_rename_total",
	  "Number of times a file was removed while still open by another process.", 21 },
	{ "node_mountstats_nfs_event_short_read_total",
	  "Number of times the NFS server gave less data than expected while reading.", 22 },
	{ "node_mountstats_nfs_event_short_write_total",
	  "Number of times the NFS server wrote less data than expected while writing.", 23 },
	{ "node_mountstats_nfs_event_jukebox_delay_total",
	  "Number of times the NFS server indicated EJUKEBOX; retrieving data from offline storage.", 24 },
	{ "node_mountstats_nfs_event_pnfs_read_total", "Number of NFS v4.1+ pNFS reads.", 25 },
	{ "node_mountstats_nfs_event_pnfs_write_total", "Number of NFS v4.1+ pNFS writes.", 26 },
};
static const struct { const char *metric, *help; size_t at; enum metric_type type; } of_transport[] = {
	{ "node_mountstats_nfs_transport_bind_total",
	  "Number of times the client has had to establish a connection from scratch to the NFS server.", 1, METRIC_COUNTER },
	{ "node_mountstats_nfs_transport_connect_total",
	  "Number of times the client has made a TCP connection to the NFS server.", 2, METRIC_COUNTER },
	{ "node_mountstats_nfs_transport_idle_time_seconds",
	  "Duration since the NFS mount last saw any RPC traffic, in seconds.", 4, METRIC_GAUGE },
	{ "node_mountstats_nfs_transport_sends_total",
	  "Number of RPC requests for this mount sent to the NFS server.", 5, METRIC_COUNTER },
	{ "node_mountstats_nfs_transport_receives_total",
	  "Number of RPC responses for this mount received from the NFS server.", 6, METRIC_COUNTER },
	{ "node_mountstats_nfs_transport_bad_transaction_ids_total",
	  "Number of times the NFS server sent a response with a transaction ID unknown to this client.", 7, METRIC_COUNTER },
	{ "node_mountstats_nfs_transport_backlog_queue_total",
	  "Total number of items added to the RPC backlog queue.", 9, METRIC_COUNTER },
	{ "node_mountstats_nfs_transport_maximum_rpc_slots",
	  "Maximum number of simultaneously active RPC requests ever used.", 10, METRIC_GAUGE },
	{ "node_mountstats_nfs_transport_sending_queue_total",
	  "Total number of items added to the RPC transmission sending queue.", 11, METRIC_COUNTER },
	{ "node_mountstats_nfs_transport_pending_queue_total",
	  "Total number of items added to the RPC transmission pending queue.", 12, METRIC_COUNTER },
};
static const struct { const char *metric, *help; size_t at; double divisor; } of_operation[] = {
	{ "node_mountstats_nfs_operations_requests_total", "Number of requests performed for a given operation.", 0, 1 },
	{ "node_mountstats_nfs_operations_transmissions_total",
	  "Number of times an actual RPC request has been transmitted for a given operation.", 1, 1 },
	{ "node_mountstats_nfs_operations_major_timeouts_total",
	  "Number of times a request has had a major timeout for a given operation.", 2, 1 },
	{ "node_mountstats_nfs_operations_sent_bytes_total",
	  "Number of bytes sent for a given operation, including RPC headers and payload.", 3, 1 },
	{ "node_mountstats_nfs_operations_received_bytes_total",
	  "Number of bytes received for a given operation, including RPC headers and payload.", 4, 1 },
	{ "node_mountstats_nfs_operations_queue_time_seconds_total",
	  "Duration all requests spent queued for transmission for a given operation before they were sent, in seconds.", 5,
	  1000.0 },
	{ "node_mountstats_nfs_operations_response_time_seconds_total",
	  "Duration all requests took to get a reply back after a request for a given operation was transmitted, in seconds.", 6,
	  1000.0 },
	{ "node_mountstats_nfs_operations_request_time_seconds_total",
	  "Duration all requests took from when a request was enqueued to when it was completely handled for a given operation, in seconds.", 7, 1000.0 },
};

struct transport { struct str protocol; uint64_t numbers[TRANSPORT]; };
struct mount {
	struct str device, point, address, operations; /* operations: the lines below "per-op statistics" */
	bool has_version_11, has_bad_bytes, has_bad_events;
	double age;
	uint64_t bytes[BYTES], events[EVENTS];
	struct transport transports[TRANSPORTS_MAX];
	size_t transport_count;
};
struct identity { struct str device, protocol, address; };
struct seen { struct identity *at; size_t count; };

/* At least `least` numbers, of which the first `room` are kept. */
static bool read_numbers(const struct str *words, size_t count, size_t least, uint64_t *out, size_t room)
{
	if (count < least)
		return false;
	for (size_t i = 0; i < count && i < room; i++)
		if (!num_u64(words[i], &out[i]))
			return false;
	return true;
}

/* "xprt: PROTOCOL …": udp has no connections, rdma counts its own things where tcp has its slots and queues. */
static void read_transport(struct mount *m, const struct str *words, size_t count)
{
	if (m->transport_count == TRANSPORTS_MAX)
		return;
	struct transport *t = &m->transports[m->transport_count];
	uint64_t n[TRANSPORT] = { 0 };
	bool is_udp = str_eq(words[0], STR("udp")), is_rdma = str_eq(words[0], STR("rdma"));
	size_t least = is_udp ? 7 : is_rdma ? 20 : 10;
	if (m->has_version_11 && !is_rdma)
		least += 3;
	if ((!is_udp && !is_rdma && !str_eq(words[0], STR("tcp"))) || !read_numbers(words + 1, count - 1, least, n, TRANSPORT))
		return;
	*t = (struct transport){ .protocol = words[0] };
	for (size_t i = 0; i < TRANSPORT; i++) {
		size_t from = is_udp && i >= 2 ? i - 3 : i;
		bool is_there = is_udp ? i < 2 || i >= 5 : !is_rdma || i < 10;
		t->numbers[i] = is_there && from < least ? n[from] : 0;
	}
	m->transport_count++;
}

static void read_line(struct mount *m, struct str line)
{
	struct str words[WORDS_MAX];
	size_t count = words_split(line, words, WORDS_MAX);
	if (count < 2)
		return;
	if (str_eq(words[0], STR("age:")) && !fields_number(words[1], &m->age))
		m->age = 0;
	else if (str_eq(words[0], STR("bytes:")))
		m->has_bad_bytes = !read_numbers(words + 1, count - 1, BYTES, m->bytes, BYTES);
	else if (str_eq(words[0], STR("events:")))
		m->has_bad_events = !read_numbers(words + 1, count - 1, EVENTS, m->events, EVENTS);
	else if (str_eq(words[0], STR("xprt:")) && count > 2)
		read_transport(m, words + 1, count - 1);
}

/* The lines of one mount, which end with an empty line or the next device. */
static void read_mount(struct mount *m, struct str *text)
{
	while (text->n > 0) {
		struct str before = *text, line = str_trim(str_cut(text, '\n'));
		if (line.n == 0)
			return;
		if (str_starts(line, STR("device "))) {
			*text = before;
			return;
		}
		if (str_starts(line, STR("per-op")))
			m->operations = *text;
		else if (!m->operations.p)
			read_line(m, line);
	}
}

/* Times start again at 2^53, where a double would begin to skip whole numbers. */
static double in_unit(uint64_t number, double divisor)
{
	return divisor > 1 ? (double)(number % (UINT64_C(1) << 53)) / divisor : (double)number;
}

static void add_operations(struct sheet *s, struct str text, const struct metric_label labels[3])
{
	while (text.n > 0) {
		struct str words[16], line = str_trim(str_cut(&text, '\n'));
		size_t count = words_split(line, words, COUNT_OF(words));
		uint64_t n[OPERATION];
		if (count == 0 || str_eq(words[0], STR("device")))
			return;
		if (!read_numbers(words + 1, count - 1, OPERATION, n, OPERATION))
			continue;
		struct str name = words[0];
		name.n -= name.p[name.n - 1] == ':';
		for (size_t i = 0; i < COUNT_OF(of_operation); i++)
			sheet_add(s, METRIC_COUNTER, of_operation[i].metric, of_operation[i].help,
				in_unit(n[of_operation[i].at], of_operation[i].divisor),
				labels[0], labels[1], labels[2], { "operation", name });
	}
}

static void add_numbers(struct sheet *s, const struct mount *m, const struct metric_label labels[3])
{
	sheet_put(s, METRIC_COUNTER, "node_mountstats_nfs_age_seconds_total", "The age of the NFS mount in seconds.", m->age,
		labels, 3);
	for (size_t i = 0; i < COUNT_OF(of_bytes) && !m->has_bad_bytes; i++)
		sheet_put(s, METRIC_COUNTER, of_bytes[i].metric, of_bytes[i].help, (double)m->bytes[of_bytes[i].at], labels, 3);
	for (size_t i = 0; i < COUNT_OF(of_events) && !m->has_bad_events; i++)
		sheet_put(s, METRIC_COUNTER, of_events[i].metric, of_events[i].help, (double)m->events[of_events[i].at], labels, 3);
	for (size_t t = 0; t < m->transport_count; t++)
		for (size_t i = 0; i < COUNT_OF(of_transport); i++)
			sheet_add(s, of_transport[i].type, of_transport[i].metric, of_transport[i].help,
				(double)m->transports[t].numbers[of_transport[i].at], labels[0], labels[1], labels[2],
				{ "transport", str_of(sheet_text(s, "%zu", t)) });
	add_operations(s, m->operations, labels);
}

static bool is_seen(struct seen *seen, struct identity id)
{
	for (size_t i = 0; i < seen->count; i++)
		if (str_eq(seen->at[i].device, id.device) && str_eq(seen->at[i].protocol, id.protocol) &&
			str_eq(seen->at[i].address, id.address))
			return true;
	if (seen->count < MOUNTS_MAX)
		seen->at[seen->count++] = id;
	return false;
}

static void add_mount(struct sheet *s, const struct mount *m, struct seen *seen)
{
	for (size_t t = 0; t < m->transport_count; t++) {
		struct str protocol = m->transports[t].protocol;
		const struct metric_label labels[] = { { "export", m->device }, { "mountaddr", m->address },
			{ "protocol", protocol } };
		sheet_add(s, METRIC_GAUGE, "node_mountstats_nfs_mountpoint_info", "Info metric for an NFS mountpoint.", 1,
			labels[0], labels[1],
			{ "mountpoint", m->point }, labels[2]);
		if (is_seen(seen, (struct identity){ m->device, protocol, m->address }))
			return;
		add_numbers(s, m, labels);
	}
}

/* addr=… of the super options, which are the last word of a line of mountinfo. */
static struct str address_of(struct str line)
{
	struct str words[WORDS_MAX];
	size_t count = words_split(line, words, WORDS_MAX);
	struct str options = count > 0 ? words[count - 1] : (struct str){ 0 };
	while (options.n > 0) {
		struct str option = str_cut(&options, ',');
		if (str_starts(option, STR("addr=")))
			return str_skip(option, 5);
	}
	return (struct str){ 0 };
}

void mountstats_parse(struct sheet *s, struct str text, struct str mountinfo)
{
	struct seen seen = { .at = arena_alloc(&s->memory, MOUNTS_MAX * sizeof(*seen.at)) };
	while (text.n > 0) {
		struct str words[10];
		size_t count = words_split(str_cut(&text, '\n'), words, COUNT_OF(words));
		if (count < 8 || !str_eq(words[0], STR("device")))
			continue;
		struct str line = str_cut(&mountinfo, '\n'); /* both files list the mounts in the same order */
		if (count < 9 || !str_starts(words[7], STR("nfs")))
			continue;
		struct mount m = { .device = words[1], .point = words[4], .address = address_of(line) };
		m.has_version_11 = !str_eq(words[8], STR("statvers=1.0"));
		read_mount(&m, &text);
		add_mount(s, &m, &seen);
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str text;
	struct sheet s;
	sheet_init(&s, c->out);
	int error = files_read(c->files, c->roots->proc, "/self/mountinfo", false, &text);
	struct str mountinfo = error < 0 ? (struct str){ 0 } : sheet_copy(&s, text);
	error = files_read(c->files, c->roots->proc, "/self/mountstats", false, &text);
	if (error == 0)
		mountstats_parse(&s, text, mountinfo);
	sheet_write(&s);
	return error;
}

const struct collector collector_mountstats = { .name = "mountstats", .update = update };
