// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/trial.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "gateway/approve.h"
#include "gateway/protection.h"
#include "gateway/transaction.h"

struct telling { trial_tell *tell; void *context; };

static void __attribute__((format(printf, 3, 4)))
passed(const struct telling *t, const char *check, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	t->tell(t->context, &(struct trial_check){ check, true, FAIL_NONE, text });
}

static bool
refused(const struct telling *t, const char *check, const struct fault *f)
{
	char text[sizeof(f->path) + sizeof(f->text)];

	t->tell(t->context, &(struct trial_check){ check, false, f->failure, fault_text(f, text, sizeof(text)) });
	return false;
}

// ---- protection and proof of possession

static void
tell_identity(const struct telling *t, const struct identity *who, const struct secret_entry *secret, const char *what)
{
	char expires[40];

	if (who->kind == IDENTITY_SIGNER)
		passed(t, "protection", "%s is signed by %s, whose certificate has a path in trust %s", what, who->text, who->trust);
	else if (secret->expires != 0)
		passed(t, "protection", "the MAC is right: secret %s of table %s, %s, good until %s", who->text, secret->table,
			secret->single ? "for one transaction" : "for any number", calendar_text(secret->expires * 1000, expires, sizeof(expires)));
	else
		passed(t, "protection", "the MAC is right: secret %s of table %s, %s", who->text, secret->table, secret->single ? "for one transaction" : "for any number");
}

static bool
try_protection(const struct trial *trial, const struct telling *t, struct protection_job *job, const struct secret_entry **secret, struct identity who[2])
{
	const struct protection_setup setup = {
		.settings = trial->settings, .route = trial->route, .keys = trial->keys, .message = trial->message, .time = { .at = trial->now },
	};

	if (!protection_prepare(job, &setup, secret))
		return refused(t, "protection", &job->verdict.fault);
	protection_run(job, NULL);
	if (!job->well && !job->pop_failed)
		return refused(t, "protection", &job->verdict.fault);
	for (size_t i = 0; i < job->part_count; i++) {
		protection_identity(job, i, *secret, &who[i]);
		tell_identity(t, &who[i], *secret, job->part_count > 1 && i == 0 ? "the envelope" : "the message");
	}
	// A secret serves until its time is over.
	if (*secret != NULL && (*secret)->expires != 0 && trial->now > (*secret)->expires) {
		protection_mac_refused(&job->verdict);
		return refused(t, "protection", &job->verdict.fault);
	}
	return job->well || refused(t, "proof of possession", &job->verdict.fault);
}

// ---- policy and approval

static bool
asks_for_certificate(enum request_class c)
{
	return c == CLASS_ENROL || c == CLASS_CSR || c == CLASS_RECOVER;
}

static bool
try_policy(const struct trial *trial, const struct telling *t, const struct policy_request *p)
{
	static const char *const proofs[] = {
		[POP_NONE_NEEDED] = "none is needed", [POP_VERIFIED] = "made with the key that is to be certified", [POP_RA_VERIFIED] = "verified by the sender, which is an RA",
	};
	struct verdict v = { .pvno = 0 };
	enum pop_state pop;

	if (!policy_pop(p, &pop, &v))
		return refused(t, "proof of possession", &v.fault);
	passed(t, "proof of possession", "%s", proofs[pop]);
	if (!policy_judge(p, &v))
		return refused(t, "policy", &v.fault);
	passed(t, "policy", "route %s allows it", trial->route->name);
	return true;
}

static bool
try_approval(const struct trial *trial, const struct telling *t, const struct policy_request *p)
{
	const struct settings_route *r = trial->route;
	struct fault f = { .set = false };
	char profile[CAP_FREE_TEXT + 1];

	requested_profile(p->message, trial->profile, profile);
	if (!asks_for_certificate(request_class(p->message->body)))
		return true;
	if (!approve_listed(trial->keys, r, p->identity, p->signer, p->message, profile, &f))
		return refused(t, "allow-list", &f);
	if (r->approve.allow != NULL)
		passed(t, "allow-list", "%s has it", r->approve.allow);
	if (r->approve.hook != NULL)
		passed(t, "hook", "not asked here; the running gateway asks %s", r->approve.hook);
	return true;
}

bool
trial_request(const struct trial *trial, trial_tell *tell, void *context)
{
	const struct telling t = { tell, context };
	const struct secret_entry *secret = NULL;
	struct identity who[2];
	struct protection_job job;

	if (!route_verifies(trial->route)) {
		passed(&t, "protection", "not looked at: the route has neither trust nor secrets, and the CA judges the message");
		return true;
	}
	bool well = try_protection(trial, &t, &job, &secret, who);
	// The messages of a batch are each a request of its own.
	if (well && !(trial->message->view.body == BODY_NESTED && trial->message->inner == NULL)) {
		size_t last = job.part_count - 1;
		const struct policy_request p = {
			.route = trial->route, .identity = &who[last], .envelope = last > 0 ? &who[0] : NULL, .signer = protection_signer(&job, last),
			.bound_name = secret != NULL ? secret->name : NULL, .message = message_meaning(trial->message),
			.path_profile = trial->profile, .now = trial->now, .now_known = false,
		};
		well = try_policy(trial, &t, &p) && try_approval(trial, &t, &p);
	}
	protection_clear(&job);
	return well;
}
