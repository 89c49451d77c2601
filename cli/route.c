// SPDX-License-Identifier: GPL-3.0-or-later
// Which route would take a request, and why the others would not.
#include "build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/keys.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/schemes.h"
#include "cli/tree.h"
#include "gateway/inspect.h"
#include "gateway/route.h"
#include "gateway/trial.h"
#include "gateway/transaction.h"
#include "transports/label.h"

enum { OUTPUT_MAX = 4 << 20 };

struct request {
	const char *config, *file, *from, *path, *profile, *source;
	enum body body;		// BODY_COUNT = not given
	bool json;
};

static void
print_help(FILE *out)
{
	fputs("usage: cmpgate route test [-c FILE] [--from LISTENER] [--path PATH] [--profile NAME] [--source ADDRESS]\n"
		"                          [--json] (--body KIND | MESSAGE | -)\n\n"
		"Say which route would take a request, and why the others would not; for a message in a file (DER) or on\n"
		"standard input, what each check says, too: form, protection, proof of possession, policy, allow-list. Nothing\n"
		"is sent; listener, hook and what only the running gateway knows (transactions, used secrets) are not asked.\n\n"
		"  cmpgate route test -c gate.yaml --from field --profile plc --body ir\n"
		"  cmpgate route test -c gate.yaml captured.pki\n\n"
		"  -c, --config FILE     the configuration (" CONFIG_FILE ")\n"
		"      --from LISTENER   the listener it came by; needed where there are several\n"
		"      --path PATH       the path it was sent to (/.well-known/cmp)\n"
		"      --profile NAME    the same as --path /.well-known/cmp/p/NAME; where a link has no paths, the header's\n"
		"      --source ADDRESS  the address of the device (127.0.0.1)\n"
		"      --body KIND       ir, cr, p10cr, kur, rr, genm, ...\n"
		"      --json            an object\n"
		"  -h, --help            this text\n\n"
		"Exit code 0: a route takes it and does not reject it; 1: it is refused; 3: the configuration has errors; 7: its keys\n"
		"cannot be loaded.\n", out);
}

static bool
complain(const char *what)
{
	fprintf(stderr, "cmpgate route test: %s\n", what);
	return false;
}

// False with the exit code when nothing is left to do.
static bool
read_options(struct request *r, int argc, char **argv, int *code)
{
	struct options given = { { false } };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "from", required_argument, NULL, 'f' }, { "path", required_argument, NULL, 'p' },
		{ "profile", required_argument, NULL, 'n' }, { "source", required_argument, NULL, 's' }, { "body", required_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int c;

	*code = EXIT_USAGE;
	while ((c = options_next(&given, argc, argv, "c:h", options)) != -1) {
		switch (c) {
		case 'c': r->config = optarg; break;
		case 'f': r->from = optarg; break;
		case 'p': r->path = optarg; break;
		case 'n': r->profile = optarg; break;
		case 's': r->source = optarg; break;
		case 'j': r->json = true; break;
		case 'b':
			if (!body_find(&r->body, optarg)) {
				fprintf(stderr, "cmpgate route test: --body %s: there is no such message; ir, cr, p10cr, kur, rr and genm are the usual ones\n", optarg);
				return false;
			}
			break;
		default:
			print_help(c == 'h' ? stdout : stderr);
			*code = c == 'h' ? EXIT_DONE : EXIT_USAGE;
			return false;
		}
	}
	return true;
}

static bool
read_arguments(struct request *r, int argc, char **argv, int *code)
{
	if (!read_options(r, argc, argv, code))
		return false;
	if (optind == argc || strcmp(argv[optind], "test") != 0)
		return complain("the only subcommand of route is test: cmpgate route test --help");
	optind++;
	r->file = optind < argc ? argv[optind++] : NULL;
	if (optind < argc)
		return complain("one message is tested, not several");
	if ((r->file == NULL) == (r->body == BODY_COUNT))
		return complain("say what comes: either --body KIND or a file with a message");
	struct in6_addr address;
	if (r->source != NULL && inet_pton(AF_INET, r->source, &address) != 1 && inet_pton(AF_INET6, r->source, &address) != 1)
		return complain("--source must be an IPv4 or IPv6 address, without a port");
	if (r->path != NULL && r->profile != NULL)
		return complain("--profile is a part of --path; choose one of them");
	struct fault f = { .set = false };
	return r->path == NULL || label_check_path(r->path, true, &f) || complain(f.text);
}

