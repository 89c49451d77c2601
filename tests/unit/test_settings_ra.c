// SPDX-License-Identifier: GPL-3.0-or-later
// The keys of the registration authority: what they become, what is refused,
// and that no secret is ever shown.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/language.h"
#include "config/settings.h"
#include "config/value.h"
#include "tests/unit/settings_kit.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define TRUST "trust: {devices: /t/maker.pem, plant: [/t/plant.pem]}\n"
#define CRED "credentials: {ra: {cert: /c/ra.pem, key: /c/ra.key}}\n"
#define SECRETS "secrets: {bench: \"file:/s/bench.txt\"}\n"
#define CA "upstreams: {ca: {url: \"http://127.0.0.3/\", trust: plant, issued_trust: plant}}\n"
// Eight lines: a route begins in line 9.
// The CA signs under a set of its own.
#define RA_CA "upstreams: {ca: {url: \"http://127.0.0.3/\", trust: cas, issued_trust: plant}}\n"
#define RA_TRUST "trust: {devices: /t/maker.pem, plant: [/t/plant.pem], cas: {anchors: /t/plant.pem, eku: cmcCA}}\n"
#define RA V IN RA_CA RA_TRUST CRED SECRETS "answers: {ca_certs: /t/plant.pem}\nroutes:\n"
#define REPLACE "protection: replace, sign_with: ra, match: {body: enroll}"
// Uses everything, so that a route under test can leave it.
#define REST "  - {match: {body: rr}, trust: [devices, plant], secrets: bench, protection: replace, sign_with: ra}\n"

// ---- A good file.

static const char full[] =
	"version: 1\n"						// 1
	"workers: 4\n"
	"control: run/control.sock\n"
	"clock: trust-system\n"
	"log: {audit: {file: audit.jsonl, required: yes, full: stop-issuing, max_size: 1GiB}}\n"
	"limits: {clock_skew: none, mac_iterations: 5000, mac_refusal_delay: 0, per_identity: 2, failures: 3, failure_window: 1h, secret_failures: 9}\n"
	IN
	"upstreams:\n"
	"  ca: {url: \"http://127.0.0.3/\", trust: [plant, answers], issued_trust: plant}\n"
	"trust:\n"						// 10
	"  devices:\n"
	"    anchors: [maker.d, /t/maker.pem]\n"
	"    intermediates: sub.pem\n"
	"    revocation: {crls: [a.crl], points: [\"http://crl.example/\"], ocsp: \"HTTP://ocsp.example/x\", missing: warn, timeout: 100ms, max_size: 16MiB}\n"
	"    eku: cmcRA\n"
	"  plant: plant.pem\n"
	"  answers: {anchors: plant.pem, eku: cmcCA, revocation: {crls: b, ocsp: off}}\n"
	"credentials:\n"
	"  ra: {cert: ra.pem, key: ra.key, pass: \"file:ra.pass\"}\n"
	"  token: {cert: /c/t.pem, key: \"pkcs11:token=plant;object=ra\", pin: \"cred:ra-pin\", module: hsm.so}\n"	// 20
	"  unit: {cert: /c/t.pem, key: \"cred:ra.key\", pass: \"env:RA_PASS\"}\n"
	"secrets:\n"
	"  bench: file:bench.txt\n"
	"  cell: {file: /s/cell.txt, uses: many}\n"
	"answers:\n"
	"  ca_certs: [plant.pem]\n"
	"  root_update: {new_with_new: nn.pem, new_with_old: no.pem, old_with_new: on.pem}\n"
	"  template: {\"\": any.der, plc: /t/plc.der}\n"
	"  crls: plant.crl\n"
	"routes:\n"						// 30
	"  - name: plc\n"
	"    match:\n"
	"      body: [ir, p10cr]\n"
	"      sender: {signer: {issuer: \"CN=Maker*\", san: \"DNS:*\", trust: devices}}\n"
	"      template: {subject: \"CN=plc-*\", san: [\"DNS:plc-*\", \"IP:10.*\"], key: [p256, \"rsa>=3072\"], eku: [clientAuth, 1.2.3], validity: 90d}\n"
	"    trust: [devices, plant]\n"
	"    secrets: [bench, cell]\n"
	"    bind: serial\n"
	"    on_behalf: yes\n"
	"    accept_raverified: yes\n"				// 40
	"    approve: {hook: hooks/ask, timeout: 3s, allow: allow.csv}\n"
	"    protection: replace\n"
	"    popo: raverified\n"
	"    set: {subject: \"CN=a,O=b\", add: [\"OU=Cell A\"], san: [\"DNS:a\", \"IP:10.0.0.1\", \"URI:urn:x\", \"email:a@b\"], validity: 30d}\n"
	"    sign_with: token\n"
	"    reply_with: unit\n"
	"    accept: [sha1-mac, pvno1]\n"
	"    accept_ca_pubs: on\n"
	"    accept_subject_change: on\n"
	"  - {match: {sender: [\"kid:bench-*\", \"CN=x\", \"kid:00ff\"], body: renew}, trust: plant, protection: add, sign_with: ra, approve: auto}\n"	// 50
	"  - {match: {body: genm}, trust: plant, reply_with: ra, to: answers}\n"
	"  - {name: rest}\n";

static void
assert_path(const char *path, const char *wanted)
{
	assert_non_null(path);
	assert_string_equal(path, wanted[0] == '/' ? wanted : path_of(wanted));
}

static void
assert_source(const struct settings_source *s, enum source_kind kind, const char *value)
{
	assert_int_equal(s->kind, kind);
	assert_string_equal(s->value, value);
}

