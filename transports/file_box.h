// SPDX-License-Identifier: GPL-3.0-or-later
// file_box: the folders of a drop box, and the work on its files. Every call
// may block on the disk: run off the loop. Private to transports/.
#ifndef CMPGATE_TRANSPORTS_FILE_BOX_H
#define CMPGATE_TRANSPORTS_FILE_BOX_H

#include "base/blob.h"
#include "base/fault.h"

enum { FILE_NAME_MAX = 100 };	// octets of a name in in/

struct file_box { int in, out, done, bad; };	// descriptors of the folders

// Make what is missing of PATH/{in,out,done,bad} (mode 0700) and open it. PATH's parent must exist.
bool file_box_open(struct file_box *b, const char *path, struct fault *f);
void file_box_close(struct file_box *b);
// Tell whether a name is taken: NAME.pki, .der, .pem or .csr in any case, plain
// characters, no leading dot, not too long.
bool file_name_taken(const char *name);
// Write the name without its ending.
void file_name_stem(const char *name, char *out, size_t size);

enum file_read {
	FILE_WHOLE,	// *octets is the message in DER
	FILE_PKCS10,	// *octets is a PKCS#10 request in DER: NAME.csr, or PEM that says so
	FILE_PARTIAL,	// shorter than it announces, or changed while it was read
	FILE_STRANGE,	// no regular file: never touched
	FILE_BAD,	// whole, and no message: the fault says why
	FILE_GONE
};
// Read one file of in/. limit: octets of a message. *mark changes when the file does.
enum file_read file_box_read(const struct file_box *b, const char *name, size_t limit, struct blob **octets, int64_t *mark, struct fault *f);
// Write the answer to out/NAME.BODY.pki (NAME.pem for body "pem", a certificate in
// PEM) and, once it is durable, move the request to done/. An answer that stands there already with the same octets is the same answer.
bool file_box_answer(const struct file_box *b, const char *name, const char *body, struct span answer, struct fault *f);
// Move a file to bad/ and write the reason beside it.
bool file_box_bad(const struct file_box *b, const char *name, const char *reason, struct fault *f);
// Write out/NAME.status.txt anew.
bool file_box_status(const struct file_box *b, const char *name, const char *text, struct fault *f);
// Remove files of done/ that were moved there more than keep_s seconds ago.
void file_box_sweep(const struct file_box *b, int64_t keep_s);

#endif