static const struct settings_listener *
find_listener(const struct settings *s, const char *name)
{
	if (s->listener_count == 0) {
		complain("the configuration has no listeners");
		return NULL;
	}
	if (name == NULL && s->listener_count == 1)
		return &s->listeners[0];
	for (size_t i = 0; name != NULL && i < s->listener_count; i++)
		if (strcmp(s->listeners[i].name, name) == 0)
			return &s->listeners[i];
	if (name == NULL)
		fputs("cmpgate route test: there are several listeners; say by which one it came: --from", stderr);
	else
		fprintf(stderr, "cmpgate route test: there is no listener '%s'; there are", name);
	for (size_t i = 0; i < s->listener_count; i++)
		fprintf(stderr, " %s", s->listeners[i].name);
	fputc('\n', stderr);
	return NULL;
}

static bool
has(const struct settings_listener *listener, unsigned ability)
{
	const struct driver *driver = driver_find(listener->url.scheme);

	return driver != NULL && (driver->abilities & ability) != 0;
}

static bool
set_profile(struct label *label, const char *name)
{
	return label_set_profile(label, span_of(name, strcspn(name, "/"))) ||
		complain("a profile's name in a path has letters, digits and -._~, 63 at most");
}

// The path, and its part behind p/, as the listeners read it.
static bool
fill_label(struct label *label, const struct request *r)
{
	static const char base[] = "/.well-known/cmp", profile[] = "/.well-known/cmp/p/";
	const char *path = r->path != NULL ? r->path : base;

	snprintf(label->path, sizeof(label->path), "%s%s", r->profile != NULL ? profile : path, r->profile != NULL ? r->profile : "");
	if (r->profile != NULL)
		return set_profile(label, r->profile);
	return strncmp(path, profile, sizeof(profile) - 1) != 0 || set_profile(label, path + sizeof(profile) - 1);
}

// Where a link has no paths, a profile can only stand in the header.
static bool
fill_header(struct pkiheader *h, uint8_t room[128], const struct request *r)
{
	size_t len = r->profile != NULL ? strlen(r->profile) : 0;

	if (r->path != NULL)
		return complain("messages on this listener have no path; leave --path out");
	if (r->profile != NULL && r->file != NULL)
		return complain("on this listener a profile stands in the message itself; leave --profile out");
	if (len > 125)
		return complain("the profile's name is too long");
	if (len == 0)
		return true;
	room[0] = DER_UTF8;
	room[1] = (uint8_t)len;
	memcpy(room + 2, r->profile, len);
	h->cert_profile = span_of(room, len + 2);
	return true;
}

static bool
fill_source(struct peer *peer, const struct request *r, const struct settings_listener *listener)
{
	if (r->source != NULL && has(listener, DRIVER_MAILBOX))
		return complain("messages on this listener come from no address; leave --source out");
	if (!has(listener, DRIVER_MAILBOX))
		snprintf(peer->source, sizeof(peer->source), "%s", r->source != NULL ? r->source : "127.0.0.1");
	return true;
}

static struct blob *
read_message(const char *file)
{
	struct buffer in;
	struct blob *blob = NULL;

	buffer_init(&in, INPUT_MAX);
	if (input_read(&in, "route test", file) && (blob = blob_new(buffer_span(&in))) == NULL)
		complain("out of memory");
	buffer_clear(&in);
	return blob;
}

// One line for people, one object for programs.
static void
tell(void *context, const struct settings_route *route, const char *why)
{
	struct tree *t = context;

	if (!t->json) {
		buffer_printf(&t->out, "route %-16s %s\n", route->name, why != NULL ? why : "takes it");
		return;
	}
	tree_open(t, NULL);
	tree_text(t, "route", route->name);
	tree_flag(t, "takes", why == NULL);
	if (why != NULL)
		tree_text(t, "why", why);
	tree_close(t);
}

static void
put_refusal(struct tree *t, enum failure failure, const char *text)
{
	if (!t->json) {
		buffer_printf(&t->out, "refused%s%s: %s\n", failure != FAIL_NONE ? " with " : "", failure != FAIL_NONE ? failure_name(failure) : "", text);
		return;
	}
	tree_text(t, "result", "refused");
	if (failure != FAIL_NONE)
		tree_text(t, "failInfo", failure_name(failure));
	tree_text(t, "text", text);
}

