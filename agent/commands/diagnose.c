/* Exit code 0 when nothing failed, warnings or not, else 1. With --bundle=- the archive is standard output and the text goes to standard
 * error: `kubectl exec POD -- spoor diagnose --bundle=- > spoor.tar` needs no place to write to. */
#include "agent/commands/diagnose.h"

#include <stdio.h>

#include "agent/commands/diagnosis.h"

enum { TEXT_MOST = 4 << 20, STATUS_MOST = 4 << 20 };

static void look(struct diagnosis *d)
{
	diagnosis_agent(d);
	if (!d->is_self_test) {
		diagnosis_paths(d);
		diagnosis_state(d);
		diagnosis_machine(d);
		diagnosis_kubernetes(d);
	}
	diagnosis_destinations(d);
}

static void print(const struct flags *flags, const struct diagnosis *d)
{
	struct buf text;
	bool is_piped = flags->bundle && strcmp(flags->bundle, "-") == 0;
	buf_init(&text, TEXT_MOST);
	if (flags->format && strcmp(flags->format, "json") == 0)
		findings_print_json(d->findings, &text);
	else
		findings_print(d->findings, &text);
	fwrite(text.p, 1, text.n, is_piped ? stderr : stdout);
	buf_fini(&text);
}

int command_diagnose(const struct flags *flags)
{
	struct ask ask;
	struct findings findings = { 0 };
	struct diagnosis d = { .ask = &ask, .findings = &findings, .is_self_test = flags->self_test };
	if (!ask_open(&ask, flags)) {
		fprintf(stderr, "spoor diagnose: %s\n", ask.err);
		ask_fini(&ask);
		return FLAGS_USAGE_EXIT;
	}
	buf_init(&d.status, STATUS_MOST);
	redact_add_config(&d.redact, ask.settings.config);
	look(&d);
	print(flags, &d);
	int code = findings.by_level[FINDING_FAIL] ? 1 : 0;
	if (flags->bundle && !diagnosis_bundle(&d, flags->bundle))
		code = 1;
	redact_fini(&d.redact);
	buf_fini(&d.status);
	findings_fini(&findings);
	ask_fini(&ask);
	return code;
}
