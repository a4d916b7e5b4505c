/* Relabelling rules of the configuration, compiled. The caller owns the result (relabel_free). */
#ifndef CONFIG_RELABELS_H
#define CONFIG_RELABELS_H

#include "config/config.h"
#include "parsers/relabel.h"

/* NULL with err[0] == 0: there are no rules. NULL and err: one of them cannot be (the loader has refused that already). */
struct relabel *relabels_compile(const struct config_relabels *rules, char err[256]);

#endif
