/* InfiniBand and RoCE ports: /sys/class/infiniband/DEVICE/ports/N. kernel: Documentation/ABI/stable/sysfs-class-infiniband
 * Three folders of counters: of the standard, its 64-bit form before Linux 4.5, and those of the adapter. Data is counted per lane
 * in words of four bytes. Drivers write "N/A (no PMA)" into what they do not count. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

static const struct { const char *file, *metric, *help; unsigned factor; } counters[] = {
	{ "counters_ext/port_multicast_rcv_packets", "node_infiniband_legacy_multicast_packets_received_total",
	  "Number of multicast packets received", 1 },
	{ "counters_ext/port_multicast_xmit_packets", "node_infiniband_legacy_multicast_packets_transmitted_total",
	  "Number of multicast packets transmitted", 1 },
	{ "counters_ext/port_rcv_data_64", "node_infiniband_legacy_data_received_bytes_total",
	  "Number of data octets received on all links", 4 },
	{ "counters_ext/port_rcv_packets_64", "node_infiniband_legacy_packets_received_total",
	  "Number of data packets received on all links", 1 },
	{ "counters_ext/port_unicast_rcv_packets", "node_infiniband_legacy_unicast_packets_received_total",
	  "Number of unicast packets received", 1 },
	{ "counters_ext/port_unicast_xmit_packets", "node_infiniband_legacy_unicast_packets_transmitted_total",
	  "Number of unicast packets transmitted", 1 },
	{ "counters_ext/port_xmit_data_64", "node_infiniband_legacy_data_transmitted_bytes_total",
	  "Number of data octets transmitted on all links", 4 },
	{ "counters_ext/port_xmit_packets_64", "node_infiniband_legacy_packets_transmitted_total",
	  "Number of data packets received on all links", 1 },
	{ "counters/excessive_buffer_overrun_errors", "node_infiniband_excessive_buffer_overrun_errors_total",
	  "Number of times that OverrunErrors consecutive flow control update periods occurred, each having at least one "
	  "overrun error.", 1 },
	{ "counters/link_downed", "node_infiniband_link_downed_total",
	  "Number of times the link failed to recover from an error state and went down", 1 },
	{ "counters/link_error_recovery", "node_infiniband_link_error_recovery_total",
	  "Number of times the link successfully recovered from an error state", 1 },
	{ "counters/local_link_integrity_errors", "node_infiniband_local_link_integrity_errors_total",
	  "Number of times that the count of local physical errors exceeded the threshold specified by LocalPhyErrors.", 1 },
	{ "counters/multicast_rcv_packets", "node_infiniband_multicast_packets_received_total",
	  "Number of multicast packets received (including errors)", 1 },
	{ "counters/multicast_xmit_packets", "node_infiniband_multicast_packets_transmitted_total",
	  "Number of multicast packets transmitted (including errors)", 1 },
	{ "counters/port_rcv_constraint_errors", "node_infiniband_port_constraint_errors_received_total",
	  "Number of packets received on the switch physical port that are discarded", 1 },
	{ "counters/port_xmit_constraint_errors", "node_infiniband_port_constraint_errors_transmitted_total",
	  "Number of packets not transmitted from the switch physical port", 1 },
	{ "counters/port_rcv_data", "node_infiniband_port_data_received_bytes_total",
	  "Number of data octets received on all links", 4 },
	{ "counters/port_xmit_data", "node_infiniband_port_data_transmitted_bytes_total",
	  "Number of data octets transmitted on all links", 4 },
	{ "counters/port_rcv_discards", "node_infiniband_port_discards_received_total",
	  "Number of inbound packets discarded by the port because the port is down or congested", 1 },
	{ "counters/port_xmit_discards", "node_infiniband_port_discards_transmitted_total",
	  "Number of outbound packets discarded by the port because the port is down or congested", 1 },
	{ "counters/port_rcv_errors", "node_infiniband_port_errors_received_total",
	  "Number of packets containing an error that were received on this port", 1 },
	{ "counters/port_rcv_packets", "node_infiniband_port_packets_received_total",
	  "Number of packets received on all VLs by this port (including errors)", 1 },
	{ "counters/port_xmit_packets", "node_infiniband_port_packets_transmitted_total",
	  "Number of packets transmitted on all VLs from this port (including errors)", 1 },
	{ "counters/port_xmit_wait", "node_infiniband_port_transmit_wait_total",
	  "Number of ticks during which the port had data to transmit but no data was sent during the entire tick", 1 },
	{ "counters/unicast_rcv_packets", "node_infiniband_unicast_packets_received_total",
	  "Number of unicast packets received (including errors)", 1 },
	{ "counters/unicast_xmit_packets", "node_infiniband_unicast_packets_transmitted_total",
	  "Number of unicast packets transmitted (including errors)", 1 },
	{ "counters/port_rcv_remote_physical_errors", "node_infiniband_port_receive_remote_physical_errors_total",
	  "Number of packets marked with the EBP (End of Bad Packet) delimiter received on the port.", 1 },
	{ "counters/port_rcv_switch_relay_errors", "node_infiniband_port_receive_switch_relay_errors_total",
	  "Number of packets that could not be forwarded by the switch.", 1 },
	{ "counters/symbol_error", "node_infiniband_symbol_error_total",
	  "Number of minor link errors detected on one or more physical lanes.", 1 },
	{ "counters/VL15_dropped", "node_infiniband_vl15_dropped_total",
	  "Number of incoming VL15 packets dropped due to resource limitations.", 1 },
	{ "hw_counters/duplicate_request", "node_infiniband_duplicate_requests_packets_total",
	  "The number of received packets. A duplicate request is a request that had been previously executed.", 1 },
	{ "hw_counters/implied_nak_seq_err", "node_infiniband_implied_nak_seq_errors_total",
	  "The number of time the requested decided an ACK. with a PSN larger than the expected PSN for an RDMA read or "
	  "response.", 1 },
	{ "hw_counters/local_ack_timeout_err", "node_infiniband_local_ack_timeout_errors_total",
	  "The number of times QP's ack timer expired for RC, XRC, DCT QPs at the sender side. The QP retry limit was "
	  "not exceed, therefore it is still recoverable error.", 1 },
	{ "hw_counters/np_cnp_sent", "node_infiniband_np_cnp_packets_sent_total",
	  "The number of CNP packets sent by the Notification Point when it noticed congestion experienced in the RoCEv2 "
	  "IP header (ECN bits). The counters was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/np_ecn_marked_roce_packets", "node_infiniband_np_ecn_marked_roce_packets_received_total",
	  "The number of RoCEv2 packets received by the notification point which were marked for experiencing the "
	  "congestion (ECN bits where '11' on the ingress RoCE traffic) . The counters was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/out_of_buffer", "node_infiniband_out_of_buffer_drops_total",
	  "The number of drops occurred due to lack of WQE for the associated QPs.", 1 },
	{ "hw_counters/out_of_sequence", "node_infiniband_out_of_sequence_packets_received_total",
	  "The number of out of sequence packets received.", 1 },
	{ "hw_counters/packet_seq_err", "node_infiniband_packet_sequence_errors_total",
	  "The number of received NAK sequence error packets. The QP retry limit was not exceeded.", 1 },
	{ "hw_counters/req_cqe_error", "node_infiniband_req_cqes_errors_total",
	  "The number of times requester detected CQEs completed with errors. The counters was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/req_cqe_flush_error", "node_infiniband_req_cqes_flush_errors_total",
	  "The number of times requester detected CQEs completed with flushed errors. The counters was added in "
	  "MLNX_OFED 4.1", 1 },
	{ "hw_counters/req_remote_access_errors", "node_infiniband_req_remote_access_errors_total",
	  "The number of times requester detected remote access errors. The counters was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/req_remote_invalid_request", "node_infiniband_req_remote_invalid_request_errors_total",
	  "The number of times requester detected remote invalid request errors. The counters was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/resp_cqe_error", "node_infiniband_resp_cqes_errors_total",
	  "The number of times responder detected CQEs completed with errors. The counters was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/resp_cqe_flush_error", "node_infiniband_resp_cqes_flush_errors_total",
	  "The number of times responder detected CQEs completed with flushed errors. The counters was added in "
	  "MLNX_OFED 4.1", 1 },
	{ "hw_counters/resp_local_length_error", "node_infiniband_resp_local_length_errors_total",
	  "The number of times responder detected local length errors. The counters was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/resp_remote_access_errors", "node_infiniband_resp_remote_access_errors_total",
	  "The number of times responder detected remote access errors. The counters was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/rnr_nak_retry_err", "node_infiniband_rnr_nak_retry_packets_received_total",
	  "The number of received RNR NAK packets. The QP retry limit was not exceeded.", 1 },
	{ "hw_counters/roce_adp_retrans", "node_infiniband_roce_adp_retransmits_total",
	  "The number of adaptive retransmissions for RoCE traffic. The counter was added in MLNX_OFED rev 5.0-1.0.0.0 "
	  "and kernel v5.6.0", 1 },
	{ "hw_counters/roce_adp_retrans_to", "node_infiniband_roce_adp_retransmits_timeout_total",
	  "The number of times RoCE traffic reached timeout due to adaptive retransmission. The counter was added in "
	  "MLNX_OFED rev 5.0-1.0.0.0 and kernel v5.6.0", 1 },
	{ "hw_counters/roce_slow_restart", "node_infiniband_roce_slow_restart_used_total",
	  "The number of times RoCE slow restart was used. The counter was added in MLNX_OFED rev 5.0-1.0.0.0 and kernel "
	  "v5.6.0", 1 },
	{ "hw_counters/roce_slow_restart_cnps", "node_infiniband_roce_slow_restart_cnps_total",
	  "The number of times RoCE slow restart generated CNP packets. The counter was added in MLNX_OFED rev "
	  "5.0-1.0.0.0 and kernel v5.6.0", 1 },
	{ "hw_counters/roce_slow_restart_trans", "node_infiniband_roce_slow_restart_total",
	  "The number of times RoCE slow restart changed state to slow restart. The counter was added in MLNX_OFED rev "
	  "5.0-1.0.0.0 and kernel v5.6.0", 1 },
	{ "hw_counters/rp_cnp_handled", "node_infiniband_rp_cnp_packets_handled_total",
	  "The number of CNP packets handled by the Reaction Point HCA to throttle the transmission rate. The counters "
	  "was added in MLNX_OFED 4.1", 1 },
	{ "hw_counters/rp_cnp_ignored", "node_infiniband_rp_cnp_ignored_packets_received_total",
	  "The number of CNP packets received and ignored by the Reaction Point HCA. This counter should not raise if "
	  "RoCE Congestion Control was enabled in the network. If this counter raise, verify that ECN was enabled on the "
	  "adapter.", 1 },
	{ "hw_counters/rx_atomic_requests", "node_infiniband_rx_atomic_requests_total",
	  "The number of received ATOMIC request for the associated QPs.", 1 },
	{ "hw_counters/rx_dct_connect", "node_infiniband_rx_dct_connect_requests_total",
	  "The number of received connection requests for the associated DCTs.", 1 },
	{ "hw_counters/rx_read_requests", "node_infiniband_rx_read_requests_total",
	  "The number of received READ requests for the associated QPs.", 1 },
	{ "hw_counters/rx_write_requests", "node_infiniband_rx_write_requests_total",
	  "The number of received WRITE requests for the associated QPs.", 1 },
	{ "hw_counters/rx_icrc_encapsulated", "node_infiniband_rx_icrc_encapsulated_errors_total",
	  "The number of RoCE packets with ICRC errors. This counter was added in MLNX_OFED 4.4 and kernel 4.19", 1 },
};

/* "4: ACTIVE" */
static bool state_of(struct collect *c, const char *directory, const char *file, double *out)
{
	struct str rest = files_text(c->files, directory, file), number = str_cut(&rest, ':');
	return words_unsigned(str_trim(number), out);
}