static void
check_keys(const struct settings *s)
{
	const struct settings_trust *t = settings_trust_named(s, "devices");

	assert_int_equal(s->trust_count, 3);
	assert_ptr_equal(t, &s->trusts[0]);
	assert_int_equal(t->anchors.count, 2);
	assert_path(t->anchors.items[0], "maker.d");
	assert_path(t->anchors.items[1], "/t/maker.pem");
	assert_path(t->intermediates.items[0], "sub.pem");
	assert_true(t->revocation);
	assert_path(t->revoked.crls.items[0], "a.crl");
	assert_string_equal(t->revoked.points.items[0], "http://crl.example/");
	assert_string_equal(t->revoked.ocsp.items[0], "HTTP://ocsp.example/x");
	assert_int_equal(t->revoked.missing, TRUST_MISSING_WARN);
	assert_int_equal(t->revoked.timeout, 100);
	assert_int_equal(t->revoked.max_size, 16777216);
	assert_int_equal(t->eku, TRUST_EKU_CMC_RA);
	t = settings_trust_named(s, "plant");
	assert_path(t->anchors.items[0], "plant.pem");
	assert_false(t->revocation);
	assert_int_equal(t->eku, TRUST_EKU_NONE);
	t = settings_trust_named(s, "answers");
	assert_int_equal(t->revoked.ocsp.count, 0);
	assert_int_equal(t->revoked.missing, TRUST_MISSING_REFUSE);
	assert_int_equal(t->revoked.timeout, 5000);
	assert_int_equal(t->revoked.max_size, 4194304);
	assert_int_equal(t->eku, TRUST_EKU_CMC_CA);
	assert_null(settings_trust_named(s, "nobody"));

	const struct settings_credential *c = settings_credential_named(s, "ra");
	assert_int_equal(s->credential_count, 3);
	assert_path(c->cert, "ra.pem");
	assert_source(&c->key, SOURCE_FILE, path_of("ra.key"));
	assert_source(&c->pass, SOURCE_FILE, path_of("ra.pass"));
	assert_null(c->module);
	c = settings_credential_named(s, "token");
	assert_source(&c->key, SOURCE_PKCS11, "pkcs11:token=plant;object=ra");
	assert_source(&c->pass, SOURCE_CRED, "ra-pin");
	assert_path(c->module, "hsm.so");
	c = settings_credential_named(s, "unit");
	assert_source(&c->key, SOURCE_CRED, "ra.key");
	assert_source(&c->pass, SOURCE_ENV, "RA_PASS");
	assert_null(settings_credential_named(s, "nobody"));

	assert_int_equal(s->secrets_count, 2);
	assert_path(settings_secrets_named(s, "bench")->file, "bench.txt");
	assert_int_equal(settings_secrets_named(s, "bench")->uses, SECRETS_SINGLE);
	assert_path(settings_secrets_named(s, "cell")->file, "/s/cell.txt");
	assert_int_equal(settings_secrets_named(s, "cell")->uses, SECRETS_MANY);
	assert_null(settings_secrets_named(s, "nobody"));

	assert_true(s->answers.given);
	assert_path(s->answers.ca_certs.items[0], "plant.pem");
	assert_path(s->answers.new_with_new, "nn.pem");
	assert_path(s->answers.new_with_old, "no.pem");
	assert_path(s->answers.old_with_new, "on.pem");
	assert_path(s->answers.crls.items[0], "plant.crl");
	assert_int_equal(s->answers.templates.count, 2);
	assert_int_equal(s->answers.templates.items[0][0], '=');
	assert_path(s->answers.templates.items[0] + 1, "any.der");
	assert_string_equal(s->answers.templates.items[1], "plc=/t/plc.der");
}

static void
check_route(const struct settings_route *r)
{
	assert_int_equal(r->protection, ROUTE_REPLACE);
	assert_int_equal(r->popo, ROUTE_POPO_RAVERIFIED);
	assert_int_equal(r->bind, BIND_SERIAL);
	assert_true(r->on_behalf);
	assert_true(r->accept_raverified);
	assert_true(r->accept_ca_pubs);
	assert_true(r->accept_subject_change);
	assert_int_equal(r->accept, ACCEPT_SHA1_MAC | ACCEPT_PVNO1);
	assert_int_equal(r->trust.count, 2);
	assert_string_equal(r->trust.items[1], "plant");
	assert_int_equal(r->secrets.count, 2);
	assert_string_equal(r->secrets.items[0], "bench");
	assert_string_equal(r->sign_with, "token");
	assert_string_equal(r->reply_with, "unit");
	assert_true(r->match_signer.given);
	assert_string_equal(r->match_signer.issuer, "CN=Maker*");
	assert_string_equal(r->match_signer.san, "DNS:*");
	assert_string_equal(r->match_signer.trust, "devices");
	assert_int_equal(r->match_sender.count + r->match_kid.count, 0);
	assert_true(r->match_template.given);
	assert_string_equal(r->match_template.subject.items[0], "CN=plc-*");
	assert_string_equal(r->match_template.san.items[1], "IP:10.*");
	assert_string_equal(r->match_template.key.items[1], "rsa>=3072");
	assert_string_equal(r->match_template.eku.items[1], "1.2.3");
	assert_int_equal(r->match_template.validity, INT64_C(90) * 86400000);
	assert_true(r->set.given);
	assert_string_equal(r->set.subject, "CN=a,O=b");
	assert_string_equal(r->set.add.items[0], "OU=Cell A");
	assert_int_equal(r->set.san.count, 4);
	assert_int_equal(r->set.validity, INT64_C(30) * 86400000);
	assert_path(r->approve.hook, "hooks/ask");
	assert_path(r->approve.allow, "allow.csv");
	assert_int_equal(r->approve.timeout, 3000);
}

static void
check_full(const struct settings *s)
{
	assert_int_equal(s->workers, 4);
	assert_path(s->control, "run/control.sock");
	assert_int_equal(s->clock, CLOCK_TRUST_SYSTEM);
	assert_path(s->audit.file, "audit.jsonl");
	assert_true(s->audit.required);
	assert_int_equal(s->audit.full, AUDIT_STOP_ISSUING);
	assert_int_equal(s->audit.keep, 1 << 30);
	assert_int_equal(s->limits.clock_skew, 0);
	assert_int_equal(s->limits.mac_iterations, 5000);
	assert_int_equal(s->limits.mac_refusal_delay, 0);
	assert_int_equal(s->limits.per_identity, 2);
	assert_int_equal(s->limits.failures, 3);
	assert_int_equal(s->limits.failure_window, 3600000);
	assert_int_equal(s->limits.secret_failures, 9);
	assert_int_equal(s->upstreams[0].trust.count, 2);
	assert_string_equal(s->upstreams[0].trust.items[1], "answers");
	assert_string_equal(s->upstreams[0].issued_trust.items[0], "plant");
	check_keys(s);
	assert_int_equal(s->route_count, 4);
	check_route(&s->routes[0]);

	const struct settings_route *r = &s->routes[1];
	assert_int_equal(r->protection, ROUTE_ADD);
	assert_int_equal(r->match_sender.count, 1);
	assert_string_equal(r->match_sender.items[0], "CN=x");
	assert_int_equal(r->match_kid.count, 2);
	assert_string_equal(r->match_kid.items[0], "bench-*");
	assert_string_equal(r->match_kid.items[1], "00ff");
	assert_null(r->approve.hook);
	assert_int_equal(s->routes[2].target, TARGET_ANSWERS);
	assert_string_equal(s->routes[2].reply_with, "ra");
}

static void
takes_all_fields(void **state)
{
	struct findings f;
	struct settings *s;

	(void)state;
	write_text("t.yaml", full);
	s = load_expect(full, "W0312 9:3, N0403 47:13", &f);
	check_full(s);
	settings_unref(s);
	findings_clear(&f);
}

