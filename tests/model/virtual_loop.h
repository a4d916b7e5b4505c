/* What a test may do with a loop that has no clock of its own. */
#ifndef TESTS_MODEL_VIRTUAL_LOOP_H
#define TESTS_MODEL_VIRTUAL_LOOP_H

#include "agent/loop.h"

void virtual_loop_pass(struct loop *l, int64_t ns); /* moves both clocks, runs nothing */
void virtual_loop_turn(struct loop *l);             /* timers that are due, then descriptors that are ready, once each */

#endif
