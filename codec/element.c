// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/element.h"

#include <stdio.h>

#include "codec/name.h"
#include "codec/pkimessage.h"

bool
malformed(struct fault *f, const char *path, const char *what)
{
	return fault_set(f, FAIL_BAD_DATA_FORMAT, path, "%s", what);
}

bool
failed_within(struct fault *f, const char *field)
{
	fault_within(f, field);
	return false;
}

bool
algorithm_read(struct span contents, struct algorithm *out, struct fault *f)
{
	uint8_t tag;

	out->parameters = span_of(NULL, 0);
	if (!der_take_oid(&contents, &out->oid))
		return malformed(f, "", "an AlgorithmIdentifier does not begin with an object identifier");
	if (!der_at_end(contents) && !der_take_any(&contents, &tag, NULL, &out->parameters))
		return malformed(f, "", "the parameters of an AlgorithmIdentifier are cut off");
	if (!der_at_end(contents))
		return malformed(f, "", "an AlgorithmIdentifier has more than one parameters element");
	return true;
}

bool
algorithm_take(struct span *in, struct algorithm *out, struct fault *f)
{
	struct span rest = *in, contents;

	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "an AlgorithmIdentifier (SEQUENCE) was expected");
	if (!algorithm_read(contents, out, f))
		return false;
	out->whole = span_of(in->data, in->len - rest.len);
	*in = rest;
	return true;
}

bool
public_key_read(struct span contents, struct public_key *out, struct fault *f)
{
	unsigned unused;

	if (!algorithm_take(&contents, &out->algorithm, f))
		return false;
	if (!der_take_bits(&contents, &out->key, &unused) || unused != 0 || !der_at_end(contents))
		return malformed(f, "", "a public key must be one BIT STRING of whole octets after its algorithm");
	return true;
}

bool
public_key_take(struct span *in, struct public_key *out, struct fault *f)
{
	struct span rest = *in, contents;

	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a SubjectPublicKeyInfo (SEQUENCE) was expected");
	if (!public_key_read(contents, out, f))
		return false;
	out->whole = span_of(in->data, in->len - rest.len);
	*in = rest;
	return true;
}

bool
name_take(struct span *in, struct span *whole, struct fault *f)
{
	struct span rest = *in, name;

	if (!der_take_whole(&rest, DER_SEQUENCE, &name))
		return malformed(f, "", "a Name (SEQUENCE) was expected");
	if (!name_check(name, f))
		return false;
	*whole = name;
	*in = rest;
	return true;
}

bool
general_name_take(struct span *in, struct span *whole, struct fault *f)
{
	struct general_name name;

	if (!general_name_read(in, &name, f))
		return false;
	*whole = name.whole;
	return true;
}

bool
extension_take(struct span *in, struct extension *out, struct fault *f)
{
	struct span rest = *in, contents;

	out->critical = false;
	if (!der_take(&rest, DER_SEQUENCE, &contents) || !der_take_oid(&contents, &out->oid))
		return malformed(f, "", "an Extension is not a SEQUENCE that begins with an object identifier");
	if (der_next_is(contents, DER_BOOLEAN) && (!der_take_boolean(&contents, &out->critical) || !out->critical))
		return malformed(f, "", "an Extension writes critical FALSE, which DER leaves out");
	if (!der_take_octets(&contents, &out->value) || !der_at_end(contents))
		return malformed(f, "", "an Extension does not end with its OCTET STRING");
	out->whole = span_of(in->data, in->len - rest.len);
	*in = rest;
	return true;
}

// Tell whether an extension with this OID stands in contents before `end`.
static bool
extension_before(struct span contents, const uint8_t *end, struct span oid)
{
	struct extension e;

	while (contents.data < end && extension_take(&contents, &e, NULL) && e.whole.data < end)
		if (span_equal(e.oid, oid))
			return true;
	return false;
}

