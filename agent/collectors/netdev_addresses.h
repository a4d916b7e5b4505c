/* node_network_address_info: the addresses of each interface (RTM_GETADDR), for the collector netdev. */
#ifndef AGENT_COLLECTORS_NETDEV_ADDRESSES_H
#define AGENT_COLLECTORS_NETDEV_ADDRESSES_H

#include "agent/collectors/collector.h"
#include "agent/collectors/links.h"
#include "agent/collectors/sheet.h"

/* Adds a sample per address of the interfaces in `links` that the filter lets through. 0 or -errno. */
int netdev_addresses_add(struct sheet *s, struct netlink *n, const struct links *links, const struct device_filter *filter);

#endif
