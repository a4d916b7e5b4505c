/* Private to pipelines: what stages_compile.c makes and stages.c runs. */
#ifndef PARSERS_STAGES_STAGES_INSIDE_H
#define PARSERS_STAGES_STAGES_INSIDE_H

#include "parsers/stages/stage.h"
#include "parsers/stages/stages.h"

struct step {
	const struct stage_type *type;
	void *stage;
	size_t end; /* behind the steps of the pipeline inside */
	bool has_nested;
};
struct stages {
	struct step *steps;
	size_t count, room;
	uint64_t regex_limits;
	stages_look *look;
	void *look_ctx;
	size_t look_at;
};

#endif