static void
has_defaults(void **state)
{
	struct settings *s = load_good(V IN UP "routes: [{}]\n");
	const struct settings_route *r = &s->routes[0];

	(void)state;
	assert_int_equal(s->workers, -1);
	assert_null(s->control);
	assert_int_equal(s->clock, CLOCK_WAIT_FOR_SYNC);
	assert_null(s->audit.file);
	assert_false(s->audit.required);
	assert_int_equal(s->audit.full, AUDIT_DROP_OLDEST);
	assert_int_equal(s->audit.keep, 64 << 20);
	assert_int_equal(s->limits.clock_skew, 3600000);
	assert_int_equal(s->limits.mac_iterations, 100000);
	assert_int_equal(s->limits.mac_refusal_delay, 1000);
	assert_int_equal(s->limits.per_identity, 4);
	assert_int_equal(s->limits.failures, 5);
	assert_int_equal(s->limits.failure_window, 600000);
	assert_int_equal(s->limits.secret_failures, 5);
	assert_int_equal(s->trust_count + s->credential_count + s->secrets_count, 0);
	assert_false(s->answers.given);
	assert_int_equal(s->upstreams[0].trust.count + s->upstreams[0].issued_trust.count, 0);
	assert_int_equal(r->protection, ROUTE_KEEP);
	assert_int_equal(r->popo, ROUTE_POPO_KEEP);
	assert_int_equal(r->bind, BIND_SUBJECT);
	assert_false(r->on_behalf || r->accept_raverified || r->accept_ca_pubs || r->accept_subject_change);
	assert_false(r->match_signer.given || r->match_template.given || r->set.given);
	assert_int_equal(r->trust.count + r->secrets.count + r->accept, 0);
	assert_null(r->sign_with);
	assert_null(r->reply_with);
	assert_null(r->approve.hook);
	assert_null(r->approve.allow);
	assert_int_equal(r->approve.timeout, 10000);
	settings_unref(s);
}

static void
takes_short_forms(void **state)
{
	struct settings *s;

	(void)state;
	setenv("CG_FOLDER", "/run/keys", 1);
	s = load_good(V IN UP "answers: {template: t.der}\n"
		"trust: {a: [\"${CG_FOLDER}/a\", b]}\nsecrets: {a: \"${CG_NONE:-file:x}\", b: {file: \"file:/y\"}}\n"
		"credentials: {a: {cert: c, key: \"file:${CG_FOLDER}/k\", pin: \"${CG_NONE:-env:PIN}\"}}\nroutes: [{approve: }]\n");
	assert_int_equal(s->answers.templates.count, 1);
	assert_path(s->answers.templates.items[0] + 1, "t.der");
	assert_path(s->trusts[0].anchors.items[0], "/run/keys/a");
	assert_path(s->trusts[0].anchors.items[1], "b");
	assert_path(s->secrets[0].file, "x");
	assert_path(s->secrets[1].file, "/y");
	assert_source(&s->credentials[0].key, SOURCE_FILE, "/run/keys/k");
	assert_source(&s->credentials[0].pass, SOURCE_ENV, "PIN");
	settings_unref(s);
}

// ---- Sections.

static void
guards_trust(void **state)
{
	static const struct example examples[] = {
		{ V IN UP "trust: {a: []}\n", "E0106 4:12" },
		{ V IN UP "trust: {a: }\n", "E0101 4:12" },
		{ V IN UP "trust: {a: {eku: none}}\n", "E0102 4:12" },
		{ V IN UP "trust: {a: {anchors: [b, {c: d}]}}\n", "E0101 4:26" },
		{ V IN UP "trust: [a]\n", "E0101 4:8" },
		{ V IN UP "trust: {system: a, \"b c\": d}\n", "E0109 4:9, E0109 4:20" },
		{ V IN UP "trust: {a: {anchors: b, eku: cmcca}}\n", "E0107 4:30" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {}}}\n", "E0223 4:37" },
		{ V IN UP "trust: {a: {anchors: b, revocation: }}\n", "W0304 4:9" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {ocsp: off}}}\n", "E0223 4:37" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {ocsp: on}}}\n", "E0223 4:44" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {missing: never, crls: c}}}\n", "E0107 4:47" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {points: [\"https://c/\", \"http://\", \"http:///x\", \"http://c\"]}}}\n", "E0223 4:47, E0223 4:61, E0223 4:72" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {points: [\"http://c/../d\", \"http://c/x?y\", \"http://u@c/\", \"http://c:0\"]}}}\n",
			"E0223 4:47, E0223 4:64, E0223 4:80, E0223 4:95" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {crls: c, timeout: 60001ms, max_size: 1023}}}\n", "E0106 4:56, E0106 4:75" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {crls: c, timeout: 99ms, max_size: 16777217}}}\n", "E0106 4:56, E0106 4:72" },
		{ V IN UP "trust: {a: {anchors: b, revocation: {crl: c}}}\n", "E0103 4:38" },
		{ V IN UP "trust: {a: \"-----BEGIN CERTIFICATE-----\"}\n", "E0220 4:12" },
		{ V IN UP "trust: {a: b, a: c}\n", "E0014 4:15" },
		{ V IN UP "trust: {a: b, x-c: [d]}\n", "W0304 4:9" },
	};

	(void)state;
	ALL(examples);
	expect_words(V IN UP "trust: {a: {anchor: b}}\n", "E0102 4:12, E0103 4:13", "in trust set 'a'", "did you mean 'anchors'?");
	expect_words(V IN UP "trust: {a: {anchors: b, revocation: {}}}\n", "E0223 4:37", "names nothing that tells", "crls: [file or folder]");
}

static void
guards_credentials(void **state)
{
	static const struct example examples[] = {
		{ V IN UP "credentials: {a: b}\n", "E0101 4:18" },
		{ V IN UP "credentials: {a: {cert: b}}\n", "E0102 4:18" },
		{ V IN UP "credentials: {a: {key: b}}\n", "E0102 4:18" },
		{ V IN UP "credentials: {a: {cert: b, key: [c]}}\n", "E0101 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: }}\n", "E0101 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: \"\"}}\n", "E0101 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: \"env:KEY\"}}\n", "E0105 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: \"file:\"}}\n", "E0105 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: \"cred:a/b\"}}\n", "E0105 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: \"cred:..\"}}\n", "E0105 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"env:1A\"}}\n", "E0105 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"pkcs11:token=a\"}}\n", "E0105 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"file:d\", pin: \"file:d\"}}\n", "E0221 4:52" },
		{ V IN UP "credentials: {a: {cert: b, key: \"pkcs11:token=a\"}}\n", "E0221 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: \"pkcs11:token=a?module-path=/m.so\"}}\n", "W0304 4:15" },
		{ V IN UP "credentials: {a: {cert: b, key: c, module: m.so}}\n", "W0304 4:15, W0307 4:36" },
		{ V IN UP "credentials: {a: {cert: b, key: c, renew: {via: d}}}\n", "E0104 4:36" },
		{ V IN UP "credentials: {\"a/b\": {cert: b, key: c}}\n", "E0109 4:15" },
	};

	(void)state;
	ALL(examples);
	expect_words(V IN UP "credentials: {a: {cert: b, key: \"env:KEY\"}}\n", "E0105 4:33", "cannot be read from there",
		"write a path, file:/path, cred:NAME or pkcs11:URI");
}

