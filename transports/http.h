// SPDX-License-Identifier: GPL-3.0-or-later
// http: what the two sides of the HTTP driver share. Private to transports/.
#ifndef CMPGATE_TRANSPORTS_HTTP_H
#define CMPGATE_TRANSPORTS_HTTP_H

#include "transports/driver.h"
#include "transports/http1.h"

#define HTTP_CONTENT_TYPE "application/pkixcmp"

// Tell whether a Content-Type names a PKIMessage; parameters and the older names are tolerated.
bool http_is_pkixcmp(struct span content_type);
// Fill path, profile and operation of a label from a request target. False
// when no such path is served: below the well-known prefix only what RFC 9811 3.4
// names, elsewhere what `extra` lists; with no extra, "/" and "/pkix/" as well.
bool http_path_resolve(struct label *out, struct span target, struct span host, const struct option_texts *extra, const char *own);

// A head in the making: texts one after the other into memory of the caller.
// What does not fit is left out and marks it as failed. Heads are written with
// every message, which is why this is not printf.
struct http_text { char *at; size_t size, len; bool failed; };
void http_text_add(struct http_text *t, const char *text);
void http_text_number(struct http_text *t, size_t n);
struct span http_text_span(const struct http_text *t);

// What those who ask share: the head of a request, complete with its empty line. False when it does not fit.
struct http_request { const char *method, *target, *host, *content_type, *accept; size_t length; bool close; };	// content_type NULL: no content
bool http_request_write(struct http_text *out, const struct http_request *r);
// Feed a reader of responses; those that only announce the answer (1xx) are
// passed over, each with a new reader in place of the old. What follows an
// answer that is complete is left out. Without memory HTTP1_BAD, and *reader is NULL.
enum http1_step http_response_feed(struct http1 **reader, size_t max_body, struct span octets);

// The listener side (http_server.c).
struct http_listener_options { struct option_texts paths; };
struct listener *http_listener_open(const struct listener_setup *setup, struct fault *f);
bool http_listener_url(const struct listener *l, size_t i, char *out, size_t size);
void http_listener_drain(struct listener *l);
bool http_listener_busy(const struct listener *l);
void http_listener_close(struct listener *l, void (*closed)(void *context), void *context);
void http_listener_respond(struct listener *l, uint64_t token, const struct reply *reply);

// The upstream side (http_client.c).
enum http_sharing { HTTP_SHARED, HTTP_PER_TRANSACTION, HTTP_CLOSE };
enum http_labels { HTTP_LABELS_AUTO, HTTP_LABELS_EXACT, HTTP_LABELS_APPEND };
struct http_upstream_options {
	int connection, labels;
	int64_t connections, queue;
	int64_t affinity_hold, connect_timeout, idle;	// ms
};
struct upstream *http_upstream_open(const struct upstream_setup *setup, struct fault *f);
void http_upstream_close(struct upstream *u, void (*closed)(void *context), void *context);
bool http_upstream_submit(struct upstream *u, uint64_t submission, uint64_t affinity, const struct label *label,
	struct blob *message, int64_t deadline_ms, struct fault *f);
void http_upstream_forget(struct upstream *u, uint64_t affinity);

// Fetching (http_fetch.c).
struct fetch *http_fetch_begin(uv_loop_t *loop, const struct fetch_plan *plan);
void http_fetch_end(struct fetch *f);

#endif
