/* The two halves of the cross-field rules. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/loader.h"

/* check_jobs.c: the rules for scrape_configs; adds the built-in job when there is none. */
void check_jobs(struct loader *r);
/* check_glob.c: NULL, or what is wrong with a pattern of file names. */
const char *check_glob(struct str pattern);

#endif
