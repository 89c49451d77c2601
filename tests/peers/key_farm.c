// SPDX-License-Identifier: GPL-3.0-or-later
// key_farm FOLDER: write a root certificate (farm.der) there.
// key_farm FOLDER PORT COUNT: be COUNT devices, each with a P-256 key and a
// certificate of its own under that root, and send a genm each over one HTTP
// connection to 127.0.0.1. Every seventh signature is wrong. The gateway must
// answer genp, and to those badMessageCheck; "COUNT right" when it does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "codec/certificate.h"
#include "codec/extension.h"
#include "codec/itav.h"
#include "codec/oid.h"
#include "codec/originate.h"
#include "codec/response.h"
#include "pki/algorithm.h"
#include "tests/unit/pki_make.h"

enum { ROOM = 65536 };
#define ROOT "O=Farm,CN=Root"

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "key_farm: %s\n", what);
	exit(1);
}

// ---- keys and certificates

static struct private_key *
key_number(unsigned n)
{
	uint8_t digest[DIGEST_MAX];
	struct span seed = span_of(&n, sizeof(n));
	struct fault f = { .set = false };

	must(digest_of(DIGEST_SHA256, &seed, 1, digest), "no digest");
	digest[0] &= 0x3F;
	struct private_key *k = private_key_new(KEY_P256, span_of(digest, 32), &f);
	must(k != NULL, f.text);
	return k;
}

static void
write_root(const char *folder, struct private_key *root)
{
	struct make_certificate m = make_plan(ROOT, root, ROOT, root, true);
	char path[512];
	struct buffer b;

	m.from = clock_wall_s() - MAKE_DAY;
	m.until = clock_wall_s() + MAKE_DAY;
	buffer_init(&b, ROOM);
	make_certificate(&b, &m);
	snprintf(path, sizeof(path), "%s/farm.der", folder);
	FILE *f = fopen(path, "w");
	must(f != NULL && fwrite(b.data, 1, b.len, f) == b.len && fclose(f) == 0, path);
	buffer_clear(&b);
}

// ---- messages

static void
sign(struct private_key *k, const struct signature_scheme *scheme, struct span header, struct span body, struct buffer *out)
{
	struct der_writer w;
	struct span part;
	struct fault f = { .set = false };

	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, header);
	der_put_raw(&w, body);
	der_close(&w);
	must(der_finish(&w, &part) && private_key_sign(k, scheme, &part, 1, out, &f) == CRYPTO_OK, "no signature");
	der_writer_clear(&w);
}

// A genm for caCerts by device n.
static void
put_message(struct buffer *out, unsigned n, struct private_key *root, bool wrong)
{
	struct private_key *k = key_number(n + 1);
	struct signature_scheme scheme = algorithm_of_key(private_key_public(k));
	char subject[64];
	uint8_t id[16], nonce[16];
	struct certificate c;
	struct extension e;
	struct span kid = span_of(NULL, 0), algorithm = kid, itavs = kid, sender = kid;
	struct der_writer alg, body, name;
	struct buffer certificate, header, contents, signature;

	snprintf(subject, sizeof(subject), "O=Farm,CN=device %u", n);
	struct make_certificate m = make_plan(subject, k, ROOT, root, false);
	m.from = clock_wall_s() - MAKE_DAY;
	m.until = clock_wall_s() + MAKE_DAY;
	buffer_init(&certificate, ROOM);
	buffer_init(&header, ROOM);
	buffer_init(&contents, ROOM);
	buffer_init(&signature, ROOM);
	der_writer_init(&alg, ROOM);
	der_writer_init(&body, ROOM);
	der_writer_init(&name, ROOM);
	make_certificate(&certificate, &m);
	must(certificate_parse(&c, buffer_span(&certificate), NULL), "no certificate");
	must(extension_find(c.extensions, CE_SUBJECT_KEY_ID, &e) && subject_key_id_read(e.value, &kid, NULL), "no key identifier");
	algorithm_write_signature(&alg, &scheme);
	der_put(&name, DER_CONTEXT_CONS(4), c.subject);
	itav_write(&body, IT_CA_CERTS, span_of(NULL, 0));
	must(random_octets(id, 16) && random_octets(nonce, 16) && der_finish(&alg, &algorithm) && der_finish(&body, &itavs) && der_finish(&name, &sender), "no parts");
	struct header_plan plan = { .pvno = 2, .sender = sender, .transaction_id = span_of(id, 16), .sender_nonce = span_of(nonce, 16), .protection_alg = algorithm, .sender_kid = kid };
	must(build_header(&header, &plan) && build_genm_body(&contents, itavs), "no message");
	sign(k, &scheme, buffer_span(&header), buffer_span(&contents), &signature);
	if (wrong)
		signature.data[signature.len - 1] ^= 1;
	must(build_message(out, buffer_span(&header), buffer_span(&contents), buffer_span(&signature), buffer_span(&certificate)), "no message");
	buffer_clear(&certificate);
	buffer_clear(&header);
	buffer_clear(&contents);
	buffer_clear(&signature);
	der_writer_clear(&alg);
	der_writer_clear(&body);
	der_writer_clear(&name);
	private_key_unref(k);
}