/* "100 Gb/sec (4X EDR)" into bytes per second */
static bool rate_of(struct collect *c, const char *directory, double *out)
{
	struct str rest = files_text(c->files, directory, "rate");
	double gigabits;
	if (!fields_number(fields_next(&rest), &gigabits) || !(gigabits >= 0 && gigabits < 1e9))
		return false;
	*out = (double)(uint64_t)((double)(float)gigabits * 125000000);
	return true;
}

static void add_port(struct sheet *s, struct collect *c, const char *directory, const char *device, uint64_t port)
{
	const struct metric_label labels[] = {
		{ "device", str_of(device) }, { "port", str_of(sheet_text(s, "%llu", (unsigned long long)port)) },
	};
	double number;
	uint64_t value;
	if (state_of(c, directory, "state", &number))
		sheet_put(s, METRIC_GAUGE, "node_infiniband_state_id",
			"State of the InfiniBand port (0: no change, 1: down, 2: init, 3: armed, 4: active, 5: act defer)", number,
				labels, 2);
	if (state_of(c, directory, "phys_state", &number))
		sheet_put(s, METRIC_GAUGE, "node_infiniband_physical_state_id",
			"Physical state of the InfiniBand port (0: no change, 1: sleep, 2: polling, 3: disable, 4: shift, 5: link up, "
			"6: link error recover, 7: phytest)", number, labels, 2);
	if (rate_of(c, directory, &number))
		sheet_put(s, METRIC_GAUGE, "node_infiniband_rate_bytes_per_second", "Maximum signal transfer rate", number, labels,
			2);
	if (words_based(files_text(c->files, directory, "hw_counters/lifespan"), &value))
		sheet_put(s, METRIC_GAUGE, "node_infiniband_lifespan_seconds",
			"The maximum period in ms which defines the aging of the counter reads. Two consecutive reads within this period might "
			"return the same values.", (double)(value / 1000), labels, 2);
	for (size_t i = 0; i < COUNT_OF(counters); i++)
		if (words_based(files_text(c->files, directory, counters[i].file), &value))
			sheet_put(s, METRIC_COUNTER, counters[i].metric, counters[i].help, (double)(value * counters[i].factor),
				labels, 2);
}

