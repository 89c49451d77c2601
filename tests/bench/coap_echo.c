// SPDX-License-Identifier: GPL-3.0-or-later
// coap_echo SIZE: the anchor of the fwd-coap rows: a plain libcoap server that
// lets the library do the blocks and answers each POST with SIZE octets.
#include <coap3/coap.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t body[70000];
static size_t body_len;

static void
on_post(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request, const coap_string_t *query, coap_pdu_t *response)
{
	coap_pdu_set_code(response, COAP_RESPONSE_CODE_CHANGED);
	coap_add_data_large_response(resource, session, request, response, query, 259, -1, 0, body_len, body, NULL, NULL);
}

int
main(int argc, char **argv)
{
	coap_address_t a;
	int port = 20000 + rand() % 20000;

	body_len = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	if (body_len == 0 || body_len > sizeof(body))
		return 2;
	coap_startup();
	coap_set_log_level(3);
	coap_context_t *ctx = coap_new_context(NULL);
	coap_context_set_block_mode(ctx, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
	coap_endpoint_t *ep = NULL;
	for (int i = 0; i < 100 && ep == NULL; i++) {
		coap_address_init(&a);
		a.addr.sin.sin_family = AF_INET;
		a.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.addr.sin.sin_port = htons((uint16_t)++port);
		a.size = sizeof(a.addr.sin);
		ep = coap_new_endpoint(ctx, &a, COAP_PROTO_UDP);
	}
	if (ep == NULL)
		return 1;
	coap_resource_t *r = coap_resource_init(coap_make_str_const(".well-known/cmp"), 0);
	coap_register_request_handler(r, COAP_REQUEST_POST, on_post);
	coap_add_resource(ctx, r);
	printf("port %d\n", port);
	fflush(stdout);
	for (;;)
		coap_io_process(ctx, COAP_IO_WAIT);
}
