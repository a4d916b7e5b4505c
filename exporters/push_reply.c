/* Servers say in prose what a status leaves open, so rows look for fixed parts of it. */
#include "exporters/push_reply.h"

struct push_reply push_rule_apply(const struct push_rule *rules, size_t count, int status, struct str body)
{
	size_t i = 0;
	while (i + 1 < count && (status < rules[i].from || status > rules[i].to || !str_has(body, rules[i].text)))
		i++;
	return (struct push_reply){ .action = rules[i].action, .reason = rules[i].reason };
}
