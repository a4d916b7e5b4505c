/* Amounts of resources as Kubernetes writes them. apimachinery: pkg/api/resource/quantity.go */
#ifndef PARSERS_KUBERNETES_POD_QUANTITY_H
#define PARSERS_KUBERNETES_POD_QUANTITY_H

#include "parsers/bytes/str.h"

/* "250m", "1.5", "128Mi", "1e3", "12E" -> number: a sign, decimal digits with at most one point, then one of n u m k M G T P E,
 * Ki Mi Gi Ti Pi Ei, or an exponent of ten. Not more exact than a double is. false: not a quantity. */
bool pod_quantity_parse(struct str s, double *out);

#endif