static void
guards_secrets(void **state)
{
	static const struct example examples[] = {
		{ V IN UP "secrets: {a: }\n", "E0101 4:14" },
		{ V IN UP "secrets: {a: [b]}\n", "E0101 4:14" },
		{ V IN UP "secrets: {a: {uses: many}}\n", "E0102 4:14" },
		{ V IN UP "secrets: {a: {file: b, uses: twice}}\n", "E0107 4:30" },
		{ V IN UP "secrets: {a: {file: \"env:B\"}}\n", "E0105 4:21" },
		{ V IN UP "secrets: {a: \"env:B\"}\n", "E0105 4:14" },
		{ V IN UP "secrets: {a: \"file:\"}\n", "E0105 4:14" },
	};

	(void)state;
	ALL(examples);
}

static void
guards_answers(void **state)
{
	static const struct example examples[] = {
		{ V IN UP "answers: a\n", "E0101 4:10" },
		{ V IN UP "answers: {ca_certs: []}\n", "E0106 4:21" },
		{ V IN UP "answers: {root_update: {new_with_old: a}}\n", "E0102 4:24" },
		{ V IN UP "answers: {template: [a]}\n", "E0101 4:21" },
		{ V IN UP "answers: {template: {\"a b\": c, d: [e], x-f: g}}\n", "E0109 4:22, E0101 4:35" },
		{ V IN UP "answers: {template: {}}\n", "" },
	};
	char text[4096] = V IN UP "answers: {template: {";

	(void)state;
	ALL(examples);
	for (int i = 0; i < 64; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "p%d: a, ", i);
	strcat(text, "}}\n");
	expect(text, "");
	strcpy(text + strlen(text) - 3, "q: a}}\n");
	expect(text, "E0106 4:21");
}

// ---- Top-level values.

static void
guards_values(void **state)
{
	static const struct example examples[] = {
		{ V IN UP "workers: 0\n", "" },
		{ V IN UP "workers: 16\n", "" },
		{ V IN UP "workers: auto\n", "" },
		{ V IN UP "workers: 17\n", "E0106 4:10" },
		{ V IN UP "workers: -1\n", "E0106 4:10" },
		{ V IN UP "workers: many\n", "E0105 4:10" },
		{ V IN UP "workers: [1]\n", "E0101 4:10" },
		{ V IN UP "clock: floor\n", "" },
		{ V IN UP "clock: wait\n", "E0107 4:8" },
		{ V IN UP "control: [a]\n", "E0101 4:10" },
		{ V IN UP "limits: {clock_skew: none}\n", "" },
		{ V IN UP "limits: {clock_skew: 31d}\n", "E0106 4:22" },
		{ V IN UP "limits: {clock_skew: nothing}\n", "E0105 4:22" },
		{ V IN UP "log: {audit: {}}\n", "E0102 4:14" },
		{ V IN UP "log: {audit: /a}\n", "E0101 4:14" },
		{ V IN UP "log: {audit: {file: a, max_size: 1MiB}}\n", "" },
		{ V IN UP "log: {audit: {file: a, max_size: 16GiB}}\n", "" },
		{ V IN UP "log: {audit: {file: a, max_size: 1023KiB}}\n", "E0106 4:34" },
		{ V IN UP "log: {audit: {file: a, max_size: 17GiB}}\n", "E0106 4:34" },
		{ V IN UP "log: {audit: {file: a, full: panic, required: perhaps}}\n", "E0107 4:30, E0105 4:47" },
		{ V IN UP "routes: [{approve: {timeout: 99ms}}, {approve: {timeout: 300001ms}}]\n", "E0106 4:30, E0106 4:58" },
		{ V IN UP "routes: [{approve: {timeout: 100ms}, from: in}, {approve: {timeout: 5m}}]\n", "" },
		{ V IN UP "routes: [{match: {template: {validity: 59s}}}, {match: {template: {validity: 36526d}}}]\n", "E0106 4:40, E0106 4:78" },
		{ V IN UP "routes: [{match: {template: {validity: 1m}}}, {match: {template: {validity: 36525d}}}]\n", "" },
		{ V IN UP "routes: [{set: {validity: 59s}}, {set: {validity: 36526d}}]\n", "E0106 4:27, E0106 4:51" },
	};

	(void)state;
	ALL(examples);
	expect_words(V IN UP "workers: 17\n", "E0106 4:10", "must be from 0 to 16, or auto, not 17", NULL);
	expect_words(V IN UP "limits: {clock_skew: nothing}\n", "E0105 4:22", "wants a duration or none", NULL);
}

// ---- Routes.

