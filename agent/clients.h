/* From a `clients` entry of the configuration to the options of a destination. */
#ifndef AGENT_CLIENTS_H
#define AGENT_CLIENTS_H

#include "config/config.h"
#include "exporters/destination.h"

enum { CLIENT_NAME_ROOM = 64 };

/* Fills names[i]: the client's name, else host:port of its URL, made unique among names[0..i). It is the value of the label
 * `destination` and the key of its positions. */
void client_name(char names[][CLIENT_NAME_ROOM], size_t i, const struct config_client *c);
/* Views into c and into arena: both must outlive the destination. */
struct destination_options client_options(const struct config_client *c, const char *name, struct arena *arena);

#endif
