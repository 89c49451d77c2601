// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/token.h"

#include <stdio.h>

#include "base/memory.h"
#include "crypto/crypto.h"

static bool
no_memory(struct fault *f)
{
	return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory");
}

// What a message lists of what is there; cut off where it gets long.
struct list { char text[128]; size_t len; };

static void
list_add(struct list *l, struct span name)
{
	const char *between = l->len > 0 ? ", " : "";

	if (l->len + name.len + 6 < sizeof(l->text))
		l->len += (size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s'%.*s'", between, (int)name.len, (const char *)name.data);
	else if (l->len + 6 < sizeof(l->text) && strstr(l->text, "...") == NULL)
		l->len += (size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s...", between);
}

static const char *
list_text(const struct list *l)
{
	return l->len > 0 ? l->text : "none";
}

// ---- the token

struct token *
token_new(const char *uri, const char *module, struct span pin, struct fault *f)
{
	struct token *t = mem_alloc(sizeof(*t));

	if (t == NULL || pthread_mutex_init(&t->lock, NULL) != 0) {
		mem_free(t);
		no_memory(f);
		return NULL;
	}
	t->pin_len = pin.len;
	if (pin.len > 0 && pin.len <= TOKEN_PIN_MAX)
		memcpy(t->pin, pin.data, pin.len);
	if (!token_uri_read(uri, &t->uri, f))
		goto failed;
	if (t->uri.module != NULL)
		module = t->uri.module;
	if (pin.len > TOKEN_PIN_MAX)
		fault_set(f, FAIL_NONE, "", "a PIN has up to %d octets", TOKEN_PIN_MAX);
	else if (module == NULL || module[0] == '\0')
		fault_set(f, FAIL_NONE, "", "no PKCS#11 module is named for this key");
	else if ((t->module = module_open(module, f)) != NULL)
		return t;
failed:
	token_free(t);
	return NULL;
}

void
token_free(struct token *t)
{
	if (t == NULL)
		return;
	module_close(t->module);
	token_uri_clear(&t->uri);
	pthread_mutex_destroy(&t->lock);
	crypto_wipe(t, sizeof(*t));
	mem_free(t);
}

// Texts of tokens are filled up with spaces.
static struct span
trimmed(const uint8_t *text, size_t size)
{
	while (size > 0 && text[size - 1] == ' ')
		size--;
	return span_of(text, size);
}

static bool
asked(struct span wanted, struct span found)
{
	return wanted.data == NULL || span_equal(wanted, found);
}

static bool
token_fits(const struct token_uri *u, p11_number slot, const struct p11_token *i)
{
	return asked(u->token, trimmed(i->label, sizeof(i->label))) && asked(u->serial, trimmed(i->serial, sizeof(i->serial)))
		&& asked(u->manufacturer, trimmed(i->manufacturer, sizeof(i->manufacturer)))
		&& asked(u->model, trimmed(i->model, sizeof(i->model))) && (!u->has_slot || u->slot == slot);
}

struct search { p11_number slot; unsigned hits; struct list labels; };

static void
look_at_slot(struct token *t, p11_number slot, struct search *s)
{
	struct p11_token info;

	if (module_calls(t->module)->get_token_info(slot, &info) != P11_OK || (info.flags & P11_TOKEN_INITIALIZED) == 0)
		return;
	list_add(&s->labels, trimmed(info.label, sizeof(info.label)));
	if (token_fits(&t->uri, slot, &info)) {
		s->slot = slot;
		s->hits++;
	}
}

static bool
find_slot(struct token *t, p11_number *slot, struct fault *f)
{
	p11_number *slots = mem_array(TOKEN_SLOTS_MAX, sizeof(*slots)), count = 0;
	struct search s = { 0 };
	char text[32];

	if (slots == NULL)
		return no_memory(f);
	// Asking without room first makes modules look for tokens that came since.
	p11_number answer = module_calls(t->module)->get_slot_list(1, NULL, &count);
	count = TOKEN_SLOTS_MAX;
	if (answer == P11_OK)
		answer = module_calls(t->module)->get_slot_list(1, slots, &count);
	for (p11_number i = 0; answer == P11_OK && i < count && i < TOKEN_SLOTS_MAX; i++)
		look_at_slot(t, slots[i], &s);
	mem_free(slots);
	if (answer != P11_OK)
		return fault_set(f, FAIL_NONE, "", "the PKCS#11 module tells no slots: %s", p11_text(answer, text));
	if (s.hits > 1)
		return fault_set(f, FAIL_NONE, "", "%u tokens fit this URI; name the one by its serial=", s.hits);
	*slot = s.slot;
	return s.hits == 1 || fault_set(f, FAIL_NONE, "", "there is no such token; the module shows: %s", list_text(&s.labels));
}

static bool
pin_was_refused(p11_number answer)
{
	return answer == P11_PIN_INCORRECT || answer == P11_PIN_INVALID || answer == P11_PIN_LEN_RANGE || answer == P11_PIN_LOCKED;
}

// All sessions of a program on a token are logged in together.
static bool
login(struct token *t, p11_number session, struct fault *f)
{
	uint8_t pin[TOKEN_PIN_MAX];
	char text[32];

	if (t->pin_len == 0)
		return true;
	if (t->pin_refused)
		return fault_set(f, FAIL_NONE, "", "the token refused the PIN before, and it is not tried again");
	memcpy(pin, t->pin, t->pin_len);
	p11_number answer = module_calls(t->module)->login(session, P11_USER, pin, t->pin_len);
	crypto_wipe(pin, sizeof(pin));
	t->pin_refused = pin_was_refused(answer);
	return answer == P11_OK || answer == P11_ALREADY_LOGGED_IN
		|| fault_set(f, FAIL_NONE, "", "the token does not let us in: %s", p11_text(answer, text));
}

// ---- its objects

enum { HITS = 8 };

// Find up to HITS objects; answers their number, 0 on any failure.
static p11_number
find_objects(struct token *t, p11_number session, struct p11_attribute *pattern, p11_number parts, p11_number hits[HITS])
{
	const struct p11_calls *c = module_calls(t->module);
	p11_number count = 0, more = 0;

	if (c->find_objects_init(session, pattern, parts) != P11_OK)
		return 0;
	// Some modules hand over one at a time.
	while (count < HITS && c->find_objects(session, hits + count, HITS - count, &more) == P11_OK && more > 0)
		count += more;
	c->find_objects_final(session);
	return count;
}

static struct p11_attribute
attribute(p11_number type, struct span value)
{
	// The standard takes patterns by pointers that are not const, and does not write there.
	return (struct p11_attribute){ type, (void *)(uintptr_t)value.data, value.len };
}

// Name the private keys that are there, for a message.
static void
list_keys(struct token *t, const struct token_session *s, struct list *l)
{
	p11_number class = P11_PRIVATE_KEY, hits[HITS];
	struct p11_attribute pattern[] = { { P11_CLASS, &class, sizeof(class) } };
	p11_number count = find_objects(t, s->session, pattern, 1, hits);
	uint8_t room[TOKEN_VALUE_MAX];

	for (p11_number i = 0; i < count; i++)
		list_add(l, token_read(t, s, hits[i], P11_LABEL, room));
}

static bool
find_key(struct token *t, struct token_session *s, struct fault *f)
{
	p11_number class = P11_PRIVATE_KEY, hits[HITS], parts = 1;
	struct p11_attribute pattern[3] = { { P11_CLASS, &class, sizeof(class) } };
	struct list there = { 0 };

	if (t->uri.object.data != NULL)
		pattern[parts++] = attribute(P11_LABEL, t->uri.object);
	if (t->uri.id.data != NULL)
		pattern[parts++] = attribute(P11_ID, t->uri.id);
	p11_number count = find_objects(t, s->session, pattern, parts, hits);
	s->key = hits[0];
	if (count == 1)
		return true;
	if (count > 1)
		return fault_set(f, FAIL_NONE, "", "%lu private keys fit this URI; name the one by its id=", count);
	list_keys(t, s, &there);
	return fault_set(f, FAIL_NONE, "", "the token has no such private key; it shows: %s%s", list_text(&there),
		t->pin_len == 0 ? " (no PIN was given)" : "");
}

struct span
token_read(struct token *t, const struct token_session *s, p11_number object, p11_number type, uint8_t *room)
{
	struct p11_attribute a = { type, room, TOKEN_VALUE_MAX };

	if (module_calls(t->module)->get_attribute_value(s->session, object, &a, 1) != P11_OK || a.len > TOKEN_VALUE_MAX)
		a.len = 0;
	return span_of(room, a.len);
}

p11_number
token_find_public(struct token *t, const struct token_session *s)
{
	static const p11_number ways[] = { P11_ID, P11_LABEL };
	p11_number class = P11_PUBLIC_KEY, hits[HITS];
	uint8_t room[TOKEN_VALUE_MAX];

	for (size_t i = 0; i < 2; i++) {
		struct span name = token_read(t, s, s->key, ways[i], room);
		struct p11_attribute pattern[] = { { P11_CLASS, &class, sizeof(class) }, attribute(ways[i], name) };
		if (name.len > 0 && find_objects(t, s->session, pattern, 2, hits) == 1)
			return hits[0];
	}
	return P11_UNAVAILABLE;
}

// ---- sessions

static bool
enter_locked(struct token *t, struct token_session *s, struct fault *f)
{
	p11_number slot = 0;
	char text[32];

	if (!find_slot(t, &slot, f))
		return false;
	p11_number answer = module_calls(t->module)->open_session(slot, P11_SESSION_SERIAL, NULL, NULL, &s->session);
	if (answer != P11_OK) {
		s->session = 0;
		return fault_set(f, FAIL_NONE, "", "the token opens no session: %s", p11_text(answer, text));
	}
	if (login(t, s->session, f) && find_key(t, s, f))
		return true;
	token_leave(t, s);
	return false;
}

bool
token_enter(struct token *t, struct token_session *s, struct fault *f)
{
	uint8_t room[TOKEN_VALUE_MAX];

	*s = (struct token_session){ 0 };
	pthread_mutex_lock(&t->lock);
	bool well = enter_locked(t, s, f);
	pthread_mutex_unlock(&t->lock);
	if (well) {
		struct span again = token_read(t, s, s->key, P11_ALWAYS_AUTHENTICATE, room);
		s->ask_again = again.len == 1 && again.data[0] != 0;
	}
	return well;
}

void
token_leave(struct token *t, struct token_session *s)
{
	if (s->session != 0)
		module_calls(t->module)->close_session(s->session);
	s->session = 0;
}
