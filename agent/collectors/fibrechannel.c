/* Fibre Channel host ports: /sys/class/fc_host/hostN. kernel: drivers/scsi/scsi_transport_fc.c
 * Statistics are hexadecimal; all ones mean that the adapter does not count this. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"

static const struct { const char *file, *metric, *help; } counters[] = {
	{ "dumped_frames", "node_fibrechannel_dumped_frames_total", "Number of dumped frames" },
	{ "error_frames", "node_fibrechannel_error_frames_total", "Number of errors in frames" },
	{ "invalid_crc_count", "node_fibrechannel_invalid_crc_total", "Invalid Cyclic Redundancy Check count" },
	{ "rx_frames", "node_fibrechannel_rx_frames_total", "Number of frames received" },
	{ "rx_words", "node_fibrechannel_rx_words_total", "Number of words received by host port" },
	{ "tx_frames", "node_fibrechannel_tx_frames_total", "Number of frames transmitted by host port" },
	{ "tx_words", "node_fibrechannel_tx_words_total", "Number of words transmitted by host port" },
	{ "seconds_since_last_reset", "node_fibrechannel_seconds_since_last_reset_total",
	  "Number of seconds since last host port reset" },
	{ "invalid_tx_word_count", "node_fibrechannel_invalid_tx_words_total", "Number of invalid words transmitted by host port" },
	{ "link_failure_count", "node_fibrechannel_link_failure_total", "Number of times the host port link has failed" },
	{ "loss_of_sync_count", "node_fibrechannel_loss_of_sync_total",
	  "Number of failures on either bit or transmission word boundaries" },
	{ "loss_of_signal_count", "node_fibrechannel_loss_of_signal_total", "Number of times signal has been lost" },
	{ "nos_count", "node_fibrechannel_nos_total", "Number Not_Operational Primitive Sequence received by host port" },
	{ "fcp_packet_aborts", "node_fibrechannel_fcp_packet_aborts_total", "Number of aborted packets" },
};
static const struct { const char *name; bool has_prefix; } texts[] = { /* files and labels; "0x" in front is cut off */
	{ "dev_loss_tmo", false }, { "fabric_name", true }, { "port_id", true }, { "port_name", true }, { "port_state", false },
	{ "port_type", false }, { "speed", false }, { "supported_classes", false }, { "supported_speeds", false },
	  { "symbolic_name", false },
};

static void add_host(struct sheet *s, struct collect *c, const char *host)
{
	struct metric_label labels[COUNT_OF(texts) + 1] = { { "fc_host", str_of(host) } };
	struct str text;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (files_attribute(c->files, &text, "%s/class/fc_host/%s/%s", c->roots->sys, host, texts[i].name) < 0)
			text = (struct str){ 0 };
		text = str_trim(text);
		text = texts[i].has_prefix && text.n > 2 ? str_skip(text, 2) : text;
		labels[i + 1] = (struct metric_label){ texts[i].name, sheet_copy(s, text) };
	}
	sheet_put(s, METRIC_GAUGE, "node_fibrechannel_info", "Non-numeric data from /sys/class/fc_host/<host>, value is always 1.",
		1, labels,
		COUNT_OF(labels));
	for (size_t i = 0; i < COUNT_OF(counters); i++) {
		uint64_t value;
		if (files_attribute(c->files, &text, "%s/class/fc_host/%s/statistics/%s", c->roots->sys, host,
			counters[i].file) == 0 &&
			words_based(str_trim(text), &value) && value != UINT64_MAX)
			sheet_put(s, METRIC_COUNTER, counters[i].metric, counters[i].help, (double)value, labels, 1);
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names hosts;
	int error = names_read(&hosts, &s.memory, "%s/class/fc_host", c->roots->sys);
	for (size_t i = 0; i < hosts.count; i++)
		add_host(&s, c, hosts.at[i]);
	sheet_write(&s);
	return error == -ENOENT ? -ENODATA : error;
}

const struct collector collector_fibrechannel = { .name = "fibrechannel", .is_default = true, .update = update };
