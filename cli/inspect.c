// SPDX-License-Identifier: GPL-3.0-or-later
// What stands in a file: every structure the gateway knows as a tree of named
// values, and for what cannot be read the fault and the place.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/input.h"
#include "cli/options.h"
#include "codec/oid.h"
#include "base/pem.h"
#include "codec/text.h"
#include "codec/walk.h"

enum {
	OUTPUT_MAX = 64 << 20		// octets of what is printed for one structure
};

enum kind { KIND_MESSAGE, KIND_CERTIFICATE, KIND_CRL, KIND_PKCS10, KIND_CRMF, KIND_COUNT };

struct request {
	const char *file;
	bool json, asn1, hex;
	enum kind kind;		// KIND_COUNT: find out
};

static const struct { const char *option, *name; } kinds[KIND_COUNT] = {
	[KIND_MESSAGE] = { "message", "PKIMessage" }, [KIND_CERTIFICATE] = { "certificate", "Certificate" },
	[KIND_CRL] = { "crl", "CertificateList" }, [KIND_PKCS10] = { "pkcs10", "CertificationRequest" },
	[KIND_CRMF] = { "crmf", "CertReqMessages" }
};

static void
print_help(FILE *out)
{
	fputs("usage: cmpgate inspect [--json | --asn1] [--hex] [--as KIND] [FILE|-]\n\n"
		"Show what stands in a PKIMessage, a certificate, a CRL, a PKCS#10 request or CertReqMessages, in DER or\n"
		"PEM. Nothing is verified. Passphrases, tokens and keys are never shown.\n\n"
		"  cmpgate inspect request.pki\n"
		"  openssl cmp ... -rspout ip.der; cmpgate inspect --json ip.der | jq .body.type\n\n"
		"      --json          one JSON object for each structure\n"
		"      --asn1          the elements with their offsets, as far as they are strict DER\n"
		"      --as KIND       message, certificate, crl, pkcs10 or crmf: do not find out\n"
		"      --hex           long octet strings to their end\n"
		"  -h, --help          this text\n\n"
		"Exit code 0: all could be read; 6: something is malformed, and where, or is nothing that is shown: a key,\n"
		"PKCS#7, PKCS#12; 7: the file cannot be opened.\n", out);
}

static bool
find_kind(const char *word, enum kind *kind)
{
	for (*kind = 0; *kind < KIND_COUNT; ++*kind)
		if (strcmp(kinds[*kind].option, word) == 0)
			return true;
	fprintf(stderr, "cmpgate inspect: --as %s: the kinds are message, certificate, crl, pkcs10 and crmf\n", word);
	return false;
}

// False with the exit code when nothing is left to do.
static bool
read_arguments(struct request *r, int argc, char **argv, int *code)
{
	struct options given = { { false } };
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "asn1", no_argument, NULL, 'a' }, { "hex", no_argument, NULL, 'x' },
		{ "as", required_argument, NULL, 'k' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int c;

	*code = EXIT_USAGE;
	while ((c = options_next(&given, argc, argv, "h", options)) != -1) {
		switch (c) {
		case 'j':
			r->json = true;
			break;
		case 'a':
			r->asn1 = true;
			break;
		case 'x':
			r->hex = true;
			break;
		case 'k':
			if (!find_kind(optarg, &r->kind))
				return false;
			break;
		default:
			print_help(c == 'h' ? stdout : stderr);
			*code = c == 'h' ? EXIT_DONE : EXIT_USAGE;
			return false;
		}
	}
	r->file = optind < argc ? argv[optind++] : "-";
	if (optind < argc)
		fprintf(stderr, "cmpgate inspect: '%s' is too much: one file is read\n", argv[optind]);
	else if (r->json && r->asn1)
		fputs("cmpgate inspect: --asn1 has no JSON form; choose one of --json and --asn1\n", stderr);
	else
		return true;
	return false;
}

// ---- which structure is it