static void
guards_routes(void **state)
{
	static const struct example examples[] = {
		// Names.
		{ RA "  - {trust: device, secrets: [bench, banch], protection: replace, sign_with: rra, reply_with: ra, match: {body: cr}}\n" REST, "E0211 9:13, E0213 9:38, E0212 9:78" },
		{ RA "  - {match: {sender: {signer: {trust: devicez}}}, trust: devices}\n" REST, "E0211 9:39" },
		{ V IN "upstreams: {ca: {url: \"http://127.0.0.3/\", trust: [plant, none], issued_trust: no}}\n" TRUST, "E0211 3:59, E0211 3:80" },
		{ V IN UP "routes: [{trust: a, secrets: b, sign_with: c}]\n", "E0211 4:18, E0213 4:30, N0404 4:30, E0212 4:44" },
		{ RA "  - {trust: [], secrets: []}\n" REST, "E0106 9:13, E0106 9:26" },
		{ RA "  - {trust: [a, b, c, d, e, f, g, h, i]}\n" REST, "E0106 9:13, E0211 9:14, E0211 9:17, E0211 9:20, E0211 9:23, E0211 9:26, E0211 9:29, E0211 9:32, E0211 9:35, E0211 9:38" },
		// Whoever vouches has verified, and has a voice.
		{ RA "  - {protection: replace, match: {body: ir}}\n" REST, "E0214 9:18, E0215 9:18" },
		{ RA "  - {protection: add}\n" REST, "E0214 9:18, E0215 9:18" },
		{ RA "  - {protection: add, sign_with: ra, match: {body: kur}, trust: devices}\n" REST, "" },
		{ RA "  - {protection: replace, sign_with: ra, match: {body: ir}, secrets: bench}\n" REST, "" },
		{ RA "  - {protection: strip}\n" REST, "E0107 9:18" },
		{ RA "  - {approve: {hook: /h}, match: {body: ir}}\n" REST, "E0215 9:15" },
		{ RA "  - {approve: {allow: /h}, match: {body: ir}, secrets: bench}\n" REST, "N0404 9:56" },
		{ RA "  - {approve: auto, match: {body: ir}}\n" REST, "" },
		{ RA "  - {approve: automatic, match: {body: ir}}\n" REST, "E0107 9:15" },
		{ RA "  - {approve: [], match: {body: ir}}\n" REST, "E0101 9:15" },
		// Local answers.
		{ RA "  - {to: answers, match: {body: genm}}\n" REST, "E0215 9:10, E0218 9:10" },
		{ RA "  - {to: answers, match: {body: genm}, trust: devices}\n" REST, "E0218 9:10" },
		{ RA "  - {to: answers, match: {body: genm}, secrets: bench}\n" REST, "" },
		{ RA "  - {to: answers, match: {body: genm}, trust: devices, sign_with: ra}\n" REST, "" },
		{ RA "  - {to: answers, match: {body: genm}, trust: devices, secrets: bench}\n" REST, "W0307 9:47" },
		{ RA "  - {to: answers, match: {body: [genm, ir]}, secrets: bench}\n" REST, "W0308 9:10" },
		{ RA "  - {to: answers, from: in, match: {path: /a}, secrets: bench}\n" REST, "W0308 9:10" },
		{ V IN UP SECRETS "routes: [{to: answers, match: {body: genm}, secrets: bench}, {}]\n", "E0218 5:15" },
		{ V IN UP SECRETS "answers: {}\nroutes: [{to: answers, match: {body: genm}, secrets: bench}, {}]\n", "E0218 6:15" },
		{ RA "  - {to: answer, match: {body: genm}, secrets: bench}\n" REST, "E0201 9:10, N0404 9:48" },
		// What goes together.
		{ RA "  - {popo: raverified, match: {body: ir}}\n" REST, "E0216 9:12" },
		{ RA "  - {popo: raverified, protection: add, sign_with: ra, trust: devices, match: {body: ir}}\n" REST, "E0216 9:12" },
		{ RA "  - {popo: raverified, protection: rplace, match: {body: ir}}\n" REST, "E0107 9:36" },
		{ RA "  - {popo: always, match: {body: ir}}\n" REST, "E0107 9:12" },
		{ RA "  - {set: {subject: CN=a}, match: {body: ir}}\n" REST, "E0217 9:11" },
		{ RA "  - {set: {subject: CN=a}, trust: devices, " REPLACE "}\n" REST, "E0217 9:11" },
		{ RA "  - {set: {subject: CN=a}, popo: raverified, trust: devices, " REPLACE "}\n" REST, "" },
		{ RA "  - {on_behalf: yes, accept_raverified: yes, bind: serial, secrets: bench, " REPLACE "}\n" REST, "E0222 9:17, E0222 9:41, E0222 9:52" },
		{ RA "  - {on_behalf: yes, accept_raverified: yes, bind: serial, trust: devices, " REPLACE "}\n" REST, "" },
		{ RA "  - {bind: none, match: {body: ir}}\n" REST, "" },
		{ RA "  - {bind: name, match: {body: ir}}\n" REST, "E0107 9:12" },
		{ RA "  - {match: {body: ir, sender: {signer: {trust: plant}}}, trust: devices}\n" REST, "E0222 9:49" },
		{ RA "  - {match: {body: ir, sender: {signer: {trust: plant}}}}\n" REST, "E0222 9:49" },
		{ RA "  - {match: {body: ir, sender: {signer: {issuer: CN=a}}}}\n" REST, "" },
		{ RA "  - {match: {body: ir, sender: {issuer: CN=a}}}\n" REST, "E0103 9:33" },
		{ RA "  - {match: {body: ir, sender: {signer: CN=a}}}\n" REST, "E0101 9:41" },
		// What changes nothing, and what should be known.
		{ RA "  - {to: reject, protection: add, match: {body: ir}}\n" REST, "W0307 9:30" },
		{ RA "  - {to: answers, protection: replace, secrets: bench, match: {body: genm}}\n" REST, "W0307 9:31" },
		{ RA "  - {sign_with: ra, match: {body: ir}}\n" REST, "W0307 9:17" },
		{ RA "  - {reply_with: ra, match: {body: ir}}\n" REST, "W0307 9:18" },
		{ RA "  - {reply_with: ra, match: {body: ir}, to: reject, trust: devices}\n" REST, "" },
		{ RA "  - {secrets: bench, match: {body: ir}}\n" REST, "N0404 9:15" },
		{ RA "  - {secrets: bench, match: {body: ir}, protection: add, sign_with: ra}\n" REST, "N0404 9:15" },
		{ RA "  - {protection: replace, sign_with: ra, trust: devices, from: in, match: {path: /a}}\n" REST, "W0306 9:18" },
		{ RA "  - {protection: replace, sign_with: ra, trust: devices, match: {body: [ir, renew]}}\n" REST, "W0306 9:18" },
		{ RA "  - {accept: [pvno1, missing-sender-kid, pbmac1-bits, reg-info, poposk-input, sha1-mac], match: {body: ir}}\n" REST, "N0403 9:14" },
		{ RA "  - {accept: [pvno0], match: {body: ir}}\n" REST, "E0107 9:15" },
		// Texts with a form of their own.
		{ RA "  - {match: {body: ir, template: {key: [p257, \"rsa>=1024\"], eku: [clientauth, id-kp-cmcRA, 1.2, 1, 1.02, x], san: [plc, \"DNS:a\", \"*\"]}}}\n" REST, "E0107 9:41, E0107 9:47, E0107 9:67, E0107 9:97, E0107 9:100, E0107 9:106, E0105 9:116" },
		{ RA "  - {match: {body: ir, template: {}}}\n" REST, "" },
		{ RA "  - {match: {body: ir, template: a}}\n" REST, "E0101 9:34" },
		{ RA "  - {popo: raverified, trust: devices, set: {subject: a, add: [OU, \"OU=b\"], san: [a, \"IP:a\", \"DNS:\"]}, " REPLACE "}\n" REST, "E0217 9:55, E0217 9:64, E0217 9:83, E0217 9:86, E0217 9:94" },
		// Order.
		{ RA "  - {match: {template: {key: p256}}}\n  - {match: {sender: {signer: {san: a}}}}\n  - {match: {sender: \"kid:a\"}}\n" REST, "" },
	};

	(void)state;
	ALL(examples);
}

