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
// Take the box for oneself, until it is closed; false while somebody else has it.
bool file_box_lock(const struct file_box *b);
void file_box_close(struct file_box *b);
// Tell whether a name is taken: NAME.pki, .der, .pem or .csr in any case, plain
// characters, no leading dot, not too long.
bool file_name_taken(const char *name);
// Why a name is not taken, for people; NULL when it is.
const char *file_name_odd(const char *name);
// Write the name without its ending.
void file_name_stem(const char *name, char *out, size_t size);

// What a file was when it was read: by this it is known again, since another one
// may have taken its name.
struct file_mark {
	uint64_t inode, content;	// content: a hash, when `read`
	int64_t size, mtime_ns;
	bool read;
	bool sure;			// WHOLE, and nothing about it says that it may still be being written
};
// The same file in the same state.
bool file_mark_unchanged(const struct file_mark *a, const struct file_mark *b);
// The same content; without content, the same file in the same state.
bool file_mark_same(const struct file_mark *a, const struct file_mark *b);

enum file_read {
	FILE_WHOLE,	// *octets is the message in DER
	FILE_PKCS10,	// *octets is a PKCS#10 request in DER: NAME.csr, or PEM that says so
	FILE_PARTIAL,	// shorter than it announces, still zero where it begins, or changed while it was read
	FILE_STRANGE,	// no regular file: never touched
	FILE_BAD,	// whole, and no message: the fault says why
	FILE_GONE
};
// Read one file of in/. limit: octets of a message.
enum file_read file_box_read(const struct file_box *b, const char *name, size_t limit, struct blob **octets, struct file_mark *mark, struct fault *f);
// Write the answer to out/NAME.BODY.pki, the next one of a name to NAME.BODY.2.pki (for
// body "pem", a certificate in PEM: NAME.pem, NAME.pem.2) and, once it is durable, move the request to done/. An answer that stands there already
// with the same octets is the same answer. *left: in/ holds another file under the name by now, which stays.
bool file_box_answer(const struct file_box *b, const char *name, const struct file_mark *mark, const char *body, struct span answer,
	bool *left, struct fault *f);
// What is written here and below can be read by the group when its folder can, else by our user alone.
// Move a file to bad/NAME and write the reason to bad/NAME.txt, both with a number
// when taken. *left as above; then nothing is written.
bool file_box_bad(const struct file_box *b, const char *name, const struct file_mark *mark, const char *reason, bool *left, struct fault *f);
// Write out/NAME.status.txt anew.
bool file_box_status(const struct file_box *b, const char *name, const char *text, struct fault *f);
// Remove files of done/ that were moved there more than keep_s seconds ago.
void file_box_sweep(const struct file_box *b, int64_t keep_s);

#endif
