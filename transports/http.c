// SPDX-License-Identifier: GPL-3.0-or-later
// http: the driver's row, its options, and paths (RFC 9811 3.4).
#include "build.h"

#include "transports/http.h"
#include "transports/label.h"

#include <stdio.h>
#include <strings.h>

#include "transports/http1.h"

static const char *const operations[] = {
	"initialization", "certification", "keyupdate", "pkcs10", "revocation", "getcacerts", "getrootupdate",
	"getcertreqtemplate", "getcrls", "nested", NULL
};

void
http_text_add(struct http_text *t, const char *text)
{
	size_t n = strlen(text);

	if (t->failed || n > t->size - t->len) {
		t->failed = true;
		return;
	}
	memcpy(t->at + t->len, text, n);
	t->len += n;
}

void
http_text_number(struct http_text *t, size_t n)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	http_text_add(t, digits + at);
}

struct span
http_text_span(const struct http_text *t)
{
	return span_of(t->at, t->len);
}

bool
http_request_write(struct http_text *out, const struct http_request *r)
{
	http_text_add(out, r->method);
	http_text_add(out, " ");
	http_text_add(out, r->target);
	http_text_add(out, " HTTP/1.1\r\nHost: ");
	http_text_add(out, r->host);
	http_text_add(out, "\r\nUser-Agent: cmpgate/" PACKAGE_VERSION);
	if (r->content_type != NULL) {
		http_text_add(out, "\r\nContent-Type: ");
		http_text_add(out, r->content_type);
	}
	http_text_add(out, "\r\nAccept: ");
	http_text_add(out, r->accept);
	if (r->content_type != NULL) {
		http_text_add(out, "\r\nContent-Length: ");
		http_text_number(out, r->length);
	}
	http_text_add(out, r->close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
	return !out->failed;
}

enum http1_step
http_response_feed(struct http1 **reader, size_t max_body, struct span octets)
{
	size_t used;

	while (octets.len > 0) {
		enum http1_step step = http1_feed(*reader, octets, &used);
		octets = span_of(octets.data + used, octets.len - used);
		if (step == HTTP1_BAD)
			return HTTP1_BAD;
		if (step != HTTP1_DONE && !(step == HTTP1_HEADED && octets.len == 0 && http1_feed(*reader, octets, &used) == HTTP1_DONE))
			continue;
		if (http1_head(*reader)->status >= 200)
			return HTTP1_DONE;
		http1_free(*reader);	// 100 Continue and its like: the answer follows
		*reader = http1_new(false, max_body);
		if (*reader == NULL)
			return HTTP1_BAD;
	}
	return HTTP1_MORE;
}

bool
http_is_pkixcmp(struct span type)
{
	static const char *const names[] = { HTTP_CONTENT_TYPE, "application/x-pkixcmp", "application/pkixcmp-poll" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);
		if (type.len >= n && strncasecmp((const char *)type.data, names[i], n) == 0
		    && (type.len == n || type.data[n] == ';' || type.data[n] == ' ' || type.data[n] == '\t'))
			return true;
	}
	return false;
}

// "http://host[:port]/path" is allowed when the host is that of the Host field.
static bool
strip_authority(struct span *target, struct span host)
{
	static const char scheme[] = "http://";
	size_t n = sizeof(scheme) - 1;

	if (target->len > 0 && target->data[0] == '/')
		return true;
	if (target->len < n || strncasecmp((const char *)target->data, scheme, n) != 0)
		return false;
	struct span rest = span_of(target->data + n, target->len - n);
	const uint8_t *slash = memchr(rest.data, '/', rest.len);
	size_t authority = slash != NULL ? (size_t)(slash - rest.data) : rest.len;
	if (authority != host.len || strncasecmp((const char *)rest.data, (const char *)host.data, authority) != 0)
		return false;
	*target = slash != NULL ? span_of(slash, rest.len - authority) : span_text("/");
	return true;
}

static bool
read_operation(struct label *out, const char *text)
{
	for (const char *const *o = operations; *o != NULL; o++) {
		if (strcmp(*o, text) == 0) {
			snprintf(out->operation, sizeof(out->operation), "%s", *o);
			return true;
		}
	}
	return false;
}

// What stands behind /.well-known/cmp: nothing, /<op>, /p/<name>, /p/<name>/<op>.
static bool
read_labels(struct label *out, const char *at)
{
	if (at[0] == '\0' || strcmp(at, "/") == 0)
		return true;
	if (strncmp(at, "/p/", 3) != 0)
		return read_operation(out, at + 1);
	at += 3;
	size_t n = strcspn(at, "/");
	if (!label_set_profile(out, span_of(at, n)))
		return false;
	at += n;
	return at[0] == '\0' || strcmp(at, "/") == 0 || read_operation(out, at + 1);
}

