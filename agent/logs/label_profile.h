/* Under which names Loki knows a log of a job without relabel_configs: what of it are labels of its streams, and what each of its lines
 * carries as structured metadata instead (logs.label_profile). All of it follows from path and configuration, so a replay is the same.
 * loki: pkg/loghttp/push/otlp_config.go (DefaultOTLPConfig: which resource attributes of OTLP are labels), names with '_' for '.';
 * opentelemetry: semantic conventions of k8s.*, service.*, log.iostream, log.file.path, host.name. */
#ifndef AGENT_LOGS_LABEL_PROFILE_H
#define AGENT_LOGS_LABEL_PROFILE_H

#include "config/config.h"
#include "parsers/labels.h"

enum label_profile { PROFILE_DEFAULT, PROFILE_OTEL, PROFILE_MINIMAL, LABEL_PROFILES };

/* What is known of a log, in the order of their weight: of two labels of one name the later one stays. */
enum log_fact {
	FACT_NODE, FACT_HOST,                               /* of pods, of files: the machine; weaker than external labels */
	FACT_NAMESPACE, FACT_POD, FACT_UID, FACT_CONTAINER, /* of pods; static_configs have none of these */
	FACT_JOB, FACT_FILENAME,                            /* of files, weaker than labels of static_configs */
	FACT_STREAM,                                        /* stdout or stderr, where the framing tells */
	LOG_FACTS
};
struct log_facts { struct str at[LOG_FACTS]; }; /* empty: not known */

struct profile_row { enum log_fact fact; const char *name; bool is_metadata; };

/* job: NULL, or the one that the log is read for; those that name their labels themselves (is_promtail) keep the usual stream. */
enum label_profile label_profile_of(const struct config *c, const struct config_scrape *job);
/* One fact may have several names. */
const struct profile_row *label_profile_rows(enum label_profile profile, size_t *count);
/* Sets those of the facts from first to last, both included, that go into labels (or into structured metadata). */
void label_profile_put(enum label_profile profile, const struct log_facts *facts, enum log_fact first, enum log_fact last, bool is_metadata,
		       struct labels *to);

#endif
