// SPDX-License-Identifier: GPL-3.0-or-later
// plant: the devices and CAs of fuzz_gateway. Their messages are made once, well
// formed, of every kind; for a script they are addressed, changed and protected
// again, by toy_crypto. It also tells who protected a message: nobody, when
// anything that is protected was changed after that.
#ifndef CMPGATE_TESTS_PLANT_H
#define CMPGATE_TESTS_PLANT_H

#include "codec/pkimessage.h"
#include "tests/unit/ra_people.h"

// Make them all, and the files of a gateway (people_files) in a folder. Once.
void plant_make(const char *folder);

// ---- who speaks; numbers wrap around
const struct kit_signer *plant_signer(unsigned n);		// NULL: nobody protects the message
// Tell whether a gateway of this plant may believe messages of this one, at MAKE_NOW and ten days on; or
// where it does not know the time, and its clock may stand a month before.
bool plant_is_trusted(const struct kit_signer *who, bool time_known);

enum plant_protector { PLANT_NOBODY, PLANT_RA, PLANT_SIGNER, PLANT_SECRET };
// Whose key or secret the protection verifies with. *who: of SIGNER and SECRET (the
// first of those who share it). It says nothing about certificates.
enum plant_protector plant_protector(const struct pkimessage *m, const struct kit_signer **who);
// GeneralName of the gateway's credential.
struct span plant_ra_name(void);

// ---- messages: a fresh copy in out (which is cleared first); numbers wrap around
// A request of the n-th kind by the s-th signer.
void plant_request(struct buffer *out, unsigned n, unsigned signer);
// A CertificationRequest in DER.
void plant_pkcs10(struct buffer *out);
// What a CA says to a request of this body by the n-th signer, or of plant_pkcs10(): RIGHT, or something else.
#define PLANT_FILE 1000u
enum plant_say { SAY_RIGHT, SAY_IMPLICIT, SAY_OTHER_KEY, SAY_OTHER_NAME, SAY_ROGUE, SAY_CA_PUBS, SAY_WAITING, SAY_REJECTION, SAY_ERROR, SAY_POLL_REP, SAY_PKI_CONF,
	SAY_GENP, SAY_RP, SAY_KRP, SAY_ODD, SAY_COUNT };
void plant_answer(struct buffer *out, enum plant_say say, enum body request, unsigned asking);
// The same by another than the CA: a CA of another plant, a device, nobody, a secret.
void plant_false_answer(struct buffer *out, enum plant_say say, enum body request, unsigned by);
// A nested message of the n-th of those who send them, around these (whole messages, or whatever they are).
void plant_nested(struct buffer *out, unsigned n, const struct span *inner, size_t count);

// ---- changes
// Where they are: fields of 16 octets (the hash: 32) that the message has are overwritten; len 0: left.
struct plant_address { struct span id, nonce, recip, hash; };
void plant_address(struct buffer *m, const struct plant_address *a);
// Sign the request within by its new key; protect the message as this signer does
// (NULL: nothing). What cannot be found any more, or has no room, stays as it is.
void plant_prove(struct buffer *m);
void plant_protect(struct buffer *m, const struct kit_signer *by);

#endif