static void
put_upstream(struct tree *t, const struct settings_route *route, const struct settings_upstream *upstream)
{
	if (!t->json) {
		buffer_printf(&t->out, "forwarded to upstream %s, %s\n", upstream->name, upstream->url.text);
		return;
	}
	tree_text(t, "result", "forwarded");
	tree_text(t, "route", route->name);
	tree_text(t, "upstream", upstream->name);
}

static void
put_answers(struct tree *t, const struct settings_route *route)
{
	if (!t->json) {
		buffer_append_text(&t->out, "answered from what stands in answers\n");
		return;
	}
	tree_text(t, "result", "answered");
	tree_text(t, "route", route->name);
}

// A later message does not choose for itself.
static void
put_pinned(struct tree *t, enum body body)
{
	if (t->json) {
		tree_flag(t, "followsItsTransaction", true);
		return;
	}
	buffer_printf(&t->out, "%s follows the route on which its transaction began. Where the transaction is not known (any more),\n"
		"it is forwarded by the first route that fits:\n", body_name(body));
}

// One line for people, one object for programs.
static void
put_check(void *context, const struct trial_check *c)
{
	struct tree *t = context;

	if (!t->json) {
		buffer_printf(&t->out, "check %-20s %s: %s\n", c->name, c->well ? "well" : "refuses", c->text);
		return;
	}
	tree_open(t, NULL);
	tree_text(t, "check", c->name);
	tree_flag(t, "well", c->well);
	tree_text(t, "text", c->text);
	tree_close(t);
}

struct last_check { struct tree *tree; enum failure failure; char text[600]; };

static void
on_check(void *context, const struct trial_check *c)
{
	struct last_check *l = context;

	put_check(l->tree, c);
	l->failure = c->failure;
	snprintf(l->text, sizeof(l->text), "%s", c->text);
}

// What the route's checks say of a captured message.
static bool
put_checks(struct tree *t, const struct settings *s, const struct settings_route *route, const struct claims *c, bool *unable)
{
	struct last_check last = { .tree = t };
	struct fault f = { .set = false };
	struct keyring *keys = keys_load(s, NULL, NULL, &f);
	const struct trial trial = {
		.settings = s, .route = route, .keys = keys, .message = c->message, .profile = c->label->profile, .now = clock_wall_s(),
	};
	char text[sizeof(f.path) + sizeof(f.text)];

	if (keys == NULL) {
		fprintf(stderr, "cmpgate route test: the checks cannot be made: %s\n  `cmpgate check --files` says more\n", fault_text(&f, text, sizeof(text)));
		*unable = true;
		return true;
	}
	if (t->json)
		tree_open_list(t, "checks");
	bool well = trial_request(&trial, on_check, &last);
	if (t->json)
		tree_close(t);
	if (!well)
		put_refusal(t, last.failure, last.text);
	keyring_unref(keys);
	return well;
}

static bool
put_choice(struct tree *t, const struct settings *s, const struct claims *c, bool captured, bool *unable)
{
	enum body body = message_meaning(c->message)->body;
	enum request_class class = request_class(body);

	if (class == CLASS_CONFIRM || class == CLASS_POLL)
		put_pinned(t, body);
	if (t->json)
		tree_open_list(t, "routes");
	const struct settings_route *route = route_choose(s, c, tell, t);
	if (t->json)
		tree_close(t);
	if (route == NULL)
		put_refusal(t, FAIL_NOT_AUTHORIZED, "no route takes it");
	else if (route->target == TARGET_REJECT)
		put_refusal(t, route->reject_status, route->reject_text != NULL ? route->reject_text : "the route rejects what it takes");
	else if (captured && !put_checks(t, s, route, c, unable))
		return false;
	else if (route->target == TARGET_ANSWERS)
		put_answers(t, route);
	else
		put_upstream(t, route, &s->upstreams[route->upstream]);
	return route != NULL && route->target != TARGET_REJECT;
}

static int
print(struct tree *t, bool taken)
{
	bool written = !t->out.failed && fwrite(t->out.data, 1, t->out.len, stdout) == t->out.len && fflush(stdout) == 0;

	if (!written)
		fprintf(stderr, "cmpgate route test: cannot write: %s\n", t->out.failed ? "out of memory" : strerror(errno));
	return !written ? EXIT_LOCAL : taken ? EXIT_DONE : EXIT_REFUSED_BY_PEER;
}

