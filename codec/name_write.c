// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/name.h"

#include <arpa/inet.h>
#include <strings.h>

#include "codec/element.h"
#include "codec/oid.h"
#include "codec/pkimessage.h"

enum { NAME_OCTETS_MAX = 16384 };	// of one name made from text

static bool
refuse(struct fault *f, struct span text, const char *why)
{
	size_t n = text.len < 80 ? text.len : 80;

	return fault_set(f, FAIL_NONE, "", "'%.*s': %s", (int)n, (const char *)text.data, why);
}

// ---- pieces of RFC 4514

// Octets up to the next separator that no backslash stands before.
static size_t
piece_octets(struct span text, char separator)
{
	size_t i = 0;

	while (i < text.len && text.data[i] != (uint8_t)separator)
		i += text.data[i] == '\\' && i + 1 < text.len ? 2 : 1;
	return i;
}

// Take the piece before the next separator; *rest is what follows. False when nothing is left.
static bool
take_piece(struct span *rest, char separator, bool *more, struct span *piece)
{
	if (!*more)
		return false;
	size_t n = piece_octets(*rest, separator);
	*piece = span_of(rest->data, n);
	*more = n < rest->len;
	*rest = span_of(rest->data + n + *more, rest->len - n - *more);
	return true;
}

// Without the spaces at both ends; one that a backslash stands before is part of the value.
static struct span
without_spaces(struct span v)
{
	while (v.len > 0 && v.data[0] == ' ')
		v = span_of(v.data + 1, v.len - 1);
	while (v.len > 0 && v.data[v.len - 1] == ' ') {
		size_t slashes = 0;
		while (slashes + 1 < v.len && v.data[v.len - 2 - slashes] == '\\')
			slashes++;
		if (slashes % 2 == 1)
			break;
		v.len--;
	}
	return v;
}

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
take_hex_pair(struct span *in, uint8_t *octet)
{
	if (in->len < 2 || hex_digit(in->data[0]) < 0 || hex_digit(in->data[1]) < 0)
		return false;
	*octet = (uint8_t)(hex_digit(in->data[0]) * 16 + hex_digit(in->data[1]));
	*in = span_of(in->data + 2, in->len - 2);
	return true;
}

// One octet of a value: as it stands, or behind a backslash by itself or as two hex digits.
static bool
take_octet(struct span *in, uint8_t *octet)
{
	uint8_t c = in->data[0];

	*in = span_of(in->data + 1, in->len - 1);
	*octet = c;
	if (c != '\\')
		return c != 0 && strchr("\"+,;<>", c) == NULL;
	if (take_hex_pair(in, octet))
		return *octet != 0;
	if (in->len == 0 || in->data[0] == 0 || strchr("\"+,;<>\\ #=", in->data[0]) == NULL)
		return false;
	*octet = in->data[0];
	*in = span_of(in->data + 1, in->len - 1);
	return true;
}

static bool
unescape(struct span value, struct buffer *out)
{
	uint8_t octet;

	while (value.len > 0)
		if (!take_octet(&value, &octet) || !buffer_append_octet(out, octet))
			return false;
	return true;
}

// ---- attributes

// Names that are written but not read, beside the standard ones of codec/oid.
static const struct { const char *name; enum oid_id id; } aliases[] = {
	{ "commonName", OID_CN }, { "surname", OID_SURNAME }, { "countryName", OID_COUNTRY }, { "localityName", OID_LOCALITY },
	{ "stateOrProvinceName", OID_STATE }, { "streetAddress", OID_STREET }, { "organizationName", OID_ORGANIZATION },
	{ "organizationalUnitName", OID_UNIT }, { "givenName", OID_GIVEN_NAME }, { "userId", OID_USER_ID },
	{ "domainComponent", OID_DOMAIN_COMPONENT }, { "E", OID_EMAIL_ADDRESS }
};