static void
says_how_to_mend(void **state)
{
	(void)state;
	expect_words(RA "  - {protection: replace, match: {body: ir}}\n" REST, "E0214 9:18, E0215 9:18",
		"'protection: replace' in route 'route-1' needs trust or secrets", "write trust: NAME for devices that sign, or secrets: NAME");
	expect_words(RA "  - {protection: replace, match: {body: ir}}\n" REST, "E0214 9:18, E0215 9:18", "needs sign_with", "sign_with: NAME");
	expect_words(RA "  - {trust: device}\n" REST, "E0211 9:13", "trust set 'device' is not defined", "did you mean 'devices' (line 4)?");
	expect_words(RA "  - {secrets: bnech}\n" REST, "E0213 9:15, N0404 9:15", "table of secrets 'bnech' is not defined", "did you mean 'bench' (line 6)?");
	expect_words(RA "  - {sign_with: raa}\n" REST, "E0212 9:17, W0307 9:17", "credential 'raa' is not defined", "did you mean 'ra' (line 5)?");
	expect_words(V IN UP "routes: [{trust: a}]\n", "E0211 4:18", NULL, "none is defined");
}

// ---- Upstreams and plain links.

static void
guards_upstreams(void **state)
{
	static const struct example examples[] = {
		{ V IN UP TRUST CRED "routes: [{trust: [devices, plant], " REPLACE "}]\n", "E0219 3:13, W0305 3:13" },
		{ V IN "upstreams: {ca: {url: \"http://127.0.0.3/\", trust: plant}}\n" TRUST CRED "routes: [{trust: devices, " REPLACE "}]\n", "W0305 3:13" },
		{ V IN "upstreams: {ca: {url: \"http://127.0.0.3/\", issued_trust: plant}}\n" TRUST CRED "routes: [{trust: devices, " REPLACE "}]\n", "E0219 3:13" },
		{ V IN "upstreams: {ca: {url: \"http://127.0.0.3/\", trust: []}}\n", "E0106 3:51" },
		{ V IN UP TRUST CRED "routes: [{trust: [devices, plant], protection: add, sign_with: ra}]\n", "" },
		// Who may sign as a device might sign as the CA.
		{ V IN CA TRUST CRED "routes: [{trust: devices, " REPLACE "}, {trust: plant}]\n", "W0312 3:13" },
		{ V IN RA_CA RA_TRUST CRED "routes: [{trust: devices, " REPLACE "}, {trust: plant}]\n", "" },
		{ V IN CA TRUST CRED "routes: [{trust: devices, " REPLACE "}]\n", "" },
		{ V IN "upstreams: {a: \"http://10.0.0.1\"}\nroutes: [{accept_ca_pubs: yes}]\n", "E0208 4:10" },
		{ V IN "upstreams: {a: \"http://10.0.0.1\"}\nroutes: [{accept_ca_pubs: no}]\n", "" },
		{ V IN "upstreams: {a: \"http://127.0.0.3\"}\nroutes: [{accept_ca_pubs: yes}]\n", "" },
		{ V IN "upstreams: {a: {url: \"http://10.0.0.1\", insecure_upstream: yes-i-know}}\nroutes: [{accept_ca_pubs: yes}]\n", "N0402 4:10" },
		{ V IN "upstreams: {a: \"http://10.0.0.1\"}\nroutes: [{accept_ca_pubs: yes, accept: unprotected-error}]\n", "E0208 4:10, E0208 4:10, N0403 4:40" },
	};

	(void)state;
	ALL(examples);
	expect_words(V IN UP TRUST CRED "routes: [{name: plc, trust: [devices, plant], " REPLACE "}]\n", "E0219 3:13, W0305 3:13",
		"route 'plc' replaces the protection, and the answers of 'ca' cannot be verified", "write trust: NAME for upstream 'ca'");
}

static void
warns_of_the_unused(void **state)
{
	(void)state;
	expect(V IN UP TRUST CRED SECRETS, "W0304 4:9, W0304 4:32, W0304 5:15, W0304 6:11");
	expect_words(V IN UP SECRETS, "W0304 4:11", "nothing names the table of secrets 'bench'", NULL);
}

static void
merges_files(void **state)
{
	(void)state;
	write_text("k.yaml", "trust: {plant: p.pem}\nsecrets: {a: \"file:a\"}\ncredentials: {ra: {cert: a, key: b}}\nanswers: {crls: c}\n");
	expect(V "include: k.yaml\n" IN UP "trust: {devices: d.pem}\nroutes: [{trust: [devices, plant], secrets: a, protection: add, sign_with: ra}]\n", "N0404 6:45");
	expect(V "include: k.yaml\n" IN UP "trust: {plant: d.pem}\nsecrets: {a: \"file:a\"}\nanswers: {crls: d, ca_certs: e}\n",
		"E0016 k.yaml:1:9, E0016 k.yaml:2:11, E0016 k.yaml:4:11");
	expect_words(V "include: k.yaml\n" IN UP "routes: [{trust: plan}]\n", "E0211 5:18", NULL, "k.yaml:1");
}

// ---- Secrets are never shown.

#define PEM "-----BEGIN PRIVATE KEY-----\\nGeHeIm\\n-----END PRIVATE KEY-----\\n"

// The findings are these, and nothing of the secret "GeHeIm" is in any text made of them.
static void
expect_silence(const char *text, const char *expected)
{
	char out[4096] = "", *json;
	struct findings f;

	write_text("t.yaml", text);
	settings_unref(load_expect(text, expected, &f));
	findings_print(&f, append_text, out, false);
	json = findings_json(&f);
	if (strstr(out, "GeHeIm") != NULL || strstr(json, "GeHeIm") != NULL)
		fail_msg("the secret is shown:\n%s%s", out, json);
	mem_free(json);
	findings_clear(&f);
}

