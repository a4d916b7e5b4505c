/* Kubernetes' LabelSelector, as monitors have it: matchLabels and matchExpressions, all of which must hold. kubernetes:
 * staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go. Views into the input or the arena. */
#ifndef PARSERS_KUBERNETES_LABEL_SELECTOR_H
#define PARSERS_KUBERNETES_LABEL_SELECTOR_H

#include "parsers/json.h"
#include "parsers/labels.h"

enum { LABEL_SELECTOR_RULES_MAX = 64, LABEL_SELECTOR_VALUES_MAX = 256 };
enum label_operator { LABEL_IN, LABEL_NOT_IN, LABEL_EXISTS, LABEL_DOES_NOT_EXIST, LABEL_OPERATORS };
struct label_rule {
	struct str key;
	enum label_operator operator_;
	struct str *values; size_t value_count;
};
struct label_selector { /* {0} takes everything */
	struct label_rule *rules; size_t count;
	const char *problem;  /* not NULL: it cannot be understood, and takes nothing */
};

/* Consumes the value that comes next. */
void label_selector_read(struct json *j, struct arena *arena, struct label_selector *out);
/* An object of names and values as rules: the selector of a Service. */
void label_selector_read_labels(struct json *j, struct arena *arena, struct label_selector *out);
bool label_selector_takes(const struct label_selector *s, const struct label *labels, size_t count);

#endif
