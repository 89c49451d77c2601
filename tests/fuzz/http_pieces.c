// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuzz/http_pieces.h"

#include <stdlib.h>

#include "tests/fuzz/pieces.h"

enum { BODY_MAX = 512 };

// Feed all at once, or cut (cuts != NULL); answers the last step, and how many octets the message had.
static enum http1_step
feed(struct http1 *h, struct span in, struct pieces *cuts, size_t *taken)
{
	enum http1_step step = HTTP1_MORE;

	for (*taken = 0; *taken < in.len;) {
		size_t left = in.len - *taken, n = cuts != NULL ? pieces_next(cuts, left) : left, used;
		step = http1_feed(h, span_of(in.data + *taken, n), &used);
		if (used > n || (step == HTTP1_MORE && used < n))
			abort();
		*taken += used;
		if (step == HTTP1_HEADED && *taken == in.len)
			step = http1_feed(h, span_of(NULL, 0), &used);
		if (step == HTTP1_BAD || step == HTTP1_DONE)
			return step;
	}
	return http1_headed(h) ? http1_end(h) : step;
}

static void
check_limits(const struct http1 *h, enum http1_step step)
{
	const struct http1_head *head = http1_head(h);

	if (http1_body(h).len > BODY_MAX || http1_received(h) > BODY_MAX)
		abort();
	if (step == HTTP1_BAD && http1_fault(h).text == NULL)
		abort();
	if (http1_headed(h) && (head->target.len > HTTP1_TARGET_MAX || (head->chunked && head->content_length >= 0)))
		abort();
}

void
http_pieces_compare(bool request, struct span in)
{
	struct http1 *a = http1_new(request, BODY_MAX), *b = http1_new(request, BODY_MAX);
	struct pieces cuts;
	size_t taken_a, taken_b;

	if (a == NULL || b == NULL)
		abort();
	pieces_init(&cuts, in);
	enum http1_step step_a = feed(a, in, NULL, &taken_a), step_b = feed(b, in, &cuts, &taken_b);
	if (step_a != step_b || (step_a == HTTP1_DONE && taken_a != taken_b))
		abort();
	if (http1_headed(a) != http1_headed(b) || (step_a == HTTP1_BAD && http1_fault(a).status != http1_fault(b).status))
		abort();
	check_limits(a, step_a);
	check_limits(b, step_b);
	if (step_a == HTTP1_DONE) {
		const struct http1_head *x = http1_head(a), *y = http1_head(b);
		if (!span_equal(http1_body(a), http1_body(b)) || x->status != y->status || x->method != y->method
		    || x->keep_alive != y->keep_alive || x->content_length != y->content_length || !span_equal(x->target, y->target)
		    || !span_equal(x->host, y->host) || !span_equal(x->content_type, y->content_type))
			abort();
	}
	http1_free(a);
	http1_free(b);
}
