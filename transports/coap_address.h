// SPDX-License-Identifier: GPL-3.0-or-later
// coap_address: the addresses of the CoAP driver: who a peer is, where to
// listen, and whether a port is free.
#ifndef CMPGATE_TRANSPORTS_COAP_ADDRESS_H
#define CMPGATE_TRANSPORTS_COAP_ADDRESS_H

#include <coap3/coap.h>
#include "transports/driver.h"

enum { COAP_PEER_KEY = 22 };

// The octets that name a peer: address (IPv4 as mapped), port, scope; they stand in out.
struct span coap_address_key(const coap_address_t *a, uint8_t out[COAP_PEER_KEY]);
// Write the address without port, with its zone; true when it is written as IPv4.
bool coap_address_host(const coap_address_t *a, char *out, size_t size);
// Multicast and the limited broadcast: nobody may ask a group to enrol (RFC 9482 2.1).
bool coap_address_is_group(const coap_address_t *a);
// Say who sits at an address; identity stays empty.
void coap_address_peer(struct peer *p, const coap_address_t *a);
// The loopback address of AF_INET or AF_INET6.
coap_address_t coap_address_loopback(int family, unsigned port);
// Read the literal address of a URL, with its zone; a name is refused with the fault.
bool coap_address_read(const struct url *u, unsigned port, coap_address_t *out, struct fault *f);
// Make sure that nobody has the address's port (0: let the system choose one,
// which is written back), and hold it: a descriptor to close once libcoap has
// bound its own socket, or -errno. type is SOCK_DGRAM or SOCK_STREAM.
int coap_address_reserve(coap_address_t *a, int type);

#endif
