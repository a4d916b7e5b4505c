/* Composite forms (rule 5): one function each. False: s does not begin with that form, and v is undefined. True: v is filled,
 * v->state tells whether the form is valid. Internal to parsers/trace/trace*.c. */
#ifndef PARSERS_TRACE_TRACE_FORMS_H
#define PARSERS_TRACE_TRACE_FORMS_H

#include "parsers/trace/trace_values.h"

bool trace_form_w3c(struct str s, struct trace_value *v);     /* VV-<32>-<16>-FF */
bool trace_form_b3(struct str s, struct trace_value *v);      /* <16 or 32>-<16>[-0|1|d[-<16>]] */
bool trace_form_sentry(struct str s, struct trace_value *v);  /* <32>-<16>[-0|1] */
bool trace_form_jaeger(struct str s, struct trace_value *v);  /* <1..32>:<1..16>:<parent>:<flags> */
bool trace_form_cloud(struct str s, struct trace_value *v);   /* <32>[/<decimal>][;o=0|1] */
bool trace_form_project(struct str s, struct trace_value *v); /* projects/<p>/traces/<32> */
bool trace_form_xray(struct str s, struct trace_value *v);    /* 1-<8>-<24>[@<16>] or Root=..;Parent=..;Sampled=.. */
bool trace_form_spring(struct str s, struct trace_value *v);  /* <32>-<16>] or <16>   -<16>], s behind the bracket */
bool trace_form_sleuth(struct str s, struct trace_value *v);  /* <16 or 32>,<16>[,true|false]], s behind "[app," */

#endif