static bool
same_word(struct span text, const char *word)
{
	return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

// The OID of an attribute by its name, in any case, or by dotted text.
static bool
type_from_text(struct span text, uint8_t room[OID_OCTETS_MAX], struct span *oid)
{
	for (int id = OID_NAME_FIRST; id <= OID_NAME_LAST; id++)
		if (same_word(text, oid_name(oid_octets((enum oid_id)id))))
			return *oid = oid_octets((enum oid_id)id), true;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (same_word(text, aliases[i].name))
			return *oid = oid_octets(aliases[i].id), true;
	*oid = span_of(room, oid_from_dotted(text, room));
	return oid->len > 0;
}

static bool
all_of(struct span value, bool (*is)(uint8_t))
{
	for (size_t i = 0; i < value.len; i++)
		if (!is(value.data[i]))
			return false;
	return value.len > 0;
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_letter_or_digit(uint8_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

static bool
is_printable(uint8_t c)
{
	return is_letter_or_digit(c) || (c != 0 && strchr(" '()+,-./:=?", c) != NULL);
}

static bool
is_ascii(uint8_t c)
{
	return c > 0 && c < 0x80;
}

// The string type of RFC 5280 appendix A for a value of this type; 0 when the value cannot have it.
static uint8_t
string_type(struct span type, struct span value)
{
	switch (oid_find(type)) {
	case OID_COUNTRY: return value.len == 2 && all_of(value, is_letter) ? DER_PRINTABLE : 0;
	case OID_SERIAL_NUMBER:
	case OID_DN_QUALIFIER: return all_of(value, is_printable) ? DER_PRINTABLE : 0;
	case OID_DOMAIN_COMPONENT:
	case OID_EMAIL_ADDRESS: return all_of(value, is_ascii) ? DER_IA5 : 0;
	default: return value.len > 0 && utf8_valid(value) ? DER_UTF8 : 0;
	}
}

// "#" and the hex of one element.
static bool
put_hex_value(struct der_writer *w, struct span value)
{
	struct buffer octets;
	uint8_t octet;

	buffer_init(&octets, NAME_OCTETS_MAX);
	value = span_of(value.data + 1, value.len - 1);
	while (take_hex_pair(&value, &octet))
		buffer_append_octet(&octets, octet);
	bool well = value.len == 0 && !octets.failed && der_check(buffer_span(&octets));
	if (well)
		der_put_raw(w, buffer_span(&octets));
	buffer_clear(&octets);
	return well;
}

static bool
put_text_value(struct der_writer *w, struct span type, struct span value)
{
	struct buffer octets;

	buffer_init(&octets, NAME_OCTETS_MAX);
	uint8_t tag = unescape(value, &octets) ? string_type(type, buffer_span(&octets)) : 0;
	if (tag != 0)
		der_put(w, tag, buffer_span(&octets));
	buffer_clear(&octets);
	return tag != 0;
}

static bool
put_attribute(struct der_writer *w, struct span text, struct fault *f)
{
	size_t n = piece_octets(text, '=');
	struct span type, value;
	uint8_t room[OID_OCTETS_MAX];

	if (n == text.len)
		return refuse(f, text, "is no attribute: these are written as CN=value");
	if (!type_from_text(without_spaces(span_of(text.data, n)), room, &type))
		return refuse(f, text, "has a type that is neither known nor an OID like 2.5.4.3");
	value = without_spaces(span_of(text.data + n + 1, text.len - n - 1));
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, type);
	bool hex = value.len > 0 && value.data[0] == '#';
	if (hex ? !put_hex_value(w, value) : !put_text_value(w, type, value))
		return refuse(f, text, hex ? "is not the hex of one DER element" : "has a value that this attribute cannot have, or that lacks a backslash");
	der_close(w);
	return true;
}

// ---- RDNs and names

static bool
put_rdn(struct der_writer *w, struct span text, struct fault *f)
{
	struct der_writer attributes;
	struct span piece, contents;
	unsigned count = 0;
	bool more = true, well = true;

	der_writer_init(&attributes, NAME_OCTETS_MAX);
	while (well && take_piece(&text, '+', &more, &piece))
		well = count++ < CAP_RDN_ATTRIBUTES ? put_attribute(&attributes, piece, f) : refuse(f, text, "is more than one RDN may hold");
	well = well && (der_finish(&attributes, &contents) || refuse(f, text, "is too long"));
	if (well)
		der_put_set(w, DER_SET, contents);
	der_writer_clear(&attributes);
	return well;
}

// RFC 4514 2.1: the last RDN is written first.
bool
name_from_text(struct der_writer *w, struct span text, struct fault *f)
{
	struct span rdns[CAP_RDNS], piece, rest = text;
	unsigned count = 0;
	bool more = without_spaces(text).len > 0;

	while (take_piece(&rest, ',', &more, &piece)) {
		if (count == CAP_RDNS)
			return refuse(f, text, "has too many RDNs");
		rdns[count++] = piece;
	}
	der_open(w, DER_SEQUENCE);
	while (count > 0)
		if (!put_rdn(w, rdns[--count], f))
			return false;
	der_close(w);
	return true;
}

// ---- GeneralName

static bool
is_host_character(uint8_t c)
{
	return is_letter_or_digit(c) || c == '-';
}

// Labels of RFC 1034 3.5; a first label "*" stands for any.
static bool
is_host(struct span v)
{
	struct span label;
	bool more = v.len > 0 && v.len <= 253, first = true;

	if (!more)
		return false;
	for (; take_piece(&v, '.', &more, &label); first = false) {
		if (first && more && label.len == 1 && label.data[0] == '*')
			continue;
		if (label.len > 63 || !all_of(label, is_host_character) || label.data[0] == '-' || label.data[label.len - 1] == '-')
			return false;
	}
	return true;
}

static bool
is_visible(uint8_t c)
{
	return c > 0x20 && c < 0x7F && strchr("\"<>\\^`{|}", c) == NULL;
}

static bool
is_scheme_character(uint8_t c)
{
	return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.';
}

// RFC 5280 4.2.1.6: absolute, with something behind its scheme.
static bool
is_uri(struct span v)
{
	size_t n = piece_octets(v, ':');

	return n + 1 < v.len && is_letter(v.data[0]) && all_of(span_of(v.data, n), is_scheme_character) && all_of(v, is_visible);
}

static bool
is_local_character(uint8_t c)
{
	return c > 0x20 && c < 0x7F && strchr("\"(),:;<>@[\\]", c) == NULL;
}

// RFC 5280 4.2.1.6: local-part@host, without quotes.
static bool
is_mailbox(struct span v)
{
	size_t n = piece_octets(v, '@');

	return n + 1 < v.len && all_of(span_of(v.data, n), is_local_character) && is_host(span_of(v.data + n + 1, v.len - n - 1));
}

static bool
put_address(struct der_writer *w, struct span v)
{
	char text[64];
	uint8_t octets[16];

	if (v.len >= sizeof(text) || memchr(v.data, '\0', v.len) != NULL)
		return false;
	memcpy(text, v.data, v.len);
	text[v.len] = '\0';
	size_t n = inet_pton(AF_INET, text, octets) == 1 ? 4 : inet_pton(AF_INET6, text, octets) == 1 ? 16 : 0;
	if (n > 0)
		der_put(w, DER_CONTEXT(7), span_of(octets, n));
	return n > 0;
}

static bool
put_registered(struct der_writer *w, struct span v)
{
	uint8_t room[OID_OCTETS_MAX];
	struct span oid = span_of(room, oid_from_dotted(v, room));

	der_put(w, DER_CONTEXT(8), oid);
	return oid.len > 0;
}

static bool
put_checked(struct der_writer *w, uint8_t tag, struct span v, bool (*is)(struct span))
{
	der_put(w, tag, v);
	return is(v);
}

static bool put_email(struct der_writer *w, struct span v) { return put_checked(w, DER_CONTEXT(1), v, is_mailbox); }
static bool put_dns(struct der_writer *w, struct span v) { return put_checked(w, DER_CONTEXT(2), v, is_host); }
static bool put_uri(struct der_writer *w, struct span v) { return put_checked(w, DER_CONTEXT(6), v, is_uri); }

static const struct { const char *prefix; bool (*put)(struct der_writer *w, struct span v); const char *why; } kinds[] = {
	{ "DNS", put_dns, "is no host name" }, { "IP", put_address, "is no IPv4 or IPv6 address" },
	{ "URI", put_uri, "is no absolute URI" }, { "email", put_email, "is no mail address" },
	{ "RID", put_registered, "is no OID like 1.2.3" }
};

bool
general_name_from_text(struct der_writer *w, struct span text, struct fault *f)
{
	size_t n = piece_octets(text, ':');
	struct span prefix = span_of(text.data, n), value;

	if (n == text.len)
		return refuse(f, text, "is no name: these begin with DNS:, IP:, URI:, email:, RID: or dirName:");
	value = span_of(text.data + n + 1, text.len - n - 1);
	if (same_word(prefix, "dirName")) {
		der_open(w, DER_CONTEXT_CONS(4));
		bool well = name_from_text(w, value, f);
		der_close(w);
		return well;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (same_word(prefix, kinds[i].prefix))
			return kinds[i].put(w, value) || refuse(f, text, kinds[i].why);
	return refuse(f, text, "is of no known kind: DNS:, IP:, URI:, email:, RID: or dirName:");
}
