/* Tells systemd how we are (Type=notify). Nothing happens where NOTIFY_SOCKET is not set. */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

/* "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=…"; several with line feeds between them. systemd: sd_notify(3). */
void notify_send(const char *state);

#endif
