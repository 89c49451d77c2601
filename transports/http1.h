// SPDX-License-Identifier: GPL-3.0-or-later
// http1: one HTTP/1.x message at a time, from octets (RFC 9112). The head is
// collected whole and looked at strictly before the parser library sees it;
// the only file that includes that library is http1.c.
#ifndef CMPGATE_TRANSPORTS_HTTP1_H
#define CMPGATE_TRANSPORTS_HTTP1_H

#include "base/buffer.h"

enum { HTTP1_HEAD_MAX = 16384, HTTP1_TARGET_MAX = 1024 };	// octets

enum http1_method { HTTP1_POST, HTTP1_GET, HTTP1_HEAD, HTTP1_OTHER };

struct http1_head {
	enum http1_method method;	// requests
	int status;			// responses
	unsigned minor;			// HTTP/1.minor
	bool keep_alive;		// as the message says it
	bool chunked;
	int64_t content_length;		// -1: not given
	bool expect_continue, expect_other;
	struct span target, host, content_type;	// borrowed until reset
};

// A fault of the message: the status a server answers, and a sentence.
struct http1_fault { int status; const char *text; };

enum http1_step {
	HTTP1_MORE,	// all octets are used; more are needed
	HTTP1_HEADED,	// the head stands; feed the rest to read the content
	HTTP1_DONE,	// the content is complete
	HTTP1_BAD	// malformed or too large; nothing more can be read
};

struct http1;

// Make a reader of requests or of responses; NULL without memory. max_body: octets of a content.
struct http1 *http1_new(bool request, size_t max_body);
void http1_free(struct http1 *h);	// NULL is allowed
// Take octets; *used tells how many belong to this message.
enum http1_step http1_feed(struct http1 *h, struct span octets, size_t *used);
// The connection has ended: HTTP1_DONE when the content runs until here, else HTTP1_BAD.
enum http1_step http1_end(struct http1 *h);
const struct http1_head *http1_head(const struct http1 *h);
struct span http1_body(const struct http1 *h);
// Let go of the body; all else that was read stays.
void http1_empty(struct http1 *h);
struct http1_fault http1_fault(const struct http1 *h);
// Tell whether any octet came, and whether the head stands.
bool http1_started(const struct http1 *h);
bool http1_headed(const struct http1 *h);
// Octets of content so far.
size_t http1_received(const struct http1 *h);
// Name and version of the library underneath.
const char *http1_library(void);

#endif