static void add_device(struct sheet *s, struct collect *c, const char *device)
{
	const char *directory = sheet_text(s, "%s/class/infiniband/%s", c->roots->sys, device);
	struct str board = sheet_copy(s, files_text(c->files, directory, "board_id")),
		firmware = sheet_copy(s, files_text(c->files, directory, "fw_ver"));
	sheet_add(s, METRIC_GAUGE, "node_infiniband_info",
		"Non-numeric data from /sys/class/infiniband/<device>, value is always 1.", 1,
		{ "board_id", board }, { "device", str_of(device) }, { "firmware_version", firmware },
		{ "hca_type", files_text(c->files, directory, "hca_type") });
	struct names ports;
	names_read(&ports, &s->memory, "%s/ports", directory);
	for (size_t i = 0; i < ports.count; i++) {
		uint64_t port;
		if (num_u64(str_of(ports.at[i]), &port))
			add_port(s, c, sheet_text(s, "%s/ports/%s", directory, ports.at[i]), device, port);
	}
}

static int update(void *state, struct collect *c)
{
	struct sheet s;
	sheet_init(&s, c->out);
	struct names devices;
	int error = names_read(&devices, &s.memory, "%s/class/infiniband", c->roots->sys);
	for (size_t i = 0; i < devices.count; i++)
		if (!device_filter_ignores(state, str_of(devices.at[i])))
			add_device(&s, c, devices.at[i]);
	sheet_write(&s);
	return error == -ENOENT ? -ENODATA : error;
}

static void *open_state(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	return device_filter_new(values[0], values[1], err);
}

static const struct collector_option options[] = {
	{ "device-include", "", "Regexp of infiniband devices to include (mutually exclusive to device-exclude)." },
	{ "device-exclude", "", "Regexp of infiniband devices to exclude (mutually exclusive to device-include)." },
	{ 0 },
};
const struct collector collector_infiniband = { "infiniband", true, options, open_state, update, device_filter_free };