static void
hides_secrets(void **state)
{
	static const struct example examples[] = {
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: GeHeIm}}\n", "E0220 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"pass:GeHeIm\"}}\n", "E0220 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pin: GeHeIm, kye: d}}\n", "E0220 4:41, E0103 4:49" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: [GeHeIm]}}\n", "E0101 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: {d: GeHeIm}}}\n", "E0101 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"GeHeIm${\"}}\n", "E0220 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"${GeHeIm\"}}\n", "E0017 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"${1GeHeIm}\"}}\n", "E0017 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"${A:-$GeHeIm}\"}}\n", "E0017 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: \"${CG_SECRET}\"}}\n", "E0220 4:42" },
		{ V IN UP "credentials: {a: {cert: b, key: \"" PEM "\"}}\n", "E0220 4:33" },
		{ V IN UP "credentials:\n  a:\n    cert: b\n    key: |\n      -----BEGIN PRIVATE KEY-----\n      GeHeIm\n      -----END PRIVATE KEY-----\n", "E0220 7:10" },
		{ V IN UP "credentials: {a: {cert: \"" PEM "\", key: c}}\n", "E0220 4:25" },
		{ V IN UP "trust: {a: \"" PEM "\"}\n", "E0220 4:12" },
		{ V IN UP "site: \"" PEM "\"\n", "E0220 4:7" },
		{ V IN UP "credentials: {a: {cert: b, key: \"pkcs11:object=a?pin-value=GeHeIm\", module: m}}\n", "E0220 4:33" },
		{ V IN UP "credentials: {a: {cert: b, key: \"pkcs11:object=a;PIN-VALUE=GeHeIm\"}}\n", "E0220 4:33" },
		{ V IN UP "secrets: {a: GeHeIm}\n", "E0220 4:14" },
		{ V IN UP "secrets: {a: \"${CG_SECRET}\"}\n", "E0220 4:14" },
		{ V IN UP "secrets: {a: [GeHeIm]}\n", "E0101 4:14" },
		// Not a key of this language, but what stands there is clear.
		{ V IN UP "credentials: {a: {cert: b, key: c, password: GeHeIm}}\n", "E0103 4:36" },
		{ V IN UP "listeners2: {a: {secret: GeHeIm}}\n", "E0103 4:1" },
		{ V IN UP "credentials: {a: {cert: b, key: c, pass: GeHeIm, pass: d}}\n", "E0220 4:42, E0014 4:50" },
		{ V IN UP "credentials: {a: {pass: GeHeIm, cert: *b}}\n", "E0102 4:18, E0220 4:25, E0011 4:39" },
		{ V IN UP "credentials: {a: {pass: GeHeIm, cert: b: c}}\n", "E0007 4:40" },
	};
	char text[2048];

	(void)state;
	setenv("CG_SECRET", "GeHeIm", 1);
	ALL(examples);
	for (size_t i = 0; i < COUNT(examples); i++)
		expect_silence(examples[i].text, examples[i].expected);
	expect_words(examples[0].text, examples[0].expected, "'pass' holds a secret itself", "write file:/path, env:NAME or cred:NAME");
	// Too long for a name, and so shown to nobody either.
	snprintf(text, sizeof(text), V IN UP "credentials: {a: {cert: b, key: c, pass: \"file:%01030d\"}}\n", 0);
	expect(text, "E0105 4:42");
	snprintf(text, sizeof(text), V IN UP "credentials: {a: {cert: b, key: c, pass: \"file:%01019d\"}}\n", 0);
	expect(text, "W0304 4:15");
}

// ---- Two configurations, and texts made of one.

static void
tells_restarts(void **state)
{
	static const struct { const char *text, *says; } changes[] = {
		{ V IN UP "clock: floor\nlog: {audit: {file: a}}\nsecrets: {a: \"file:a\"}\n", NULL },
		{ V IN UP "workers: 1\n", "'workers'" },
		{ V IN UP "workers: auto\n", NULL },
		{ V IN UP "control: /other\n", "'control'" },
		{ V IN UP "credentials: {a: {cert: b, key: c}}\n", NULL },
		{ V IN UP "credentials: {t: {cert: x, key: \"pkcs11:y\", module: /m}, a: {cert: a, key: \"pkcs11:b\", module: /n}}\n", NULL },
		{ V IN UP "credentials: {t: {cert: c, key: \"pkcs11:d\", module: /n}}\n", "'credentials.t.module'" },
		{ V IN UP "credentials: {t: {cert: c, key: d}}\n", "'credentials.t.module'" },
	};
	struct settings *a = load_good(V IN UP "credentials: {t: {cert: c, key: \"pkcs11:d\", module: /m}}\n");

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct settings *b = load_good(changes[i].text);
		struct fault f = { 0 };

		assert_int_equal(settings_needs_restart(a, b, &f), changes[i].says != NULL);
		if (changes[i].says != NULL)
			assert_non_null(strstr(f.text, changes[i].says));
		settings_unref(b);
	}
	settings_unref(a);
}

static void
shows_what_it_loaded(void **state)
{
	static const char *const texts[] = {
		full, RA REST, V IN UP, V IN UP "routes: [{approve: {timeout: 5s}}]\n",
		V IN UP "answers: {template: {\"\": \"/a$$b\"}}\ntrust: {a: {anchors: \"/a b: c\"}}\ncredentials: {a: {cert: b, key: \"pkcs11:object=$${x}?module-path=/m\"}}\n"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct settings *a = load_good(texts[i]), *b;
		char *first = settings_show(a, false), *json = settings_show(a, true), *second;
		cJSON *parsed = cJSON_Parse(json);

		assert_non_null(parsed);
		b = load_good(first);
		second = settings_show(b, false);
		assert_string_equal(first, second);
		assert_false(settings_needs_restart(a, b, NULL));
		if (i == 0)
			check_full(b);
		cJSON_Delete(parsed);
		mem_free(first);
		mem_free(json);
		mem_free(second);
		settings_unref(a);
		settings_unref(b);
	}
}

static void
shows_values(void **state)
{
	static const char *const lines[] = {
		"\nworkers: 4\n", "\n  clock_skew: none\n", "\n    approve: auto\n", "\n    key: \"pkcs11:token=plant;object=ra\"\n",
		"\n    pass: \"cred:ra-pin\"\n", "\n      sender: [\"CN=x\", \"kid:bench-*\", \"kid:00ff\"]\n", "\n    \"\": /", "\n      sender:\n        signer:\n",
		"\n    accept: [pvno1, sha1-mac]\n", "\n    to: answers\n", "\n  plant:\n    anchors: [/",
	};
	struct settings *s = load_good(full);
	char *yaml = settings_show(s, false);

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(yaml, lines[i]) == NULL)
			fail_msg("'%s' is not in\n%s", lines[i], yaml);
	mem_free(yaml);
	settings_unref(s);
	s = load_good(V IN UP);
	yaml = settings_show(s, false);
	assert_non_null(strstr(yaml, "\nworkers: auto\n"));
	assert_null(strstr(yaml, "audit"));
	assert_null(strstr(yaml, "\nanswers"));
	assert_null(strstr(yaml, "trust"));
	assert_null(strstr(yaml, "validity"));
	mem_free(yaml);
	settings_unref(s);
}

static const cJSON *
property(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItem(cJSON_GetObjectItem(object, "properties"), name);
}

