/* net/udp and udp6: a line per socket, "sl local remote st tx_queue:rx_queue …", queues in hexadecimal bytes. Only the sums are
 * of interest.
 * Beyond FILES_READ_MAX, some thirty thousand sockets, the rest is not counted. */
#include "agent/collectors/all.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

static const struct {
	const char *path;
	struct str ip;
} files_of[] = {
	{ "/net/udp", STR("v4") },
	{ "/net/udp6", STR("v6") },
};

static void sum_lines(struct str text, uint64_t *tx, uint64_t *rx)
{
	*tx = *rx = 0;
	str_cut(&text, '\n'); /* header */
	while (text.n > 0) {
		struct str words[10];
		uint64_t tx_bytes, rx_bytes;
		if (words_split(str_cut(&text, '\n'), words, COUNT_OF(words)) < COUNT_OF(words))
			continue;
		struct str queues = words[4], sent = str_cut(&queues, ':');
		if (num_hex64(sent, &tx_bytes) && num_hex64(queues, &rx_bytes)) {
			*tx += tx_bytes;
			*rx += rx_bytes;
		}
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	static const char name[] = "node_udp_queues",
		help[] = "Number of allocated memory in the kernel for UDP datagrams in bytes.";
	struct sheet s;
	sheet_init(&s, c->out);
	int err = -ENODATA;
	for (size_t i = 0; i < COUNT_OF(files_of) && (err == 0 || err == -ENODATA); i++) {
		struct str text;
		uint64_t tx, rx;
		int got = files_read(c->files, c->roots->proc, files_of[i].path, true, &text);
		if (got == 0) {
			sum_lines(text, &tx, &rx);
			sheet_add(&s, METRIC_GAUGE, name, help, (double)tx, { "queue", STR("tx") }, { "ip", files_of[i].ip });
			sheet_add(&s, METRIC_GAUGE, name, help, (double)rx, { "queue", STR("rx") }, { "ip", files_of[i].ip });
		}
		if (got != -ENOENT)
			err = got;
	}
	sheet_write(&s);
	return err;
}

const struct collector collector_udp_queues = { "udp_queues", true, NULL, NULL, update, NULL };
