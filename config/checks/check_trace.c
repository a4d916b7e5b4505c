/* Rules of `trace`. */
#include "config/checks/check.h"
#include "parsers/decimal.h"
#include "parsers/labels.h"

/* An exemplar has room for 128 characters: 32 and 16 of them are digits of the ids, 7 the name span_id. */
enum { EXEMPLAR_LABEL_MOST = 64 };

static void check_exemplar_label(struct loader *r)
{
	struct str *label = &r->config->trace.exemplar_label;
	const struct place *at = loader_field(r, label);
	if (!at)
		return;
	if (!labels_name_is_legacy(*label, false) || label->n > EXEMPLAR_LABEL_MOST)
		loader_error(r, at, "expected the name of a label, such as trace_id or TraceID: letters, digits and _, no digit first, at most %d",
			EXEMPLAR_LABEL_MOST);
	else if (str_eq(*label, STR("span_id")))
		loader_error(r, at, "span_id stands in exemplars too: the trace id needs a name of its own");
}

static void check_share(struct loader *r, struct str *text, double *out)
{
	double percentage;
	const struct place *at = loader_field(r, text);
	*out = 1;
	if (decimal_parse(*text, &percentage) && percentage >= 0 && percentage <= 100)
		*out = percentage / 100;
	else if (at)
		loader_expected(r, at, "a number from 0 to 100, such as 12.5");
}

void check_trace(struct loader *r)
{
	check_share(r, &r->config->trace.sampling.percentage, &r->config->trace.sampling.share);
	check_share(r, &r->config->trace.sampling.without_id_percentage, &r->config->trace.sampling.without_id_share);
	check_exemplar_label(r);
}
