/* Patterns for paths, with the meaning that Promtail gives them (Go package doublestar, version 4):
 *   *       any characters but '/'                 ?      one character but '/'
 *   **      whole directories, none to any number, between slashes or at an end; elsewhere the same as one star
 *   [a-z]   one character out of a class, never '/'; [!a-z] and [^a-z] one that is not in it
 *   {a,b}   alternatives, nested at most 16 deep    \x     x itself
 * "a/" and "**" behind it match "a" too. A leading dot is no special character. Characters are UTF-8 where it is valid.
 * Differs from doublestar: [!a] never matches a slash (files are looked for one directory after the other there); "**" that ends
 * an alternative with a slash behind its brace, as in {**,a}/b, stands for one directory at least. */
#ifndef PARSERS_GLOB_H
#define PARSERS_GLOB_H

#include "parsers/bytes/str.h"

enum { GLOB_PATTERN_BYTES = 1024, GLOB_BRACE_DEPTH = 16 };

/* Can it match anything at all: not too long, every bracket and brace closed, nothing escaped behind the end. */
bool glob_is_valid(struct str pattern);
/* The whole path. An invalid pattern matches nothing. Time is at most pattern.n times path.n, whatever the pattern. */
bool glob_match(struct str pattern, struct str path);
/* The longest directory in front of the first character with a meaning: "/var/log" of "/var/log/app*.log" and of
 * "/var/log/app.log"; "/" keeps its slash; empty when there is none. A view into the pattern. */
struct str glob_root(struct str pattern);

#endif
