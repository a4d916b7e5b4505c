/* The server of NFS: net/rpc/nfsd. proc4ops counts operations inside of compounds, by their number in the protocol; the first
 * three do not exist, and the two that put the public and the root file handle are not shown. */
#include "agent/collectors/all.h"
#include "agent/collectors/rpc_lines.h"

static const char requests_name[] = "node_nfsd_requests_total",
	requests_help[] = "Total number NFSd Requests by method and protocol.";
#define PACKETS "node_nfsd_packets_total", "Total NFSd network packets (sent+received) by protocol type."
#define ERRORS "node_nfsd_rpc_errors_total", "Total number of NFSd RPC errors by error type."
static const struct rpc_field fields[] = {
	{ "rc", 0, 3, "node_nfsd_reply_cache_hits_total", "Total number of NFSd Reply Cache hits (client lost server response).",
		NULL, NULL,
		METRIC_COUNTER },
	{ "rc", 1, 3, "node_nfsd_reply_cache_misses_total",
		"Total number of NFSd Reply Cache an operation that requires caching (idempotent).", NULL, NULL, METRIC_COUNTER },
	{ "rc", 2, 3, "node_nfsd_reply_cache_nocache_total",
		"Total number of NFSd Reply Cache non-idempotent operations (rename/delete/…).", NULL, NULL, METRIC_COUNTER },
	{ "fh", 0, 5, "node_nfsd_file_handles_stale_total", "Total number of NFSd stale file handles", NULL, NULL, METRIC_COUNTER },
	{ "io", 0, 2, "node_nfsd_disk_bytes_read_total", "Total NFSd bytes read.", NULL, NULL, METRIC_COUNTER },
	{ "io", 1, 2, "node_nfsd_disk_bytes_written_total", "Total NFSd bytes written.", NULL, NULL, METRIC_COUNTER },
	{ "th", 0, 0, "node_nfsd_server_threads", "Total number of NFSd kernel threads that are running.", NULL, NULL,
		METRIC_GAUGE },
	{ "ra", 0, 12, "node_nfsd_read_ahead_cache_size_blocks", "How large the read ahead cache is in blocks.", NULL, NULL,
		METRIC_GAUGE },
	{ "ra", 11, 12, "node_nfsd_read_ahead_cache_not_found_total", "Total number of NFSd read ahead cache not found.", NULL,
		NULL, METRIC_COUNTER },
	{ "net", 1, 4, PACKETS, "proto", "udp", METRIC_COUNTER },
	{ "net", 2, 4, PACKETS, "proto", "tcp", METRIC_COUNTER },
	{ "net", 3, 4, "node_nfsd_connections_total", "Total number of NFSd TCP connections.", NULL, NULL, METRIC_COUNTER },
	{ "rpc", 2, 5, ERRORS, "error", "fmt", METRIC_COUNTER },
	{ "rpc", 3, 5, ERRORS, "error", "auth", METRIC_COUNTER },
	{ "rpc", 4, 5, ERRORS, "error", "cInt", METRIC_COUNTER },
	{ "rpc", 0, 5, "node_nfsd_server_rpcs_total", "Total number of NFSd RPCs.", NULL, NULL, METRIC_COUNTER },
};

static const char *const operations_4[] = { NULL, NULL, NULL, "Access", "Close", "Commit", "Create", "DelegPurge", "DelegReturn",
	"GetAttr", "GetFH", "Link", "Lock", "Lockt", "Locku", "Lookup", "LookupRoot", "Nverify", "Open", "OpenAttr", "OpenConfirm",
	"OpenDgrd", "PutFH", NULL, NULL, "Read", "ReadDir", "ReadLink", "Remove", "Rename", "Renew", "RestoreFH", "SaveFH",
	"SecInfo", "SetAttr", "SetClientID", "SetClientIDConfirm", "Verify", "Write", "RelLockOwner" };

/* Null is counted by the server and not shown. */
static void add_version(struct sheet *s, struct str text, const char *line, const char *proto, const char *const *names,
	size_t count)
{
	const char *shown[RPC_METHODS_3] = { NULL };
	for (size_t i = 1; i < count; i++)
		shown[i] = names[i];
	const struct rpc_methods methods = { line, proto, count, shown, count };
	rpc_lines_methods(s, text, requests_name, requests_help, &methods);
}

static double delegation_getattrs(struct str text)
{
	struct rpc_line line;
	double value = 0;
	while (rpc_lines_next(&text, &line))
		if (str_eq(line.word, STR("wdeleg_getattr")))
			value = (double)line.numbers[0];
	return value;
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str text;
	int err = files_read(c->files, c->roots->proc, "/net/rpc/nfsd", true, &text);
	if (err < 0)
		return err == -ENOENT ? -ENODATA : err;
	static const struct rpc_methods version_4 = { "proc4ops", "4", COUNT_OF(operations_4) - 1, operations_4,
		COUNT_OF(operations_4) };
	struct sheet s;
	sheet_init(&s, c->out);
	rpc_lines_fields(&s, text, fields, COUNT_OF(fields));
	add_version(&s, text, "proc2", "2", rpc_methods_2, RPC_METHODS_2);
	add_version(&s, text, "proc3", "3", rpc_methods_3, RPC_METHODS_3);
	rpc_lines_methods(&s, text, requests_name, requests_help, &version_4);
	sheet_add(&s, METRIC_COUNTER, requests_name, requests_help, delegation_getattrs(text), { "method", STR("WdelegGetattr") },
		{ "proto", STR("4") });
	sheet_write(&s);
	return 0;
}

const struct collector collector_nfsd = { "nfsd", true, NULL, NULL, update, NULL };
