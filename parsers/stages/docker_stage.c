/* The stage docker, inside a pipeline: what Promtail makes of a line of the json-file driver, with its own stages json, labels,
 * timestamp and output. One thing is different, so that a pipeline means the same wherever the line was taken apart: the line
 * feed that Docker keeps at the end of "log" is gone, as it is in the reader's own way (parsers/dockerjson.h), which also joins
 * pieces of 16 KiB. */
#include <stdlib.h>

#include "parsers/stages/entry_labels.h"

struct docker { void *json, *timestamp; };
struct state { void *json, *timestamp; };

#define SCALAR(literal) { .kind = STAGE_SCALAR, .text = { literal, sizeof(literal) - 1 } }
#define KEY(literal) { literal, sizeof(literal) - 1 }

static const struct str names[] = { KEY("output"), KEY("stream"), KEY("timestamp") };
static const struct stage_node paths[] = { SCALAR("log"), SCALAR("stream"), SCALAR("time") };
static const struct str json_keys[] = { KEY("expressions") };
static const struct stage_node json_values[] = { { .kind = STAGE_MAP, .items = paths, .keys = names, .count = 3 } };
static const struct stage_node json_config = { .kind = STAGE_MAP, .items = json_values, .keys = json_keys, .count = 1 };

static const struct str timestamp_keys[] = { KEY("source"), KEY("format") };
static const struct stage_node timestamp_values[] = { SCALAR("timestamp"), SCALAR("RFC3339Nano") };
static const struct stage_node timestamp_config = { .kind = STAGE_MAP, .items = timestamp_values, .keys = timestamp_keys,
	.count = 2 };

static void docker_free(void *stage)
{
	struct docker *d = stage;
	if (d->json)
		stage_json.free(d->json);
	if (d->timestamp)
		stage_timestamp.free(d->timestamp);
	free(d);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	(void)config;
	struct docker *d = calloc(1, sizeof *d);
	if (!d)
		abort();
	d->json = stage_json.compile(c, &json_config);
	d->timestamp = stage_timestamp.compile(c, &timestamp_config);
	if (d->json && d->timestamp)
		return d;
	docker_free(d);
	return NULL;
}

static void state_free(void *state)
{
	struct state *s = state;
	if (s->json && stage_json.state_free)
		stage_json.state_free(s->json);
	if (s->timestamp && stage_timestamp.state_free)
		stage_timestamp.state_free(s->timestamp);
	free(s);
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct docker *d = stage;
	struct state *s = *turn->state;
	struct stage_turn inner = *turn;
	struct str value;
	if (!s && !(s = *turn->state = calloc(1, sizeof *s)))
		abort();
	extracted_from_labels(e);
	inner.state = &s->json;
	stage_json.run(d->json, &inner, e);
	if (entry_labels_value(e, STR("stream"), &value))
		entry_labels_set(e, STR("stream"), value);
	inner.state = &s->timestamp;
	stage_timestamp.run(d->timestamp, &inner, e);
	if (!extracted_source(e, STR("output"), &value))
		return STAGE_NEXT;
	e->line = str_ends(value, STR("\n")) ? str_take(value, value.n - 1) : value;
	return STAGE_NEXT;
}

static const char *const keys[] = { NULL };
const struct stage_type stage_docker = { .name = "docker", .keys = keys, .compile = compile, .run = run, .free = docker_free,
	.state_free = state_free };
