/* The ways in which log files are rotated, each exactly as the program that does it. */
#ifndef E2E_ROTATE_H
#define E2E_ROTATE_H

enum { ROTATE_PATH = 1024 };

/* The kubelet (pkg/kubelet/logs/container_log_manager.go): removes leftovers, keeps the newest keep-2 rotated files, compresses
 * each that is still plain (.tmp, then renamed to .gz, then the plain one removed), renames live to live.YYYYMMDD-HHMMSS.
 * The caller still holds the old file open and goes on writing until it reopens. */
void rotate_kubelet(const char *directory, const char *live, int keep);
void rotate_numbered(const char *live, int keep); /* live -> live.1 -> live.2 …; docker and logrotate "create" */
void rotate_copytruncate(const char *live, int keep); /* copies live to live.1 and truncates it in place */

#endif
