/* The journal section of a job. Whether it is there the tree tells: a section without keys fills no field, and reads the journal all the same. */
#include "config/checks/check.h"
#include "parsers/journal/journal_matches.h"

static const int64_t DEFAULT_AGE_MS = 7 * 3600 * 1000ll; /* Promtail's */
static const int64_t NO_AGE_MS = 87600 * 3600 * 1000ll;

void check_journal(struct loader *r, struct config_scrape *job)
{
	struct config_journal *j = &job->journal;
	const struct place *element = loader_element(r, job), *path = loader_field(r, &j->path),
			   *matches = loader_field(r, &j->matches), *age = loader_field(r, &j->max_age_ms);
	const struct node *section = element && element->node->kind == NODE_MAP ? tree_get(element->node, STR("journal")) : NULL;
	char why[256];
	j->is_there = section && section->kind != NODE_NULL; /* what is no mapping has its error already */
	if (!j->is_there)
		return;
	if (j->max_age_ms == 0)
		j->max_age_ms = age ? NO_AGE_MS : DEFAULT_AGE_MS;
	if (path && j->path.n && j->path.p[0] != '/')
		loader_error(r, path, "expected an absolute path of a directory such as /var/log/journal");
	if (!j->labels.count && !job->relabel_configs.count)
		loader_warning(r, element, "its journal has neither labels nor relabel_configs: entries without a label are dropped, and none will have one");
	if (matches && journal_matches_problem(j->matches, why))
		loader_error(r, matches, "%s", why);
}
