/* Consistent probability sampling by trace id, as OpenTelemetry defines it (specification: trace/tracestate-probability-sampling.md,
 * trace/tracestate-handling.md): a trace has 56 bits of randomness R, a sampler a rejection threshold T; what has R >= T is kept. Everybody
 * who keeps a share p keeps what everybody with a smaller share keeps, on all nodes, without a word between them. */
#ifndef PARSERS_TRACE_TRACE_SAMPLING_H
#define PARSERS_TRACE_TRACE_SAMPLING_H

#include "parsers/bytes/str.h"

enum { TRACE_THRESHOLD_DIGITS = 14 };
#define TRACE_SAMPLING_RANGE (UINT64_C(1) << 56) /* as a threshold: nothing is kept */

/* T of a share between 0 and 1 that is to be kept, rounded to five hexadecimal digits behind the leading f's: 0.01 is 0xfd70a400000000. */
uint64_t trace_threshold(double share);
/* The text of tracestate's `th`: hexadecimal digits without zeros at the end, "0" when everything is kept. T < TRACE_SAMPLING_RANGE. */
size_t trace_threshold_print(uint64_t threshold, char out[TRACE_THRESHOLD_DIGITS]);
/* How many stand behind one that was kept: 2^56 / (2^56 - T). T < TRACE_SAMPLING_RANGE. */
double trace_adjusted_count(uint64_t threshold);

/* R of an id: its last 14 digits. id: 32 lower-case hexadecimal digits. */
uint64_t trace_randomness(const char id[32]);
/* R that a tracestate in the line says: `ot=…rv:<14 digits>`. false: none does. Linear in line.n. */
bool trace_randomness_in(struct str line, uint64_t *out);

#endif
