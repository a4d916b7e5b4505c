/* From a `clients` entry of the configuration to the options of a destination. */
#ifndef AGENT_LOGS_CLIENTS_H
#define AGENT_LOGS_CLIENTS_H

#include "config/config.h"
#include "exporters/destination.h"

enum { CLIENT_NAME_ROOM = 64 };

/* Fills names[i]: the destination's own name, else host:port of its URL, made unique among names[0..i). It is the value of the label
 * `destination` and the key of its progress. */
void client_name(char names[][CLIENT_NAME_ROOM], size_t i, struct str name, struct str url);
/* The address and the http_config of any server. Views into c and into arena: both must outlive its user. */
struct endpoint_options client_endpoint(const struct config_http *c, struct str url, const char *name, struct arena *arena);
/* Views into c and into arena: both must outlive the destination. */
struct destination_options client_options(const struct config_client *c, const char *name, struct arena *arena);

#endif