// What stands in the first inner SEQUENCE: the tags of its first elements and
// of the first element in each of them; 0 = there is none.
struct shape { uint8_t tag[4], inside[4]; };

static void
read_shape(struct span octets, struct shape *s)
{
	struct walk w;
	struct walk_item item;
	unsigned count = 0;

	memset(s, 0, sizeof(*s));
	walk_init(&w, octets);
	for (bool inside = false; walk_next(&w, &item) && (!inside || item.depth > 1);) {
		inside = inside || item.depth == 1;
		if (item.depth == 2 && count++ < 4)
			s->tag[count - 1] = item.tag;
		else if (item.depth == 3 && count <= 4 && s->inside[count - 1] == 0)
			s->inside[count - 1] = item.tag;
	}
}

// Works for structures that are cut off or malformed further on, too.
static enum kind
guess(struct span octets)
{
	struct shape s;

	read_shape(octets, &s);
	if (s.tag[0] == DER_CONTEXT_CONS(0))
		return KIND_CERTIFICATE;	// version
	if (s.tag[0] == DER_SEQUENCE)	// a CertRequest, or the algorithm of a v1 CRL
		return s.inside[0] == DER_INTEGER ? KIND_CRMF : KIND_CRL;
	if (s.tag[0] != DER_INTEGER || s.tag[1] != DER_SEQUENCE)
		return KIND_MESSAGE;
	if (s.inside[1] != DER_OID)
		return KIND_PKCS10;	// INTEGER, Name, SubjectPublicKeyInfo
	return s.tag[3] == DER_SEQUENCE ? KIND_CERTIFICATE : KIND_CRL;	// INTEGER, algorithm, Name, then validity or thisUpdate
}

