/* Doubles out of decimal text, exactly rounded, and back: what a metric's value is. No locale has a say in it. */
#ifndef PARSERS_DECIMAL_H
#define PARSERS_DECIMAL_H

#include "parsers/bytes/str.h"

enum { DECIMAL_ROOM = 32 };

/* The whole view, as Go's strconv.ParseFloat takes it without hexadecimal and underscores: digits, point, exponent; inf, infinity
 * with an optional sign and nan without one, in any case. false: not a number, or too large for a double (too small is 0). */
bool decimal_parse(struct str s, double *out);
/* The shortest digits that read back as the same value, as OpenMetrics writes le and quantile: "0.5", "1.0", "1e+06", "+Inf", "NaN".
 * Returns the length. */
size_t decimal_print(double value, char at[DECIMAL_ROOM]);

#endif