bool
http_path_resolve(struct label *out, struct span target, struct span host, const struct option_texts *extra, const char *own)
{
	static const char well_known[] = "/.well-known/cmp";
	size_t n = sizeof(well_known) - 1;

	if (!strip_authority(&target, host))
		return false;
	const uint8_t *query = memchr(target.data, '?', target.len);
	if (query != NULL)
		target.len = (size_t)(query - target.data);
	// An escaped octet could hide a slash: no path served here needs one.
	if (target.len >= sizeof(out->path) || memchr(target.data, '%', target.len) != NULL)
		return false;
	memcpy(out->path, target.data, target.len);
	out->path[target.len] = '\0';
	if (strncmp(out->path, well_known, n) == 0 && (out->path[n] == '\0' || out->path[n] == '/'))
		return read_labels(out, out->path + n);
	if (own[0] != '\0' && strcmp(own, "/") != 0 && strcmp(out->path, own) == 0)
		return true;
	for (size_t i = 0; i < extra->count; i++)
		if (strcmp(out->path, extra->items[i]) == 0)
			return true;
	bool free_paths = extra->count == 0 && (own[0] == '\0' || strcmp(own, "/") == 0);
	return free_paths && (strcmp(out->path, "/") == 0 || strcmp(out->path, "/pkix/") == 0 || strcmp(out->path, "/pkix") == 0);
}

// Below the well-known prefix only labels are served, whatever else is listed.
static bool
check_path(const char *path, struct fault *f)
{
	static const struct option_texts none;
	static const char well_known[] = "/.well-known/cmp/";
	struct label label = { .path = "" };

	if (!label_check_path(path, true, f))
		return false;
	if (strncmp(path, well_known, sizeof(well_known) - 1) != 0 || http_path_resolve(&label, span_text(path), span_of(NULL, 0), &none, "/none"))
		return true;
	return fault_set(f, FAIL_NONE, "paths", "below /.well-known/cmp only p/NAME and the operations of RFC 9811 are served; choose another path than %.100s", path);
}

static bool
listener_check(const struct url *u, struct fault *f)
{
	return u->path[0] == '\0' || check_path(u->path, f);
}

static const char *const schemes[] = { "http", NULL };
static const char *const sharings[] = { "shared", "per-transaction", "close", NULL };
static const char *const label_choices[] = { "auto", "exact", "append", NULL };

static const struct option_row listener_rows[] = {
	{ .key = "paths", .kind = OPTION_TEXTS, .offset = offsetof(struct http_listener_options, paths), .max = 64,
	  .help = "Paths that are served besides /.well-known/cmp and the path of the URL. With none, / and /pkix/ are served as well.",
	  .check = check_path, .example = "[/pkix/, /ejbca/publicweb/cmp/plant]" },
	{ .key = NULL }
};

#define UP(field) offsetof(struct http_upstream_options, field)

static const struct option_row upstream_rows[] = {
	{ .key = "connection", .kind = OPTION_CHOICE, .offset = UP(connection), .choices = sharings, .standard = "per-transaction",
	  .help = "Whether the messages of one transaction keep to one connection, share all connections, or open one each. "
	  "Some CAs remember a transaction by its connection; per-transaction is safe with all." },
	{ .key = "connections", .kind = OPTION_INTEGER, .offset = UP(connections), .min = 1, .max = 256, .standard = "16",
	  .help = "Connections to this upstream at once; what finds none free waits its turn." },
	{ .key = "queue", .kind = OPTION_INTEGER, .offset = UP(queue), .min = 1, .max = 10000, .standard = "256",
	  .help = "Messages that may wait for a connection." },
	{ .key = "affinity_hold", .kind = OPTION_DURATION, .offset = UP(affinity_hold), .min = 0, .max = 600000, .standard = "5s",
	  .help = "How long a connection is kept for a transaction after its last answer; half a second when others wait." },
	{ .key = "connect_timeout", .kind = OPTION_DURATION, .offset = UP(connect_timeout), .min = 100, .max = 600000, .standard = "10s",
	  .help = "How long finding and reaching the host may take." },
	{ .key = "idle", .kind = OPTION_DURATION, .offset = UP(idle), .min = 0, .max = 3600000, .standard = "4s",
	  .help = "How long a connection without a transaction stays open for the next one. Keep it below the time after which the CA closes it." },
	{ .key = "labels", .kind = OPTION_CHOICE, .offset = UP(labels), .choices = label_choices, .standard = "auto",
	  .help = "Whether /p/<profile> and the operation are appended to the URL's path. exact uses the URL as it is written; "
	  "auto appends when the path ends in .well-known/cmp and the device sent a label." },
	{ .key = NULL }
};

const struct driver driver_http = {
	.name = "http", .schemes = schemes, .default_port = 80, .abilities = DRIVER_BINDS_STREAM | DRIVER_REFUSE_CONTENT | DRIVER_PATHS,
	.listener_rows = listener_rows, .listener_size = sizeof(struct http_listener_options), .listener_check = listener_check,
	.upstream_rows = upstream_rows, .upstream_size = sizeof(struct http_upstream_options),
	.listener_open = http_listener_open, .listener_url = http_listener_url, .listener_drain = http_listener_drain, .listener_busy = http_listener_busy,
	.listener_close = http_listener_close, .listener_respond = http_listener_respond,
	.upstream_open = http_upstream_open, .upstream_close = http_upstream_close,
	.upstream_submit = http_upstream_submit, .upstream_forget = http_upstream_forget,
	.fetch_begin = http_fetch_begin, .fetch_end = http_fetch_end,
	.about = http1_library,
};
