/* The bytes of agent/web/page.html and agent/web/targets.html, embedded at build time. */
#ifndef AGENT_WEB_PAGE_H
#define AGENT_WEB_PAGE_H

extern const unsigned char page_html[];
extern const unsigned page_html_bytes;
/* What a Content-Security-Policy needs to let exactly these two run: 'sha256-…' of the inline script and style. */
extern const char page_script_hash[];
extern const char page_style_hash[];

extern const unsigned char targets_html[];
extern const unsigned targets_html_bytes;
extern const char targets_script_hash[], targets_style_hash[];

#endif
