// SPDX-License-Identifier: GPL-3.0-or-later
// pkcs11: the part of the interface to tokens (PKCS#11 2.40) that we call. The
// numbers and the order of the functions are those of the standard; what we do
// not call is left out by its place. Private to crypto/.
#ifndef CMPGATE_CRYPTO_PKCS11_H
#define CMPGATE_CRYPTO_PKCS11_H

#include <stdint.h>

typedef unsigned long p11_number;	// CK_ULONG and all that is one: handles, flags, answers
#define P11_UNAVAILABLE (~(p11_number)0)

enum { P11_SESSION_SERIAL = 4, P11_OS_LOCKING = 2, P11_TOKEN_INITIALIZED = 0x400, P11_LOGIN_REQUIRED = 4 };
enum { P11_USER = 1, P11_CONTEXT_SPECIFIC = 2 };
enum { P11_PUBLIC_KEY = 2, P11_PRIVATE_KEY = 3, P11_RSA = 0, P11_EC = 3 };
enum {
	P11_CLASS = 0, P11_LABEL = 3, P11_KEY_TYPE = 0x100, P11_ID = 0x102, P11_MODULUS = 0x120, P11_PUBLIC_EXPONENT = 0x122,
	P11_EC_PARAMS = 0x180, P11_EC_POINT = 0x181, P11_ALWAYS_AUTHENTICATE = 0x202
};
enum {
	P11_RSA_PKCS = 1, P11_RSA_X_509 = 3, P11_RSA_PKCS_PSS = 0xD, P11_ECDSA = 0x1041,
	P11_SHA224 = 0x255, P11_SHA256 = 0x250, P11_SHA384 = 0x260, P11_SHA512 = 0x270,
	P11_MGF1_SHA224 = 5, P11_MGF1_SHA256 = 2, P11_MGF1_SHA384 = 3, P11_MGF1_SHA512 = 4
};
enum {
	P11_OK = 0, P11_BUFFER_TOO_SMALL = 0x150, P11_DEVICE_ERROR = 0x30, P11_DEVICE_REMOVED = 0x32, P11_KEY_HANDLE_INVALID = 0x60,
	P11_MECHANISM_INVALID = 0x70, P11_MECHANISM_PARAM_INVALID = 0x71, P11_OBJECT_HANDLE_INVALID = 0x82, P11_OPERATION_ACTIVE = 0x90,
	P11_PIN_INCORRECT = 0xA0, P11_PIN_INVALID = 0xA1, P11_PIN_LEN_RANGE = 0xA2, P11_PIN_LOCKED = 0xA4, P11_SESSION_CLOSED = 0xB0,
	P11_SESSION_HANDLE_INVALID = 0xB3, P11_TOKEN_NOT_PRESENT = 0xE0, P11_ALREADY_LOGGED_IN = 0x100, P11_NOT_LOGGED_IN = 0x101,
	P11_ALREADY_INITIALIZED = 0x191
};

struct p11_version { uint8_t major, minor; };
struct p11_initialize { void *calls[4]; p11_number flags; void *reserved; };
struct p11_token {
	uint8_t label[32], manufacturer[32], model[16], serial[16];
	p11_number flags, counts[10];
	struct p11_version hardware, firmware;
	uint8_t time[16];
};
struct p11_attribute { p11_number type; void *value; p11_number len; };
struct p11_mechanism { p11_number mechanism; void *parameter; p11_number len; };
struct p11_pss { p11_number digest, mask, salt; };

struct p11_calls {
	struct p11_version version;
	p11_number (*initialize)(struct p11_initialize *arguments);
	p11_number (*finalize)(void *reserved);
	void (*not_used_3[2])(void);
	p11_number (*get_slot_list)(uint8_t present, p11_number *slots, p11_number *count);
	void (*not_used_6)(void);
	p11_number (*get_token_info)(p11_number slot, struct p11_token *token);
	void (*not_used_8[5])(void);
	p11_number (*open_session)(p11_number slot, p11_number flags, void *context, void *notify, p11_number *session);
	p11_number (*close_session)(p11_number session);
	p11_number (*close_all_sessions)(p11_number slot);
	void (*not_used_16[3])(void);
	p11_number (*login)(p11_number session, p11_number user, uint8_t *pin, p11_number len);
	p11_number (*logout)(p11_number session);
	void (*not_used_21[4])(void);
	p11_number (*get_attribute_value)(p11_number session, p11_number object, struct p11_attribute *attributes, p11_number count);
	void (*not_used_26)(void);
	p11_number (*find_objects_init)(p11_number session, struct p11_attribute *pattern, p11_number count);
	p11_number (*find_objects)(p11_number session, p11_number *objects, p11_number room, p11_number *count);
	p11_number (*find_objects_final)(p11_number session);
	void (*not_used_30[13])(void);
	p11_number (*sign_init)(p11_number session, struct p11_mechanism *mechanism, p11_number key);
	p11_number (*sign)(p11_number session, uint8_t *data, p11_number data_len, uint8_t *signature, p11_number *len);
};

#endif
