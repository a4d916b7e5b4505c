/* Eight places, gone through from the front; what is found moves one place forward, so what is asked for often is found soon. */
#include "agent/logs/lately.h"

#include <stdlib.h>

static void swap(struct lately *l, size_t i, size_t k)
{
	struct lately_stream one = l->at[i];
	l->at[i] = l->at[k];
	l->at[k] = one;
}

struct log_stream *lately_find(struct lately *l, const struct labels *labels)
{
	for (size_t i = 0; i < LATELY_STREAMS && l->at[i].stream; i++) {
		struct log_stream *stream = l->at[i].stream;
		if (!labels_eq(&l->at[i].labels, labels))
			continue;
		if (i)
			swap(l, i, i - 1);
		return stream;
	}
	return NULL;
}

static struct str keep(char **to, struct str s)
{
	if (s.n == 0)
		return (struct str){ 0 };
	struct str kept = { memcpy(*to, s.p, s.n), s.n };
	*to += s.n;
	return kept;
}

void lately_add(struct lately *l, const struct labels *labels, struct log_stream *stream)
{
	size_t i = 0, bytes = 1;
	while (i < LATELY_STREAMS - 1 && l->at[i].stream)
		i++;
	for (size_t k = 0; k < labels->count; k++)
		bytes += labels->at[k].name.n + labels->at[k].value.n;
	struct lately_stream *one = &l->at[i];
	free(one->bytes);
	char *to = one->bytes = malloc(bytes);
	if (!to)
		abort();
	one->stream = stream;
	labels_copy(&one->labels, labels);
	for (size_t k = 0; k < labels->count; k++) {
		one->labels.at[k].name = keep(&to, labels->at[k].name);
		one->labels.at[k].value = keep(&to, labels->at[k].value);
	}
}

void lately_fini(struct lately *l)
{
	for (size_t i = 0; i < LATELY_STREAMS; i++) {
		labels_fini(&l->at[i].labels);
		free(l->at[i].bytes);
	}
	*l = (struct lately){ 0 };
}
