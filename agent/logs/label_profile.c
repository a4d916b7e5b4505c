/* Tables. What is not in the path is in none of them: k8s_deployment_name would need the pod's object, and a log does not wait for it. */
#include "agent/logs/label_profile.h"

static const struct profile_row usual[] = {
	{ FACT_NODE, "node_name", false },
	{ FACT_HOST, "node_name", false },
	{ FACT_NAMESPACE, "namespace", false },
	{ FACT_POD, "pod", false },
	{ FACT_CONTAINER, "container", false },
	{ FACT_JOB, "job", false },
	{ FACT_FILENAME, "filename", false },
	{ FACT_STREAM, "stream", false },
};
static const struct profile_row otel[] = {
	{ FACT_NODE, "k8s_node_name", true },
	{ FACT_HOST, "host_name", true },
	{ FACT_NAMESPACE, "service_namespace", false },
	{ FACT_NAMESPACE, "k8s_namespace_name", false },
	{ FACT_POD, "k8s_pod_name", false },
	{ FACT_UID, "service_instance_id", false },
	{ FACT_CONTAINER, "service_name", false },
	{ FACT_CONTAINER, "k8s_container_name", false },
	{ FACT_JOB, "service_name", false },
	{ FACT_FILENAME, "log_file_path", true },
	{ FACT_STREAM, "log_iostream", true },
};
static const struct profile_row minimal[] = {
	{ FACT_NODE, "node_name", true },
	{ FACT_HOST, "node_name", true },
	{ FACT_NAMESPACE, "namespace", false },
	{ FACT_POD, "pod", true },
	{ FACT_CONTAINER, "service_name", false },
	{ FACT_CONTAINER, "container", true },
	{ FACT_JOB, "service_name", false },
	{ FACT_FILENAME, "filename", true },
	{ FACT_STREAM, "stream", true },
};
static const struct {
	const char *name;
	const struct profile_row *rows;
	size_t count;
} profiles[LABEL_PROFILES] = {
	{ "default", usual, COUNT_OF(usual) },
	{ "otel", otel, COUNT_OF(otel) },
	{ "minimal", minimal, COUNT_OF(minimal) },
};

enum label_profile label_profile_of(const struct config *c, const struct config_scrape *job)
{
	for (size_t i = 0; c && !(job && job->is_promtail) && i < LABEL_PROFILES; i++)
		if (str_eq(c->logs.label_profile, str_of(profiles[i].name)))
			return (enum label_profile)i;
	return PROFILE_DEFAULT;
}

const struct profile_row *label_profile_rows(enum label_profile profile, size_t *count)
{
	*count = profiles[profile].count;
	return profiles[profile].rows;
}

void label_profile_put(enum label_profile profile, const struct log_facts *facts, enum log_fact first, enum log_fact last, bool is_metadata,
		       struct labels *to)
{
	size_t count;
	const struct profile_row *rows = label_profile_rows(profile, &count);
	for (size_t i = 0; i < count; i++) {
		const struct str value = facts->at[rows[i].fact];
		if (value.n && rows[i].fact >= first && rows[i].fact <= last && rows[i].is_metadata == is_metadata)
			labels_set(to, str_of(rows[i].name), value);
	}
}
