// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/subtree.h"

#include "codec/oid.h"
#include "codec/text.h"

// UNSURE: a form whose subtrees nobody has defined, or a name that is none of its form.
enum match { OUTSIDE, INSIDE, UNSURE };

// ---- hosts

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool
host_equal(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

static bool
is_host_octet(uint8_t c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// A DNS name in its usual form: labels between single dots, none of them empty. "*" may be the first label.
static bool
is_host(struct span name)
{
	size_t i = name.len >= 2 && name.data[0] == '*' && name.data[1] == '.' ? 2 : 0;
	bool empty = true;

	for (; i < name.len; i++) {
		if (!is_host_octet(name.data[i]) || (name.data[i] == '.' && empty))
			return false;
		empty = name.data[i] == '.';
	}
	return !empty;
}

static struct span
without(struct span s, size_t n)
{
	return span_of(s.data + n, s.len - n);
}

// Host is domain with one label or more before it.
static bool
host_below(struct span host, struct span domain)
{
	return host.len > domain.len + 1 && host.data[host.len - domain.len - 1] == '.'
		&& host_equal(without(host, host.len - domain.len), domain);
}

// A constraint of a URI or a mail address: ".domain" is all below it, a host is itself alone.
static enum match
host_match(struct span host, struct span base)
{
	if (base.len > 0 && base.data[0] == '.')
		return host_below(host, without(base, 1)) ? INSIDE : OUTSIDE;
	return host_equal(host, base) ? INSIDE : OUTSIDE;
}

// ---- one matcher for each form

// "Zero or more labels to the left". A leading dot, which RFC 5280 does not
// have but CAs write, asks for one or more.
static enum match
dns_match(struct span name, struct span base)
{
	if (!is_host(name))
		return UNSURE;
	if (base.len == 0)
		return INSIDE;
	if (base.data[0] == '.')
		return host_below(name, without(base, 1)) ? INSIDE : OUTSIDE;
	return host_equal(name, base) || host_below(name, base) ? INSIDE : OUTSIDE;
}

// The last "@" parts a mailbox: a quoted local part may hold others. SIZE_MAX: there is none.
static size_t
at_sign(struct span mailbox)
{
	size_t i = mailbox.len;

	while (i > 0 && mailbox.data[i - 1] != '@')
		i--;
	return i > 0 ? i - 1 : SIZE_MAX;
}

static enum match
email_match(struct span name, struct span base)
{
	size_t at = at_sign(name), base_at = at_sign(base);

	if (at == SIZE_MAX || at == 0 || !is_host(without(name, at + 1)))
		return UNSURE;
	if (base_at == SIZE_MAX)
		return host_match(without(name, at + 1), base);
	return span_equal(span_of(name.data, at), span_of(base.data, base_at))
		&& host_equal(without(name, at + 1), without(base, base_at + 1)) ? INSIDE : OUTSIDE;
}

static size_t
find_octet(struct span s, const char *any)
{
	size_t i = 0;

	while (i < s.len && memchr(any, s.data[i], strlen(any)) == NULL)
		i++;
	return i;
}

// Four decimal numbers are an address; so is anything else whose last label is a number (RFC 3986 3.2.2).
static bool
is_address(struct span host)
{
	size_t i = host.len;

	while (i > 0 && host.data[i - 1] >= '0' && host.data[i - 1] <= '9')
		i--;
	return i < host.len && (i == 0 || host.data[i - 1] == '.');
}

// scheme ":" "//" [userinfo "@"] host [":" port]; the host must be a fully qualified domain name.
static bool
uri_host(struct span uri, struct span *host)
{
	size_t colon = find_octet(uri, ":/?#");

	if (colon == 0 || uri.len < colon + 3 || memcmp(uri.data + colon, "://", 3) != 0)
		return false;
	*host = without(uri, colon + 3);
	host->len = find_octet(*host, "/?#");
	size_t at = at_sign(*host);
	if (at != SIZE_MAX)
		*host = without(*host, at + 1);
	host->len = find_octet(*host, ":");
	return is_host(*host) && host->data[0] != '*' && find_octet(*host, ".") < host->len && !is_address(*host);
}

static enum match
uri_match(struct span name, struct span base)
{
	struct span host;

	return uri_host(name, &host) ? host_match(host, base) : UNSURE;
}

// A mask is ones, then zeros.
static bool
is_mask(struct span mask)
{
	bool ended = false;

	for (size_t bit = 0; bit < mask.len * 8; bit++) {
		bool one = (mask.data[bit / 8] & (0x80u >> (bit % 8))) != 0;
		if (one && ended)
			return false;
		ended = ended || !one;
	}
	return true;
}

static enum match
ip_match(struct span name, struct span base)
{
	struct span mask = without(base, base.len / 2);

	if ((name.len != 4 && name.len != 16) || (base.len != 8 && base.len != 32) || !is_mask(mask))
		return UNSURE;
	if (name.len != mask.len)
		return OUTSIDE;
	for (size_t i = 0; i < name.len; i++)
		if (((name.data[i] ^ base.data[i]) & mask.data[i]) != 0)
			return OUTSIDE;
	return INSIDE;
}

// Strings of other kinds than these are compared octet by octet, which tells nothing when it says "different".
static bool
is_comparable(struct span name)
{
	struct name_attribute a;
	struct name_walk walk;

	if (!name_first(&walk, name))
		return false;
	while (name_next(&walk, &a))
		if (a.tag == DER_T61 || a.tag == DER_BMP || a.tag == DER_UNIVERSAL)
			return false;
	return true;
}

static enum match
directory_match(struct span name, struct span base)
{
	if (name_within(name, base))
		return INSIDE;
	return is_comparable(name) ? OUTSIDE : UNSURE;
}

static enum match
base_match(const struct general_name *name, const struct general_name *base)
{
	switch (name->kind) {
	case GN_EMAIL: return email_match(name->value, base->value);
	case GN_DNS: return dns_match(name->value, base->value);
	case GN_DIRECTORY: return directory_match(name->value, base->value);
	case GN_URI: return uri_match(name->value, base->value);
	case GN_IP: return ip_match(name->value, base->value);
	default: return UNSURE;	// otherName, x400Address, ediPartyName, registeredID
	}
}

// ---- one name against one list of subtrees

static bool
same_form(const struct general_name *name, const struct general_name *base)
{
	return name->kind == base->kind && (name->kind != GN_OTHER || span_equal(name->type_id, base->type_id));
}

// A wildcard stands for every host one label longer, so for an excluded one as well.
static bool
wildcard_meets(const struct general_name *name, const struct general_name *base)
{
	struct span host = base->value;

	if (name->kind != GN_DNS || name->value.len < 2 || name->value.data[0] != '*')
		return false;
	if (host.len > 0 && host.data[0] == '.')
		host = without(host, 1);
	size_t label = find_octet(host, ".");
	return label < host.len && host_equal(without(host, label), without(name->value, 1));
}

static bool
refuse(const struct general_name *name, const char *why, struct fault *f)
{
	char text[128];

	switch (name->kind) {
	case GN_DIRECTORY: name_text(name->value, text, sizeof(text)); break;
	case GN_EMAIL: case GN_DNS: case GN_URI: utf8_text(name->value, text, sizeof(text)); break;
	default: general_name_text(name->whole, text, sizeof(text)); break;
	}
	return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "its name %s %s", text, why);
}

static bool
is_permitted(struct span subtrees, const struct general_name *name, struct fault *f)
{
	struct general_name base;
	bool constrained = false;

	while (subtree_next(&subtrees, &base)) {
		if (!same_form(name, &base))
			continue;
		if (base_match(name, &base) == INSIDE)
			return true;
		constrained = true;
	}
	return !constrained || refuse(name, "is not inside the permitted name constraints", f);
}

static bool
is_not_excluded(struct span subtrees, const struct general_name *name, struct fault *f)
{
	struct general_name base;

	while (subtree_next(&subtrees, &base)) {
		if (!same_form(name, &base))
			continue;
		switch (wildcard_meets(name, &base) ? INSIDE : base_match(name, &base)) {
		case INSIDE: return refuse(name, "is excluded by name constraints", f);
		case UNSURE: return refuse(name, "cannot be compared with a name constraint", f);
		case OUTSIDE: break;
		}
	}
	return true;
}

static bool
name_admit(const struct name_constraints *c, const struct general_name *name, struct fault *f)
{
	return is_not_excluded(c->excluded, name, f) && is_permitted(c->permitted, name, f);
}

// ---- the names of a certificate

// The attribute of a subject as if it were a GeneralName.
static bool
attribute_admit(const struct name_constraints *c, enum general_name_kind kind, const struct name_attribute *a, struct fault *f)
{
	struct general_name name = { .kind = kind, .whole = a->whole, .value = a->value };

	return name_admit(c, &name, f);
}

// A common name with a dot inside that could be resolved.
static bool
is_host_like(const struct name_attribute *a)
{
	return is_host(a->value) && find_octet(a->value, ".") < a->value.len && !is_address(a->value);
}

static bool
attributes_admit(const struct name_constraints *c, struct span subject, bool has_alt_names, bool has_dns, struct fault *f)
{
	struct name_attribute a;
	struct name_walk walk;

	if (!name_first(&walk, subject))
		return true;
	while (name_next(&walk, &a)) {
		enum oid_id id = oid_find(a.type);
		if (id == OID_EMAIL_ADDRESS && !has_alt_names && !attribute_admit(c, GN_EMAIL, &a, f))
			return false;
		if (id == OID_CN && !has_dns && is_host_like(&a) && !attribute_admit(c, GN_DNS, &a, f))
			return false;
	}
	return true;
}

// The subject is a directoryName, unless it is empty.
static bool
subject_admit(const struct name_constraints *c, struct span subject, struct fault *f)
{
	struct general_name name = { .kind = GN_DIRECTORY, .whole = subject, .value = subject };
	struct span in = subject, rdns;

	return !der_take(&in, DER_SEQUENCE, &rdns) || der_at_end(rdns) || name_admit(c, &name, f);
}

bool
subtrees_admit(const struct name_constraints *c, struct span subject, struct span alt_names, struct fault *f)
{
	struct span rest = alt_names;
	struct general_name name;
	bool has_dns = false;

	if (!subject_admit(c, subject, f))
		return false;
	while (!der_at_end(rest)) {
		if (!general_name_read(&rest, &name, f) || !name_admit(c, &name, f))
			return false;
		has_dns = has_dns || name.kind == GN_DNS;
	}
	return attributes_admit(c, subject, alt_names.len > 0, has_dns, f);
}