static enum kind
kind_of_label(const char *label)
{
	static const struct { const char *label; enum kind kind; } labels[] = {
		{ "CERTIFICATE", KIND_CERTIFICATE }, { "X509 CERTIFICATE", KIND_CERTIFICATE }, { "X509 CRL", KIND_CRL },
		{ "CERTIFICATE REQUEST", KIND_PKCS10 }, { "NEW CERTIFICATE REQUEST", KIND_PKCS10 }
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (strcmp(labels[i].label, label) == 0)
			return labels[i].kind;
	return KIND_COUNT;
}

// ---- showing it

static bool
put_message(struct tree *t, struct span octets, struct fault *f)
{
	struct pkimessage m;
	bool header;

	if (pkimessage_parse(&m, octets, &header, f)) {
		describe_message(t, &m);
		return true;
	}
	if (header) {
		tree_open(t, "header");
		describe_header(t, &m.header);
		tree_close(t);
	}
	return false;
}

static bool
put_structure(struct tree *t, enum kind kind, struct span octets, struct fault *f)
{
	struct certificate certificate;
	struct crl crl;
	struct pkcs10 pkcs10;
	size_t count;

	switch (kind) {
	case KIND_CERTIFICATE: return certificate_parse(&certificate, octets, f) && (describe_certificate(t, &certificate), true);
	case KIND_CRL: return crl_parse(&crl, octets, f) && (describe_crl(t, &crl), true);
	case KIND_PKCS10: return pkcs10_parse(&pkcs10, octets, f) && (describe_pkcs10(t, &pkcs10), true);
	case KIND_CRMF: return cert_req_messages_check(octets, &count, NULL, f) && (describe_requests(t, octets), true);
	default: return put_message(t, octets, f);
	}
}

// Where the form ends: only said when there is such a place.
static void
put_place(struct tree *t, struct span octets)
{
	struct walk w;
	struct walk_item item;

	walk_init(&w, octets);
	while (walk_next(&w, &item))
		;
	if (w.problem == NULL)
		return;
	tree_open(t, "form");
	tree_number(t, "offset", (int64_t)w.problem_at);
	tree_text(t, "text", w.problem);
	tree_close(t);
}

static int
print_tree(struct tree *t)
{
	bool written = !t->out.failed && fwrite(t->out.data, 1, t->out.len, stdout) == t->out.len;

	if (written)
		return EXIT_DONE;
	fprintf(stderr, "cmpgate inspect: %s\n", t->out.failed ? "there is more to show than memory allows" : strerror(errno));
	return EXIT_LOCAL;
}

static int
show_tree(const struct request *r, enum kind kind, struct span octets)
{
	struct tree t;
	struct fault f = { 0 };
	char why[512];

	tree_init(&t, r->json, r->hex, OUTPUT_MAX);
	tree_open(&t, kinds[kind].name);
	if (r->json)
		tree_text(&t, "kind", kinds[kind].name);
	tree_number(&t, "octets", (int64_t)octets.len);
	bool well = put_structure(&t, kind, octets, &f);
	if (!well) {
		describe_fault(&t, "fault", &f);
		put_place(&t, octets);
	}
	tree_close(&t);
	int code = print_tree(&t);
	tree_clear(&t);
	if (!well)
		fprintf(stderr, "cmpgate inspect: %s: malformed: %s\n", r->file, fault_text(&f, why, sizeof(why)));
	return code != EXIT_DONE || well ? code : EXIT_VERIFICATION;
}

static void
print_value(const struct walk_item *item, bool hex)
{
	char text[OID_TEXT_MAX];
	size_t shown = item->contents.len <= TREE_OCTETS_SHOWN || hex ? item->contents.len : TREE_OCTETS_SHOWN / 2;

	switch (item->tag) {
	case DER_OID:
		printf(" %s", oid_text(item->contents, text, sizeof(text)));
		return;
	case DER_UTF8: case DER_PRINTABLE: case DER_IA5: case DER_UTC_TIME: case DER_GENERALIZED_TIME: case DER_VISIBLE: case DER_NUMERIC:
		printf(" '%s'", utf8_text(item->contents, text, sizeof(text)));
		return;
	default:
		break;
	}
	for (size_t i = 0; i < shown; i++)
		printf("%s%02x", i == 0 ? " " : "", item->contents.data[i]);
	if (shown < item->contents.len)
		fputs("...", stdout);
}

static int
show_elements(const struct request *r, struct span octets)
{
	struct walk w;
	struct walk_item item;
	char tag[24];

	walk_init(&w, octets);
	while (walk_next(&w, &item)) {
		printf("%6zu %6zu %*s%s", item.offset, item.length, (int)item.depth * 2, "", walk_tag_text(item.tag, tag, sizeof(tag)));
		if ((item.tag & 0x20) == 0)
			print_value(&item, r->hex);
		putchar('\n');
	}
	if (w.problem == NULL)
		return EXIT_DONE;
	fflush(stdout);
	fprintf(stderr, "cmpgate inspect: %s: offset %zu: %s\n", r->file, w.problem_at, w.problem);
	return EXIT_VERIFICATION;
}

// ---- what is nothing of ours

static bool
oid_begins(struct span octets, const char *prefix, size_t len)
{
	struct span oid;

	return der_take_oid(&octets, &oid) && oid.len > len && memcmp(oid.data, prefix, len) == 0;
}

#define PKCS(octet) "\x2a\x86\x48\x86\xf7\x0d\x01" octet	// 1.2.840.113549.1.N
#define IN_PKCS(octets, octet) oid_begins(octets, PKCS(octet), sizeof(PKCS(octet)) - 1)

// PKCS#1, SEC 1, PKCS#8 and PKCS#12 begin with their version; nothing of CMP does.
static const char *
versioned_name(struct span contents)
{
	struct span ignored, second;

	if (!der_take(&contents, DER_INTEGER, &ignored))
		return NULL;
	if (der_take(&contents, DER_SEQUENCE, &second) && IN_PKCS(second, "\x07"))
		return "this is a PKCS#12 file; private keys stand in it, and key material is never shown";
	return "this looks like a private key; key material is never shown";
}

// What people have beside the structures that are shown; NULL when it is none
// of these. No structure of CMP begins with an OID, or with an algorithm and a string.
static const char *
foreign_name(struct span octets)
{
	struct span contents, first;

	if (!der_take(&octets, DER_SEQUENCE, &contents))
		return NULL;
	const char *name = versioned_name(contents);
	if (name != NULL)
		return name;
	if (IN_PKCS(contents, "\x07"))
		return "this is PKCS#7 (CMS), which is not shown here; openssl pkcs7 -print_certs shows the certificates in it";
	if (!der_take(&contents, DER_SEQUENCE, &first))
		return NULL;
	if (der_next_is(contents, DER_OCTET_STRING) && (IN_PKCS(first, "\x05") || IN_PKCS(first, "\x0c")))
		return "this is an encrypted private key; key material is never shown";
	if (der_next_is(contents, DER_BIT_STRING) && der_next_is(first, DER_OID))
		return "this is a public key alone, which is not shown here; openssl pkey -pubin -text shows it";
	return NULL;
}

static int
show(const struct request *r, enum kind label, struct span octets)
{
	enum kind kind = r->kind != KIND_COUNT ? r->kind : label;

	const char *foreign = foreign_name(octets);

	if (foreign != NULL) {
		fprintf(stderr, "cmpgate inspect: %s: %s\n", r->file, foreign);
		return EXIT_VERIFICATION;
	}
	if (r->asn1)
		return show_elements(r, octets);
	return show_tree(r, kind != KIND_COUNT ? kind : guess(octets), octets);
}

static bool
private_key_label(const char *label)
{
	return strstr(label, "PRIVATE KEY") != NULL;
}

// All blocks of a PEM file, one after the other; the worst exit code counts.
static int
show_pem(const struct request *r, struct span text)
{
	char label[PEM_LABEL_MAX + 1];
	int code = EXIT_DONE;

	for (unsigned count = 0;; count++) {
		struct buffer octets;
		struct fault f = { 0 };
		int one = EXIT_VERIFICATION;

		buffer_init(&octets, INPUT_MAX);
		enum pem_result found = pem_take(&text, label, &octets, &f);
		if (found == PEM_FOUND && private_key_label(label))
			fprintf(stderr, "cmpgate inspect: %s: key material (%s) is in there, and is never shown\n", r->file, label);
		else if (found == PEM_FOUND)
			one = show(r, kind_of_label(label), buffer_span(&octets));
		else if (found == PEM_BAD)
			fprintf(stderr, "cmpgate inspect: %s: %s\n", r->file, f.text);
		else if (count == 0)
			fprintf(stderr, "cmpgate inspect: %s: neither DER nor PEM\n", r->file);
		else
			one = EXIT_DONE;
		buffer_clear(&octets);
		code = one > code ? one : code;
		if (found != PEM_FOUND)
			return code;
	}
}

static int
run(int argc, char **argv)
{
	struct request r = { .kind = KIND_COUNT };
	struct buffer in;
	int code;

	if (!read_arguments(&r, argc, argv, &code))
		return code;
	buffer_init(&in, INPUT_MAX);
	code = input_read(&in, "inspect", r.file) ? EXIT_DONE : EXIT_LOCAL;
	if (code == EXIT_DONE && in.len == 0) {
		fprintf(stderr, "cmpgate inspect: %s: empty: no structure at all\n", r.file);
		code = EXIT_VERIFICATION;
	} else if (code == EXIT_DONE) {
		bool binary = in.data[0] == DER_SEQUENCE || in.data[0] >= 0x80 || (in.data[0] < 0x20 && strchr("\t\n\r", in.data[0]) == NULL);
		code = binary ? show(&r, KIND_COUNT, buffer_span(&in)) : show_pem(&r, buffer_span(&in));
	}
	buffer_clear(&in);
	if (code == EXIT_DONE && fflush(stdout) != 0) {
		fprintf(stderr, "cmpgate inspect: cannot write: %s\n", strerror(errno));
		code = EXIT_LOCAL;
	}
	return code;
}

const struct command command_inspect = { "inspect", run, "show what stands in a message, certificate, CRL or request" };
