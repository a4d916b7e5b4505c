/* The kinds of servers that log lines can be sent to, by the names that the configuration has for them. */
#include "exporters/log_protocol.h"

static const struct log_protocol *const log_protocols[] = { &log_protocol_loki, &log_protocol_otlp };

const struct log_protocol *log_protocol_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(log_protocols); i++)
		if (str_eq(name, str_of(log_protocols[i]->name)))
			return log_protocols[i];
	return name.n ? NULL : &log_protocol_loki;
}