bool
extensions_check(struct span contents, struct fault *f)
{
	struct span rest = contents;
	struct extension e;
	size_t count = 0;

	if (der_at_end(rest))
		return malformed(f, "", "the list of extensions is empty");
	while (!der_at_end(rest)) {
		if (++count > CAP_EXTENSIONS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d extensions", CAP_EXTENSIONS);
		if (!extension_take(&rest, &e, f))
			return false;
		if (extension_before(contents, e.whole.data, e.oid))
			return malformed(f, "", "an extension stands twice");
	}
	return true;
}

bool
serial_take(struct span *in, uint8_t tag, struct span *serial, struct fault *f)
{
	struct span rest = *in, v;

	if (!der_take(&rest, tag, &v) || v.len == 0)
		return malformed(f, "", "a serial number was expected");
	if (v.len > 1 && ((v.data[0] == 0x00 && v.data[1] < 0x80) || (v.data[0] == 0xFF && v.data[1] >= 0x80)))
		return malformed(f, "", "a serial number has redundant leading octets");
	if (v.len > CAP_SERIAL + (size_t)(v.data[0] == 0))
		return fault_set(f, FAIL_BAD_CERT_ID, "", "a serial number is longer than %d octets", CAP_SERIAL);
	*serial = v;
	*in = rest;
	return true;
}

bool
cert_id_take(struct span *in, struct cert_id *out, struct fault *f)
{
	struct span rest = *in, contents;

	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a CertId (SEQUENCE) was expected");
	if (!general_name_take(&contents, &out->issuer, f) || !serial_take(&contents, DER_INTEGER, &out->serial, f))
		return false;
	if (!der_at_end(contents))
		return malformed(f, "", "a CertId holds more than issuer and serial number");
	*in = rest;
	return true;
}

bool
typed_value_take(struct span *in, bool may_be_absent, struct typed_value *out, struct fault *f)
{
	struct span rest = *in, contents;
	uint8_t tag;

	out->value = span_of(NULL, 0);
	if (!der_take(&rest, DER_SEQUENCE, &contents) || !der_take_oid(&contents, &out->oid))
		return malformed(f, "", "a typed value is not a SEQUENCE that begins with an object identifier");
	if (der_at_end(contents) ? !may_be_absent : !der_take_any(&contents, &tag, NULL, &out->value))
		return malformed(f, "", "a typed value has no value");
	if (!der_at_end(contents))
		return malformed(f, "", "a typed value has more than one value");
	out->whole = span_of(in->data, in->len - rest.len);
	*in = rest;
	return true;
}

bool
signed_object_take(struct span *in, struct span *whole, struct fault *f)
{
	struct span rest = *in, contents, bits;
	struct algorithm algorithm;
	unsigned unused;

	if (!der_take(&rest, DER_SEQUENCE, &contents) || !der_take_whole(&contents, DER_SEQUENCE, &bits))
		return malformed(f, "", "a certificate, CRL or request is not a SEQUENCE that begins with what is signed");
	if (!algorithm_take(&contents, &algorithm, f))
		return false;
	if (!der_take_bits(&contents, &bits, &unused) || unused != 0 || !der_at_end(contents))
		return malformed(f, "", "a certificate, CRL or request does not end with its signature");
	*whole = span_of(in->data, in->len - rest.len);
	*in = rest;
	return true;
}

bool
signed_objects_check(struct span contents, size_t min, size_t max, struct fault *f)
{
	struct span whole;
	size_t count = 0;

	while (!der_at_end(contents)) {
		if (++count > max)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %zu certificates or CRLs in one list", max);
		if (!signed_object_take(&contents, &whole, f))
			return false;
	}
	return count >= min || malformed(f, "", "a list of certificates or CRLs is empty");
}

// Octets that follow a UTF-8 lead octet, and the least value of such a form; 0 for a lone octet, -1 for no lead.
static int
utf8_more(uint8_t lead, uint32_t *value, uint32_t *least)
{
	if (lead < 0x80)
		return 0;
	if (lead >= 0xC2 && lead <= 0xDF)
		return *value = lead & 0x1F, *least = 0x80, 1;
	if (lead >= 0xE0 && lead <= 0xEF)
		return *value = lead & 0x0F, *least = 0x800, 2;
	if (lead >= 0xF0 && lead <= 0xF4)
		return *value = lead & 0x07, *least = 0x10000, 3;
	return -1;
}

bool
utf8_valid(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint32_t value = 0, least = 0;
		int more = utf8_more(s.data[i], &value, &least);
		if (more < 0 || (size_t)more > s.len - i - 1)
			return false;
		if (more == 0)
			continue;
		for (; more > 0; more--) {
			if ((s.data[++i] & 0xC0) != 0x80)
				return false;
			value = value << 6 | (s.data[i] & 0x3F);
		}
		if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
			return false;
	}
	return true;
}

bool
free_text_take(struct span *in, struct span *contents, struct fault *f)
{
	struct span rest = *in, texts, text;
	size_t count = 0;

	if (!der_take(&rest, DER_SEQUENCE, contents) || der_at_end(*contents))
		return malformed(f, "", "a PKIFreeText must be a SEQUENCE of at least one text");
	for (texts = *contents; !der_at_end(texts);) {
		if (++count > CAP_FREE_TEXTS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "a PKIFreeText has more than %d texts", CAP_FREE_TEXTS);
		if (!der_take(&texts, DER_UTF8, &text) || !utf8_valid(text))
			return malformed(f, "", "a PKIFreeText holds something that is no UTF8String");
		if (text.len > CAP_FREE_TEXT)
			return fault_set(f, FAIL_BAD_REQUEST, "", "a text is longer than %d octets", CAP_FREE_TEXT);
	}
	*in = rest;
	return true;
}

const char *
index_text(size_t n, char out[24])
{
	snprintf(out, 24, "[%zu]", n);
	return out;
}
