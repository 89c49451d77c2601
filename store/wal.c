// SPDX-License-Identifier: GPL-3.0-or-later
// wal: looks at the -wal before SQLite does. SQLite takes any -wal of sound
// checksums over into any database beside it, and ends silently at the first
// frame that is not sound. So two questions are answered here: does it belong
// to this database (see struct stamp), and is it torn at its end, as a cut
// leaves it, or broken before its end, which loses commits that were released.
#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/memory.h"

enum {
	HEADER = 32, FRAME_HEADER = 24, FRAME = FRAME_HEADER + STORE_PAGE,
	MAGIC_LITTLE = 0x377f0682, MAGIC_BIG = 0x377f0683,	// order of octets in the sums
	STAMP_PAGE = 2						// the table `meta` was made first
};

struct reader {
	int fd;
	bool big;
	uint8_t salts[8];
	uint32_t sum[2];	// as stored with the frame before
	uint8_t frame[FRAME];
};

static uint32_t
get(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static uint32_t
word(const struct reader *r, const uint8_t *in)
{
	return r->big ? get(in) : (uint32_t)in[3] << 24 | (uint32_t)in[2] << 16 | (uint32_t)in[1] << 8 | in[0];
}

// The running sum of SQLite's file format, section 4.2; len is a multiple of 8.
static void
add(const struct reader *r, uint32_t sum[2], const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		sum[0] += word(r, in + i) + sum[1];
		sum[1] += word(r, in + i + 4) + sum[0];
	}
}

static bool
read_header(struct reader *r)
{
	uint8_t h[HEADER];
	uint32_t sum[2] = { 0, 0 };

	if (pread(r->fd, h, sizeof(h), 0) != HEADER || (get(h) != MAGIC_LITTLE && get(h) != MAGIC_BIG) || get(h + 8) != STORE_PAGE)
		return false;
	r->big = get(h) == MAGIC_BIG;
	memcpy(r->salts, h + 16, sizeof(r->salts));
	add(r, sum, h, HEADER - 8);
	memcpy(r->sum, sum, sizeof(sum));
	return sum[0] == get(h + 24) && sum[1] == get(h + 28);
}

enum frame { FRAME_NONE, FRAME_SOUND, FRAME_UNSOUND, FRAME_UNREADABLE };

// Read frame n, and go on from the sum that stands in it, whether it was sound or not.
static enum frame
read_frame(struct reader *r, size_t n)
{
	uint32_t sum[2] = { r->sum[0], r->sum[1] };
	ssize_t got = pread(r->fd, r->frame, FRAME, (off_t)(HEADER + n * FRAME));

	if (got < 0)
		return FRAME_UNREADABLE;
	if (got < FRAME)
		return FRAME_NONE;
	add(r, sum, r->frame, 8);
	add(r, sum, r->frame + FRAME_HEADER, STORE_PAGE);
	r->sum[0] = get(r->frame + 16);
	r->sum[1] = get(r->frame + 20);
	return memcmp(r->frame + 8, r->salts, sizeof(r->salts)) == 0 && sum[0] == r->sum[0] && sum[1] == r->sum[1] ? FRAME_SOUND : FRAME_UNSOUND;
}

static bool
commits(const struct reader *r)
{
	return get(r->frame + 4) != 0;
}

// After an unsound frame. A commit is written only when the one before it is
// safely on the disk; so a sound frame behind the end of another commit says
// that what stands before was whole once: not a cut, but damage. The sum of
// the first frame behind the unsound one may be wrong with it, no other.
static bool
goes_on(struct reader *r, size_t n)
{
	bool ended = commits(r);

	for (size_t behind = 1;; behind++) {
		enum frame kind = read_frame(r, n + behind);
		if (kind == FRAME_NONE || kind == FRAME_UNREADABLE || (kind == FRAME_UNSOUND && behind > 1))
			return false;
		if (kind == FRAME_SOUND && ended)
			return true;
		ended = ended || commits(r);
	}
}

static bool
belongs(const struct stamp *base, const struct stamp *first)
{
	return memcmp(base->id, first->id, sizeof(base->id)) == 0 &&
		(first->number == base->number || (first->number == base->number + 1 && base->ended));
}

static enum wal
look(struct reader *r, const struct stamp *base)
{
	struct stamp first, one;
	bool stamped = false;
	size_t whole = 0;	// commits

	for (size_t n = 0;; n++) {
		switch (read_frame(r, n)) {
		case FRAME_UNREADABLE:
			return WAL_UNREADABLE;
		case FRAME_NONE:
			return whole > 0 ? WAL_FITS : WAL_NOTHING;
		case FRAME_UNSOUND:
			if (goes_on(r, n))
				return WAL_BROKEN;
			return whole > 0 ? WAL_FITS : WAL_NOTHING;
		case FRAME_SOUND:
			break;
		}
		if (whole == 0 && get(r->frame) == STAMP_PAGE && stamp_find(&one, span_of(r->frame + FRAME_HEADER, STORE_PAGE))) {
			first = one;
			stamped = true;
		}
		if (!commits(r))
			continue;
		if (whole++ == 0 && (!stamped || !belongs(base, &first)))
			return WAL_FOREIGN;
	}
}

enum wal
wal_look(struct store_db *db, const struct stamp *base)
{
	struct reader *r = mem_alloc(sizeof(*r));
	enum wal kind = WAL_UNREADABLE;
	struct stat st;

	if (r == NULL)
		return WAL_UNREADABLE;
	r->fd = openat(db->folder_fd, STORE_FILE "-wal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->fd < 0) {
		kind = errno == ENOENT ? WAL_NOTHING : WAL_UNREADABLE;
	} else if (fstat(r->fd, &st) == 0) {
		// The header is on the disk before the first frame is written.
		if (st.st_size < HEADER + FRAME_HEADER)
			kind = WAL_NOTHING;
		else
			kind = read_header(r) ? look(r, base) : WAL_BROKEN;
	}
	if (r->fd >= 0)
		close(r->fd);
	mem_free(r);
	return kind;
}
