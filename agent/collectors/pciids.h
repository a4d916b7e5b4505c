/* Names of PCI vendors, devices and classes out of pci.ids. https://pci-ids.ucw.cz */
#ifndef AGENT_COLLECTORS_PCIIDS_H
#define AGENT_COLLECTORS_PCIIDS_H

#include "agent/collectors/files.h"
#include "parsers/bytes/arena.h"

struct pciids { struct str text; };
struct pciids_names { struct str vendor, device, subsystem_vendor, subsystem_device, class; };

/* path "": the places of the distributions. Without a file all names are numbers. In the arena. */
struct pciids *pciids_open(struct files *files, struct arena *arena, const char *path);
/* numbers: class, vendor, device, subsystem vendor, subsystem device. What has no name is its number, without 0x. */
struct pciids_names pciids_find(const struct pciids *p, struct arena *arena, const uint64_t numbers[5]);

#endif
