/* The client of NFS: net/rpc/nfs. Operations that a kernel does not know yet are 0. */
#include "agent/collectors/all.h"
#include "agent/collectors/rpc_lines.h"

static const struct rpc_field fields[] = {
	{ "net", 1, 4, "node_nfs_packets_total", "Total NFSd network packets (sent+received) by protocol type.", "protocol", "udp",
		METRIC_COUNTER },
	{ "net", 2, 4, "node_nfs_packets_total", "Total NFSd network packets (sent+received) by protocol type.", "protocol", "tcp",
		METRIC_COUNTER },
	{ "net", 3, 4, "node_nfs_connections_total", "Total number of NFSd TCP connections.", NULL, NULL, METRIC_COUNTER },
	{ "rpc", 0, 3, "node_nfs_rpcs_total", "Total number of RPCs performed.", NULL, NULL, METRIC_COUNTER },
	{ "rpc", 1, 3, "node_nfs_rpc_retransmissions_total", "Number of RPC transmissions performed.", NULL, NULL, METRIC_COUNTER },
	{ "rpc", 2, 3, "node_nfs_rpc_authentication_refreshes_total", "Number of RPC authentication refreshes performed.", NULL,
		NULL, METRIC_COUNTER },
};

static const char *const methods_4[] = { "Null", "Read", "Write", "Commit", "Open", "OpenConfirm", "OpenNoattr", "OpenDowngrade",
	"Close", "Setattr", "FsInfo", "Renew", "SetClientID", "SetClientIDConfirm", "Lock", "Lockt", "Locku", "Access", "Getattr",
	"Lookup", "LookupRoot", "Remove", "Rename", "Link", "Symlink", "Create", "Pathconf", "StatFs", "ReadLink", "ReadDir",
	"ServerCaps", "DelegReturn", "GetACL", "SetACL", "FsLocations", "ReleaseLockowner", "Secinfo", "FsidPresent", "ExchangeID",
	"CreateSession", "DestroySession", "Sequence", "GetLeaseTime", "ReclaimComplete", "GetDeviceInfo", "LayoutGet",
	"LayoutCommit", "LayoutReturn", "SecinfoNoName", "TestStateID", "FreeStateID", "GetDeviceList", "BindConnToSession",
	"DestroyClientID", "Seek", "Allocate", "DeAllocate", "LayoutStats", "Clone" };

static const struct rpc_methods versions[] = {
	{ "proc2", "2", RPC_METHODS_2, rpc_methods_2, RPC_METHODS_2 },
	{ "proc3", "3", RPC_METHODS_3, rpc_methods_3, RPC_METHODS_3 },
	{ "proc4", "4", 0, methods_4, COUNT_OF(methods_4) },
};

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str text;
	int err = files_read(c->files, c->roots->proc, "/net/rpc/nfs", true, &text);
	if (err < 0)
		return err == -ENOENT ? -ENODATA : err;
	struct sheet s;
	sheet_init(&s, c->out);
	rpc_lines_fields(&s, text, fields, COUNT_OF(fields));
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		rpc_lines_methods(&s, text, "node_nfs_requests_total", "Number of NFS procedures invoked.", &versions[i]);
	sheet_write(&s);
	return 0;
}

const struct collector collector_nfs = { "nfs", true, NULL, NULL, update, NULL };