// ---- HTTP

static int
dial(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "cannot connect");
	return fd;
}

static void
send_all(int fd, const void *octets, size_t len)
{
	const char *at = octets;

	while (len > 0) {
		ssize_t n = write(fd, at, len);
		must(n > 0, "cannot send");
		at += n;
		len -= (size_t)n;
	}
}

// One response with Content-Length; its content in out.
static void
receive(int fd, struct buffer *out)
{
	static char head[ROOM];
	size_t have = 0, length;
	char *end = NULL;

	while (end == NULL) {
		ssize_t n = read(fd, head + have, sizeof(head) - 1 - have);
		must(n > 0, "the gateway closed the connection");
		have += (size_t)n;
		head[have] = '\0';
		end = strstr(head, "\r\n\r\n");
	}
	char *field = strcasestr(head, "\r\nContent-Length:");
	must(field != NULL && field < end && strncmp(head, "HTTP/1.1 200", 12) == 0, head);
	length = strtoul(field + 17, NULL, 10);
	out->len = 0;
	buffer_append(out, span_of(end + 4, have - (size_t)(end + 4 - head)));
	while (out->len < length) {
		ssize_t n = read(fd, head, sizeof(head));
		must(n > 0 && buffer_append(out, span_of(head, (size_t)n)), "half an answer");
	}
}

static bool
is_right(const struct buffer *answer, bool wrong)
{
	struct error_content e;
	struct pkimessage m;

	if (!pkimessage_parse(&m, buffer_span(answer), NULL, NULL))
		return false;
	if (!wrong)
		return m.body == BODY_GENP;
	struct span in = m.body_contents;
	return m.body == BODY_ERROR && error_content_take(&in, &e, NULL) && status_failure(&e.status) == FAIL_BAD_MESSAGE_CHECK;
}

static void
run(const char *port, unsigned count, struct private_key *root)
{
	int fd = dial(port);
	struct buffer message, request, answer;
	unsigned right = 0;

	buffer_init(&message, ROOM);
	buffer_init(&request, ROOM);
	buffer_init(&answer, ROOM);
	for (unsigned n = 0; n < count; n++) {
		bool wrong = n % 7 == 6;
		message.len = 0;
		put_message(&message, n, root, wrong);
		// In one piece: two would wait for each other's acknowledgement.
		request.len = 0;
		buffer_printf(&request, "POST / HTTP/1.1\r\nHost: gate\r\nContent-Type: application/pkixcmp\r\nContent-Length: %zu\r\n\r\n", message.len);
		buffer_append(&request, buffer_span(&message));
		send_all(fd, request.data, request.len);
		receive(fd, &answer);
		right += is_right(&answer, wrong);
	}
	buffer_clear(&message);
	buffer_clear(&request);
	buffer_clear(&answer);
	close(fd);
	printf("%u right\n", right);
}

int
main(int argc, char **argv)
{
	struct fault f = { .set = false };

	must(argc == 2 || argc == 4, "usage: key_farm FOLDER [PORT COUNT]");
	must(crypto_start(&f), f.text);
	struct private_key *root = key_number(0);
	if (argc == 2)
		write_root(argv[1], root);
	else
		run(argv[2], (unsigned)atoi(argv[3]), root);
	private_key_unref(root);
	make_keys_free();
	crypto_stop();
	return 0;
}
