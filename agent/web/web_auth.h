/* Who may ask: basic authentication against bcrypt hashes. A hash costs a tenth of a second and more, so it is computed on a thread of its
 * own, once for each user and password; what came out is remembered under a key that nobody outside can guess. */
#ifndef AGENT_WEB_WEB_AUTH_H
#define AGENT_WEB_WEB_AUTH_H

#include "agent/loop.h"
#include "agent/web/web_config.h"

enum web_verdict { WEB_ALLOWED, WEB_DENIED, WEB_PENDING };
typedef void web_auth_done(void *ctx, bool is_allowed);

struct web_auth;
struct web_auth *web_auth_new(struct loop *loop); /* NULL with errno */
void web_auth_free(struct web_auth *a);           /* waits for the hash in progress; those that wait end without their callback */
/* header: of Authorization, may be empty. WEB_PENDING: done is called later, once, from the loop. Without users all are allowed. An unknown
 * user takes as long as a known one. */
enum web_verdict web_auth_check(struct web_auth *a, const struct web_config *c, struct str header, web_auth_done *done, void *ctx);
void web_auth_cancel(struct web_auth *a, const void *ctx); /* no callback for this ctx any more */

#endif