static void
tell_nobody(void *context, const struct settings_route *route, const char *why)
{
	(void)context, (void)route, (void)why;
}

// What the route accepts, where that matters before its own checks.
static unsigned
tolerated(const struct settings *s, const struct claims *c)
{
	const struct settings_route *r = inspect_asks_route(c->message) ? route_choose(s, c, tell_nobody, NULL) : NULL;

	return r != NULL ? r->accept : 0;
}

// A drop folder takes it, but not as a message.
static bool
is_pkcs10(struct span octets)
{
	static const char begin[] = "-----BEGIN ", label[] = "CERTIFICATE REQUEST-----";
	size_t head = octets.len < 64 ? octets.len : 64;

	return octets.len > sizeof(begin) && memcmp(octets.data, begin, sizeof(begin) - 1) == 0 && memmem(octets.data, head, label, sizeof(label) - 1) != NULL;
}

// The checks in the order in which the gateway makes them. Without octets the
// claims hold all that is known of the message.
static bool
put_verdict(struct tree *t, const struct settings *s, struct claims *c, struct blob *octets, bool *unable)
{
	struct message *m = NULL;
	struct verdict verdict = { .fault = { .set = false } };
	struct pkiheader header;
	bool header_read, taken = false;

	if (octets != NULL && is_pkcs10(blob_span(octets))) {
		fault_set(&verdict.fault, FAIL_BAD_DATA_FORMAT, "", "a PKCS#10 request comes as a file in a drop folder only: --from LISTENER --body p10cr tells its route");
	} else if (octets != NULL) {
		m = message_parse(octets, &header, &header_read, &verdict.fault);
		if (m != NULL)
			c->message = m;
		if (m != NULL)
			inspect_request_on(m, tolerated(s, c), &verdict);
	} else if (request_class(c->message->view.body) == CLASS_NEVER) {
		fault_set(&verdict.fault, FAIL_BAD_REQUEST, "body", "%s is nothing a device may send", body_name(c->message->view.body));
	}
	char text[400];
	if (verdict.fault.set)
		put_refusal(t, verdict.fault.failure, fault_text(&verdict.fault, text, sizeof(text)));
	else
		taken = put_choice(t, s, c, octets != NULL, unable);
	message_unref(m);
	return taken;
}

static int
test(const struct request *r, const struct settings *s, struct blob *octets)
{
	const struct settings_listener *listener = find_listener(s, r->from);
	struct message made = { .view = { .body = r->body } };
	struct label label = { .path = "" };
	struct peer peer = { .text = "" };
	uint8_t profile[128];
	struct tree t;

	if (listener == NULL || !fill_source(&peer, r, listener) ||
	    !(has(listener, DRIVER_PATHS) ? fill_label(&label, r) : fill_header(&made.view.header, profile, r)))
		return EXIT_USAGE;
	struct claims c = { listener->name, &peer, &label, &made };
	tree_init(&t, r->json, false, OUTPUT_MAX);
	if (r->json)
		tree_open(&t, NULL);
	bool unable = false, taken = put_verdict(&t, s, &c, octets, &unable);
	tree_close(&t);
	int code = print(&t, taken);
	if (code == EXIT_DONE && unable)
		code = EXIT_LOCAL;
	tree_clear(&t);
	return code;
}

static int
run(int argc, char **argv)
{
	struct request r = { .config = CONFIG_FILE, .body = BODY_COUNT };
	struct findings findings;
	struct blob *octets = NULL;
	int code;

	if (!read_arguments(&r, argc, argv, &code))
		return code;
	struct settings *s = settings_load(r.config, schemes_of_build(), &findings);
	if (s == NULL) {
		report_findings(&findings, stderr);
		code = EXIT_CONFIG;
	} else if (r.file != NULL && (octets = read_message(r.file)) == NULL) {
		code = EXIT_LOCAL;
	} else {
		code = test(&r, s, octets);
	}
	if (octets != NULL)
		blob_unref(octets);
	findings_clear(&findings);
	settings_unref(s);
	return code;
}

const struct command command_route = { "route", run, "say which route would take a request" };