static void
makes_schema(void **state)
{
	char *text = settings_schema(schemes);
	cJSON *parsed = cJSON_Parse(text);
	const cJSON *forms, *route;

	(void)state;
	assert_non_null(parsed);
	forms = cJSON_GetObjectItem(cJSON_GetObjectItem(property(parsed, "trust"), "additionalProperties"), "anyOf");
	assert_int_equal(cJSON_GetArraySize(forms), 2);
	assert_non_null(property(cJSON_GetArrayItem(forms, 1), "anchors"));
	forms = cJSON_GetObjectItem(cJSON_GetObjectItem(property(parsed, "credentials"), "additionalProperties"), "anyOf");
	assert_int_equal(cJSON_GetArraySize(forms), 1);
	assert_string_equal(cJSON_GetObjectItem(property(cJSON_GetArrayItem(forms, 0), "pass"), "pattern")->valuestring, "^file:|^env:|^cred:|\\$\\{");
	assert_string_equal(cJSON_GetObjectItem(property(parsed, "workers"), "default")->valuestring, "auto");
	assert_string_equal(cJSON_GetObjectItem(property(parsed, "workers"), "pattern")->valuestring, "^auto$|^-?(0|[1-9][0-9]*)$|\\$\\{");
	route = cJSON_GetObjectItem(property(parsed, "routes"), "items");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(property(route, "approve"), "anyOf")), 2);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(property(property(route, "match"), "sender"), "anyOf")), 3);
	cJSON_Delete(parsed);
	mem_free(text);
}

static void
makes_manual(void **state)
{
	static const char *const lines[] = {
		"\n.B routes[].match.sender.signer.issuer\n", "\n(number from 0 to 16, or auto; default auto; a change needs a restart)\n",
		"\n(map, or auto)\n", "\n(source of a secret: file, env, cred)\n", "\n.B log.audit.max_size\n", "routes[].batch", "log.audit.syslog", "credentials.NAME.renew",
	};
	char *text = settings_manual(schemes);

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(text, lines[i]) == NULL)
			fail_msg("'%s' is not there", lines[i]);
	mem_free(text);
}

// ---- Forms of names.

static void
judges_names(void **state)
{
	static const struct { const char *text; bool well; } names[] = {
		{ "CN=a", true }, { "CN=a,O=b+OU=c", true }, { "1.2.3=a", true }, { "CN=a\\,b", true }, { "CN=\\20a\\ ", true }, { "serialNumber=1", true },
		{ "CN=#", false }, { "CN= a", false }, { "CN=a ", false }, { "CN=", false }, { "", false }, { "a", false }, { "cn=a", false }, { "CN=a,", false },
		{ "CN=a\\", false }, { "CN=a\\x", false }, { "CN=a\\4", false }, { "CN=a;b", false }, { "CN=\"a\"", false }, { "1=a", false }, { "3.1=a", false },
		{ "1.=a", false }, { "1..2=a", false }, { "CN=a,=b", false }, { "CN=a\\41", true }, { "X=a", false },
	}, alternatives[] = {
		{ "DNS:a.b", true }, { "DNS:*.b", true }, { "IP:10.0.0.1", true }, { "IP:::1", true }, { "URI:urn:x", true }, { "email:a@b", true },
		{ "DNS:", false }, { "DNS:.a", false }, { "DNS:a b", false }, { "IP:10", false }, { "IP:10.0.0.0/8", false }, { "URI:x", false }, { "URI::x", false },
		{ "URI:a:b c", false }, { "email:a", false }, { "email:@a", false }, { "email:a@", false }, { "dns:a", false }, { "a", false }, { "", false },
	}, purposes[] = {
		{ "clientAuth", true }, { "id-kp-cmcRA", true }, { "1.3.6.1.5.5.7.3.2", true }, { "2.999", true },
		{ "clientauth", false }, { "id-kp-", false }, { "id-kp-1.2", false }, { "1", false }, { "1.", false }, { ".1", false }, { "1.a", false }, { "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (value_distinguished_name(names[i].text) != names[i].well)
			fail_msg("%s", names[i].text);
	for (size_t i = 0; i < COUNT(alternatives); i++)
		if (value_san(alternatives[i].text) != alternatives[i].well)
			fail_msg("%s", alternatives[i].text);
	for (size_t i = 0; i < COUNT(purposes); i++)
		if (value_purpose(purposes[i].text) != purposes[i].well)
			fail_msg("%s", purposes[i].text);
}

// ---- Memory that runs out.

static void
survives_without_memory(void **state)
{
	static const char *const texts[] = { full, V IN UP "credentials: {a: {cert: b, key: c, pass: GeHeIm}}\nroutes: [{trust: x, popo: raverified, protection: add}]\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		uint64_t before, needed;
		struct findings f;
		struct settings *s;

		write_text("t.yaml", texts[i]);
		before = mem_count();
		s = settings_load(file, schemes, &f);
		needed = mem_count() - before;
		settings_unref(s);
		findings_clear(&f);
		for (uint64_t n = 1; n <= needed; n++) {
			char out[4096] = "";

			mem_fail(n, n % 2 == 0);
			s = settings_load(file, schemes, &f);
			mem_fail(0, 0);
			assert_null(s);
			assert_true(f.exhausted || f.errors > 0);
			findings_print(&f, append_text, out, false);
			assert_null(strstr(out, "GeHeIm"));
			findings_clear(&f);
		}
	}
}

static void
shows_nothing_without_memory(void **state)
{
	struct settings *s = load_good(full);

	(void)state;
	for (uint64_t n = 1; n <= 12; n++) {
		mem_fail(n, 1);
		mem_free(settings_show(s, n % 2 == 0));
		mem_fail(0, 0);
	}
	settings_unref(s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_all_fields),
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(takes_short_forms),
		cmocka_unit_test(guards_trust),
		cmocka_unit_test(guards_credentials),
		cmocka_unit_test(guards_secrets),
		cmocka_unit_test(guards_answers),
		cmocka_unit_test(guards_values),
		cmocka_unit_test(guards_routes),
		cmocka_unit_test(says_how_to_mend),
		cmocka_unit_test(guards_upstreams),
		cmocka_unit_test(warns_of_the_unused),
		cmocka_unit_test(merges_files),
		cmocka_unit_test(hides_secrets),
		cmocka_unit_test(tells_restarts),
		cmocka_unit_test(shows_what_it_loaded),
		cmocka_unit_test(shows_values),
		cmocka_unit_test(makes_schema),
		cmocka_unit_test(makes_manual),
		cmocka_unit_test(judges_names),
		cmocka_unit_test(survives_without_memory),
		cmocka_unit_test(shows_nothing_without_memory),
	};

	return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
