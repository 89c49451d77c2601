// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks, duplicates and paths of CoAP, without sockets.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "transports/coap_block.h"
#include "transports/coap_path.h"
#include "transports/label.h"
#include "transports/coap_replay.h"

// ---- The option

static void
option_values(void **state)
{
	static const struct { uint8_t octets[3]; size_t len; struct coap_block b; } rows[] = {
		{ { 0 }, 0, { 0, false, 0 } },
		{ { 0x06 }, 1, { 0, false, 6 } },
		{ { 0x0e }, 1, { 0, true, 6 } },
		{ { 0xff }, 1, { 15, true, 7 } },
		{ { 0x01, 0x08 }, 2, { 16, true, 0 } },
		{ { 0xff, 0xfa }, 2, { 4095, true, 2 } },
		{ { 0xff, 0xff, 0xff }, 3, { COAP_BLOCK_NUM_MAX, true, 7 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct coap_block b;
		uint8_t out[3];
		assert_true(coap_block_read(&b, span_of(rows[i].octets, rows[i].len)));
		assert_int_equal(b.num, rows[i].b.num);
		assert_int_equal(b.more, rows[i].b.more);
		assert_int_equal(b.szx, rows[i].b.szx);
		assert_int_equal(coap_block_write(&b, out), rows[i].len);
		assert_true(span_equal(span_of(out, rows[i].len), span_of(rows[i].octets, rows[i].len)));
	}
	struct coap_block b;
	assert_false(coap_block_read(&b, span_of("\0\0\0\0", 4)));
	assert_int_equal(coap_block_size(0), 16);
	assert_int_equal(coap_block_size(6), 1024);
	assert_int_equal(coap_block_size(COAP_SZX_BERT), 1024);
}

static void
slices(void **state)
{
	uint8_t whole[40] = { 0 };
	struct span part;
	struct coap_block b = { .num = 0, .szx = 0 };

	(void)state;
	assert_true(coap_block_slice(&b, span_of(whole, 40), &part));
	assert_true(b.more);
	assert_int_equal(part.len, 16);
	b.num = 2;
	assert_true(coap_block_slice(&b, span_of(whole, 40), &part));
	assert_false(b.more);
	assert_ptr_equal(part.data, whole + 32);
	assert_int_equal(part.len, 8);
	b.num = 3;
	assert_false(coap_block_slice(&b, span_of(whole, 40), &part));
	b.num = 1;
	assert_true(coap_block_slice(&b, span_of(whole, 32), &part));
	assert_false(b.more);
	b.num = 2;
	assert_false(coap_block_slice(&b, span_of(whole, 32), &part));
	b.num = 0;
	assert_true(coap_block_slice(&b, span_of(NULL, 0), &part));
	assert_int_equal(part.len, 0);
	b.num = 1;
	assert_false(coap_block_slice(&b, span_of(NULL, 0), &part));
	b = (struct coap_block){ .num = COAP_BLOCK_NUM_MAX, .szx = 6 };
	assert_false(coap_block_slice(&b, span_of(whole, 40), &part));
}

// ---- Uploads

static uint8_t content[4096];
static struct coap_assemblies table;
static struct blob *whole;

static const struct coap_assembly_limits usual = { .message = 2048, .count = 4, .per_peer = 2, .octets = 8192, .timeout = 1000 };

static int
begin(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 256);
	return coap_assemblies_init(&table, &usual) ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	coap_assemblies_clear(&table);
	assert_int_equal(blob_bytes(), 0);
	return 0;
}

static struct coap_piece
piece_of(const char *peer, const char *tag, uint32_t num, bool more, unsigned szx, const void *data, size_t len)
{
	return (struct coap_piece){
		.peer = span_text(peer), .tag = span_text(tag), .path = span_text("/cmp"),
		.block = { num, more, szx }, .payload = span_of(data, len), .mid = -1
	};
}

static enum coap_step
take_of(const char *peer, const char *tag, uint32_t num, bool more, unsigned szx, const void *data, size_t len)
{
	struct coap_piece piece = piece_of(peer, tag, num, more, szx, data, len);

	return coap_assemblies_take(&table, &piece, 0, &whole);
}

static enum coap_step
take(uint32_t num, bool more, unsigned szx, const void *data, size_t len)
{
	return take_of("peer", "", num, more, szx, data, len);
}

static void
assert_whole(const void *data, size_t len)
{
	assert_non_null(whole);

	assert_true(span_equal(blob_span(whole), span_of(data, len)));
	blob_unref(whole);
	whole = NULL;
}

static void
assembles_all_sizes(void **state)
{
	(void)state;
	for (unsigned szx = 0; szx <= COAP_SZX_MAX; szx++) {
		size_t size = coap_block_size(szx), len = 1500;
		for (size_t at = 0; at < len; at += size) {
			bool more = len - at > size;
			enum coap_step step = take((uint32_t)(at / size), more, szx, content + at, more ? size : len - at);
			assert_int_equal(step, more ? COAP_STEP_CONTINUE : COAP_STEP_COMPLETE);
		}
		assert_whole(content, len);
	}
	assert_int_equal(table.map.count, 0);
	assert_int_equal(table.octets, 0);
	assert_int_equal(table.dropped, 0);
}

static void
block_sizes_may_shrink_only(void **state)
{
	(void)state;
	assert_int_equal(take(0, true, 2, content, 64), COAP_STEP_CONTINUE);
	assert_int_equal(take(2, true, 1, content + 64, 32), COAP_STEP_CONTINUE);
	assert_int_equal(take(3, false, 1, content + 96, 5), COAP_STEP_COMPLETE);
	assert_whole(content, 101);
	assert_int_equal(take(0, true, 2, content, 64), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, true, 3, content + 64, 128), COAP_STEP_BAD);
	assert_int_equal(take(1, true, 2, content + 64, 64), COAP_STEP_INCOMPLETE);
}

static void
sizes_against_the_rules(void **state)
{
	(void)state;
	assert_int_equal(take(0, true, 2, content, 63), COAP_STEP_BAD);
	assert_int_equal(take(0, true, 2, content, 65), COAP_STEP_BAD);
	assert_int_equal(take(0, false, 2, content, 65), COAP_STEP_BAD);
	assert_int_equal(take(0, false, 2, content, 64), COAP_STEP_COMPLETE);
	assert_whole(content, 64);
	assert_int_equal(take(0, true, 2, content, 64), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, false, 2, content, 65), COAP_STEP_BAD);
	assert_int_equal(table.map.count, 0);
	assert_int_equal(take(0, true, 7, content, 1024), COAP_STEP_BAD);
}

static void
streams_may_send_many_blocks_at_once(void **state)
{
	struct coap_piece piece = piece_of("peer", "", 0, true, COAP_SZX_BERT, content, 1024);

	(void)state;
	piece.stream = true;
	piece.payload.len = 1000;
	assert_int_equal(coap_assemblies_take(&table, &piece, 0, &whole), COAP_STEP_BAD);
	piece.payload.len = 1024;
	assert_int_equal(coap_assemblies_take(&table, &piece, 0, &whole), COAP_STEP_CONTINUE);
	piece.block = (struct coap_block){ 1, false, COAP_SZX_BERT };
	piece.payload = span_of(content + 1024, 1024);
	assert_int_equal(coap_assemblies_take(&table, &piece, 0, &whole), COAP_STEP_COMPLETE);
	assert_whole(content, 2048);
}

static void
order_is_kept(void **state)
{
	(void)state;
	assert_int_equal(take(1, true, 0, content, 16), COAP_STEP_INCOMPLETE);
	assert_int_equal(table.dropped, 0);
	assert_int_equal(take(0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take(2, true, 0, content + 32, 16), COAP_STEP_INCOMPLETE);
	assert_int_equal(table.dropped, 1);
	// The same block again, with equal content, then with other content.
	assert_int_equal(take(0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, true, 0, content + 16, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, true, 0, content + 16, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, true, 0, content + 17, 16), COAP_STEP_INCOMPLETE);
	assert_int_equal(take(2, false, 0, content + 32, 16), COAP_STEP_INCOMPLETE);
}

static void
block_0_begins_anew(void **state)
{
	(void)state;
	assert_int_equal(take(0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, true, 0, content + 16, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take(0, true, 0, content + 100, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, false, 0, content + 116, 4), COAP_STEP_COMPLETE);
	assert_whole(content + 100, 20);
	assert_int_equal(table.dropped, 0);
	// All in one block voids what was there.
	assert_int_equal(take(0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take(0, false, 0, content, 16), COAP_STEP_COMPLETE);
	assert_whole(content, 16);
	assert_int_equal(table.map.count, 0);
}

static void
block_0_sent_twice_is_no_restart(void **state)
{
	struct coap_piece first = piece_of("peer", "", 0, true, 0, content, 16);

	(void)state;
	first.mid = 7;
	assert_int_equal(coap_assemblies_take(&table, &first, 0, &whole), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, true, 0, content + 16, 16), COAP_STEP_CONTINUE);
	assert_int_equal(coap_assemblies_take(&table, &first, 0, &whole), COAP_STEP_CONTINUE);
	assert_int_equal(take(2, false, 0, content + 32, 1), COAP_STEP_COMPLETE);
	assert_whole(content, 33);
}

static void
tags_and_peers_are_apart(void **state)
{
	(void)state;
	assert_int_equal(take_of("a", "", 0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("a", "t", 0, true, 0, content + 50, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("b", "", 0, true, 0, content + 90, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("a", "t", 1, false, 0, content + 66, 3), COAP_STEP_COMPLETE);
	assert_whole(content + 50, 19);
	assert_int_equal(take_of("a", "", 1, false, 0, content + 16, 3), COAP_STEP_COMPLETE);
	assert_whole(content, 19);
	assert_int_equal(take_of("b", "", 1, false, 0, content + 106, 3), COAP_STEP_COMPLETE);
	assert_whole(content + 90, 19);
}

static void
limit_of_one_message(void **state)
{
	struct coap_piece piece = piece_of("peer", "", 0, true, 6, content, 1024);

	(void)state;
	piece.sized = true;
	piece.size = 2049;
	assert_int_equal(coap_assemblies_take(&table, &piece, 0, &whole), COAP_STEP_TOO_LARGE);
	piece.size = UINT32_MAX;
	assert_int_equal(coap_assemblies_take(&table, &piece, 0, &whole), COAP_STEP_TOO_LARGE);
	assert_int_equal(table.octets, 0);
	piece.size = 2048;
	assert_int_equal(coap_assemblies_take(&table, &piece, 0, &whole), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, true, 6, content + 1024, 1024), COAP_STEP_CONTINUE);
	assert_int_equal(take(2, false, 6, content + 2048, 1), COAP_STEP_TOO_LARGE);
	assert_int_equal(table.map.count, 0);
	assert_int_equal(take(0, true, 6, content, 1024), COAP_STEP_CONTINUE);
	assert_int_equal(take(1, false, 6, content + 1024, 1024), COAP_STEP_COMPLETE);
	assert_whole(content, 2048);
}

static void
limits_of_all(void **state)
{
	(void)state;
	assert_int_equal(take_of("a", "1", 0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("a", "2", 0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("a", "3", 0, true, 0, content, 16), COAP_STEP_RATE);
	assert_int_equal(take_of("a", "2", 0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("b", "", 0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("c", "", 0, true, 0, content, 16), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("d", "", 0, false, 0, content, 16), COAP_STEP_COMPLETE);
	assert_whole(content, 16);
	assert_int_equal(coap_assemblies_wait(&table, 0), 1);
}

// The address is what counts, whatever the port.
static char *
peer_at(char out[32], int address, int port)
{
	snprintf(out, 32, "address %08d%06d", address, port);
	return out;
}

static enum coap_step
begin_at(int address, int port)
{
	char peer[32];

	return take_of(peer_at(peer, address, port), "", 0, true, 0, content, 16);
}

static enum coap_step
go_on_at(int address, int port, uint32_t num)
{
	char peer[32];

	return take_of(peer_at(peer, address, port), "", num, true, 0, content + num * 16, 16);
}

// A flood of first blocks, each from another address, costs the uploads that go on nothing.
static void
first_blocks_make_place(void **state)
{
	(void)state;
	table.limits.count = 16;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(begin_at(1, i), COAP_STEP_CONTINUE);
		assert_int_equal(begin_at(100 + i, 1), COAP_STEP_CONTINUE);
		assert_int_equal(go_on_at(100 + i, 1, 1), COAP_STEP_CONTINUE);
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(begin_at(1000 + i, 1), COAP_STEP_CONTINUE);
	assert_int_equal(table.map.count, 16);
	for (int i = 0; i < 4; i++)
		assert_int_equal(go_on_at(100 + i, 1, 2), COAP_STEP_CONTINUE);
	// The newest are there, the oldest have gone.
	assert_int_equal(go_on_at(1999, 1, 1), COAP_STEP_CONTINUE);
	assert_int_equal(go_on_at(1000, 1, 1), COAP_STEP_INCOMPLETE);
	assert_true(table.sources.count <= 16);
}

// One address with many ports pays for itself, though its uploads go on.
static void
one_address_pays_first(void **state)
{
	(void)state;
	table.limits.count = 16;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(begin_at(7, i), COAP_STEP_CONTINUE);	// a quarter is allowed
		assert_int_equal(begin_at(20 + i, 1), COAP_STEP_CONTINUE);
	}
	for (int i = 0; i < 100; i++) {
		assert_int_equal(begin_at(9, i), COAP_STEP_CONTINUE);
		assert_int_equal(go_on_at(9, i, 1), COAP_STEP_CONTINUE);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(go_on_at(7, i, 1), COAP_STEP_CONTINUE);
		assert_int_equal(go_on_at(20 + i, 1, 1), COAP_STEP_CONTINUE);
	}
	assert_int_equal(go_on_at(9, 0, 2), COAP_STEP_INCOMPLETE);
	assert_int_equal(go_on_at(9, 99, 2), COAP_STEP_CONTINUE);
	assert_int_equal(begin_at(5, 1), COAP_STEP_CONTINUE);
	assert_int_equal(table.map.count, 16);
}

static void
limit_of_memory(void **state)
{
	(void)state;
	table.limits.octets = 3072;
	assert_int_equal(take_of("a", "", 0, true, 6, content, 1024), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("a", "", 1, true, 6, content, 1024), COAP_STEP_CONTINUE);
	assert_int_equal(table.octets, 2048);
	assert_int_equal(take_of("b", "", 0, true, 6, content, 1024), COAP_STEP_CONTINUE);
	assert_int_equal(table.octets, 3072);
	// One that grows takes the memory of another; alone it is given up.
	assert_int_equal(take_of("b", "", 1, true, 6, content, 1024), COAP_STEP_CONTINUE);
	assert_int_equal(table.octets, 2048);
	assert_int_equal(table.map.count, 1);
	assert_int_equal(table.dropped, 1);
	table.limits.octets = 1024;
	assert_int_equal(take_of("b", "", 2, true, 6, content, 1), COAP_STEP_BAD);
	assert_int_equal(take_of("b", "", 0, true, 6, content, 1024), COAP_STEP_CONTINUE);
	assert_int_equal(take_of("b", "", 1, true, 6, content, 1024), COAP_STEP_BUSY);
	assert_int_equal(table.octets, 0);
	assert_int_equal(table.map.count, 0);
	assert_int_equal(table.sources.count, 0);
}

static void
old_uploads_go(void **state)
{
	struct coap_piece piece = piece_of("peer", "", 0, true, 0, content, 16);

	(void)state;
	assert_true(coap_assemblies_due(&table) == INT64_MAX);
	coap_assemblies_take(&table, &piece, 5, &whole);
	assert_int_equal(coap_assemblies_due(&table), 1005);
	piece.block.num = 1;
	assert_int_equal(coap_assemblies_take(&table, &piece, 1004, &whole), COAP_STEP_CONTINUE);
	assert_int_equal(coap_assemblies_wait(&table, 1004), 1);
	coap_assemblies_expire(&table, 2003);
	assert_int_equal(table.map.count, 1);
	piece.block.num = 2;
	assert_int_equal(coap_assemblies_take(&table, &piece, 2004, &whole), COAP_STEP_INCOMPLETE);
	assert_int_equal(table.map.count, 0);
	assert_int_equal(table.dropped, 1);
}

// No allocation that fails may lose memory or mix bodies up.
static void
without_memory(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 8; n++) {
		mem_fail(n, 0);
		enum coap_step steps[2] = { take(0, true, 4, content, 256), take(1, false, 4, content + 256, 100) };
		mem_fail(0, 0);
		if (steps[1] == COAP_STEP_COMPLETE)
			assert_whole(content, 356);
		assert_null(whole);
		coap_assemblies_expire(&table, INT64_MAX - 1);
		assert_int_equal(table.octets, 0);
	}
}

// ---- Duplicates

static struct replay cache;

static int
begin_cache(void **state)
{
	(void)state;
	return replay_init(&cache, 2) ? 0 : -1;
}

static int
end_cache(void **state)
{
	(void)state;
	replay_clear(&cache);
	assert_int_equal(blob_bytes(), 0);
	return 0;
}

static struct replay_entry *
open_entry(const char *peer, int64_t mid, const char *tag, int64_t now)
{
	struct replay_key key = { .peer = span_text(peer), .mid = mid, .path = span_text("/cmp"), .tag = span_text(tag) };
	struct replay_entry *e = replay_open(&cache, &key, 77, now);

	assert_non_null(e);
	return e;
}

static void
finish(struct replay_entry *e, const char *body, int64_t now)
{
	struct coap_answer a = { .code = 0x44, .body = blob_new(span_text(body)), .parted = true };

	replay_finish(&cache, e, &a, now);
	blob_unref(a.body);
}

// One that fits into its message.
static void
finish_whole(struct replay_entry *e, const char *body, int64_t now)
{
	struct coap_answer a = { .code = 0x44, .body = blob_new(span_text(body)) };

	replay_finish(&cache, e, &a, now);
	blob_unref(a.body);
}

static struct replay_entry *
find_answer(const char *peer, const char *tag, int64_t now)
{
	struct replay_key key = { .peer = span_text(peer), .mid = -1, .path = span_text("/cmp"), .tag = span_text(tag) };

	return replay_find_answer(&cache, &key, now);
}

static void
a_duplicate_is_found(void **state)
{
	struct span peer = span_text("a");

	(void)state;
	assert_null(replay_find(&cache, peer, 1, 0));
	struct replay_entry *e = open_entry("a", 1, "", 0);
	assert_ptr_equal(replay_find(&cache, peer, 1, 0), e);
	assert_int_equal(e->exchange, 77);
	assert_false(e->done);
	assert_null(replay_find(&cache, peer, 257, 0));
	assert_null(replay_find(&cache, span_text("b"), 1, 0));
	finish(e, "one", 10);
	assert_ptr_equal(replay_find(&cache, peer, 1, 10), e);
	assert_true(e->done);
	assert_int_equal(e->answer.code, 0x44);
	assert_null(replay_find(&cache, peer, -1, 10));
}

static void
lifetimes(void **state)
{
	struct span peer = span_text("a");
	struct replay_entry *e = open_entry("a", 1, "", 0);

	(void)state;
	finish(e, "one", 5000);
	assert_ptr_equal(replay_find(&cache, peer, 1, COAP_EXCHANGE_LIFETIME_MS - 1), e);
	assert_null(replay_find(&cache, peer, 1, COAP_EXCHANGE_LIFETIME_MS));
	assert_ptr_equal(find_answer("a", "", COAP_EXCHANGE_LIFETIME_MS + 4999), e);
	assert_int_equal(replay_due(&cache), COAP_EXCHANGE_LIFETIME_MS + 5000);
	assert_null(find_answer("a", "", COAP_EXCHANGE_LIFETIME_MS + 5000));
	assert_int_equal(cache.paths.count + cache.ids.count + cache.count, 0);
}

static void
the_oldest_answer_goes_first(void **state)
{
	struct span peer = span_text("a");

	(void)state;
	for (int i = 1; i <= 3; i++)
		open_entry("a", i, "", 0);
	struct replay_entry *running = open_entry("a", 4, "", 0);
	for (int i = 1; i <= 3; i++)
		finish(replay_find(&cache, peer, i, 0), "x", i);
	assert_null(replay_find(&cache, peer, 1, 3));
	assert_non_null(replay_find(&cache, peer, 2, 3));
	assert_non_null(replay_find(&cache, peer, 3, 3));
	assert_ptr_equal(replay_find(&cache, peer, 4, 3), running);
	assert_int_equal(cache.evicted, 1);
	replay_forget(&cache, running);
	assert_null(replay_find(&cache, peer, 4, 3));
}

// What is still to be fetched goes after all that has gone out, however many come.
static void
unfinished_answers_stay(void **state)
{
	(void)state;
	cache.limit = 3;
	struct replay_entry *large = open_entry("a", 1, "", 0);
	finish(large, "large", 0);
	for (int i = 0; i < 100; i++)
		finish_whole(open_entry("b", i, "", 1 + i), "no", 1 + i);
	assert_int_equal(cache.count, 3);
	assert_ptr_equal(find_answer("a", "", 101), large);
	assert_ptr_equal(replay_find(&cache, span_text("a"), 1, 101), large);
	// A small one of the same peer does not take its place either.
	finish_whole(open_entry("a", 2, "", 200), "small", 200);
	assert_ptr_equal(find_answer("a", "", 200), large);
	// Once its last block was fetched it is the oldest of all, and still there for a repeat.
	replay_fetched(&cache, large);
	replay_fetched(&cache, large);
	assert_ptr_equal(find_answer("a", "", 200), large);
	finish_whole(open_entry("b", 300, "", 300), "no", 300);
	assert_null(find_answer("a", "", 300));
	assert_non_null(replay_find(&cache, span_text("a"), 2, 300));
	// Of several large ones the oldest goes.
	for (int i = 0; i < 4; i++) {
		char tag[2] = { (char)('0' + i), '\0' };
		finish(open_entry("a", -1, tag, 400 + i), "large", 400 + i);
	}
	assert_null(find_answer("a", "0", 403));
	assert_non_null(find_answer("a", "1", 403));
	assert_int_equal(replay_due(&cache), COAP_EXCHANGE_LIFETIME_MS + 401);
}

static void
kept_octets_are_limited(void **state)
{
	(void)state;
	cache.limit = 100;
	cache.octet_limit = 20;
	finish(open_entry("a", 1, "", 0), "0123456789", 0);
	finish_whole(open_entry("a", 2, "", 1), "01234567", 1);
	assert_int_equal(cache.octets, 18);
	finish(open_entry("a", 3, "", 2), "0123456789", 2);
	assert_int_equal(cache.octets, 20);
	assert_null(replay_find(&cache, span_text("a"), 2, 2));
	finish_whole(open_entry("a", 4, "", 3), "0", 3);
	assert_null(replay_find(&cache, span_text("a"), 4, 3));
	assert_non_null(replay_find(&cache, span_text("a"), 1, 3));
	finish(open_entry("a", 5, "", 4), "0123456789012345678901234", 4);
	assert_int_equal(cache.octets + cache.count, 0);
	assert_int_equal(cache.evicted, 5);
}

static void
answers_by_path_and_tag(void **state)
{
	(void)state;
	struct replay_entry *one = open_entry("a", -1, "t1", 0), *two = open_entry("a", -1, "t2", 0);
	assert_null(find_answer("a", "t1", 0));
	finish(two, "two", 0);
	finish(one, "one", 0);
	assert_ptr_equal(find_answer("a", "t1", 0), one);
	assert_ptr_equal(find_answer("a", "t2", 0), two);
	assert_ptr_equal(find_answer("a", "", 0), two);
	assert_null(find_answer("a", "t3", 0));
	assert_null(find_answer("b", "", 0));
	assert_int_not_equal(one->etag, two->etag);
}

// ---- Paths

static const struct option_texts extra = { .items = (char *[]){ (char *)(uintptr_t)"/plant/cmp" }, .count = 1 };

static bool
resolve(struct label *l, const char *path)
{
	*l = (struct label){ .path = "" };
	for (const char *at = path; *at == '/';) {
		size_t len = strcspn(at + 1, "/");
		if (!coap_path_append(l, span_of(at + 1, len)))
			return false;
		at += 1 + len;
	}
	return coap_path_resolve(l, &extra);
}

static void
good_paths(void **state)
{
	static const struct { const char *path, *profile, *operation; } rows[] = {
		{ "/.well-known/cmp", "", "" },
		{ "/.well-known/cmp/ir", "", "initialization" },
		{ "/.well-known/cmp/p/plc", "plc", "" },
		{ "/.well-known/cmp/p/plc/kur", "plc", "keyupdate" },
		{ "/.well-known/cmp/p/p/p10", "p", "pkcs10" },
		{ "/cmp", "", "" },
		{ "/cmp/crls", "", "getcrls" },
		{ "/cmp/p/ir/nest", "ir", "nested" },
		{ "/plant/cmp", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct label l;
		if (!resolve(&l, rows[i].path))
			fail_msg("%s", rows[i].path);
		assert_string_equal(l.path, rows[i].path);
		assert_string_equal(l.profile, rows[i].profile);
		assert_string_equal(l.operation, rows[i].operation);
	}
}

static void
bad_paths(void **state)
{
	static const char *const rows[] = {
		"", "/", "/.well-known", "/.well-known/", "/.well-known/core", "/.well-known/cmpx", "/.well-known/cmp/", "/.well-known/cmp/ann",
		"/.well-known/cmp/initialization", "/.well-known/cmp/IR", "/.well-known/cmp/p", "/.well-known/cmp/p/", "/.well-known/cmp/p//ir",
		"/.well-known/cmp/p/plc/", "/.well-known/cmp/p/plc/xx", "/.well-known/cmp/p/plc/ir/x", "/.well-known/cmp/ir/", "/.well-known/cmp/ir/ir",
		"/cmp/p/..", "/cmp/p/.", "/cmp/p/../ir", "/cmp/p/%2e%2e%2fadmin", "/cmp/p/a?x=1", "/cmp/p/a#b", "/cmp/p/a;b", "/cmp/p/a\\b",
		"/CMP", "/cmp2", "//cmp", "/plant/cmp/ir", "/plant/cmp/", "/plant", "/cmp/p/a b", "/cmp/p/a\xc3\xa4", "/cmp/p/a\x01",
		"/cmp/p/0123456789012345678901234567890123456789012345678901234567890123",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct label l;
		if (resolve(&l, rows[i]))
			fail_msg("%s", rows[i]);
	}
	struct label l = { .path = "" };
	char longest[256];
	memset(longest, 'a', sizeof(longest));
	assert_false(coap_path_append(&l, span_of(longest, 255)));
	assert_true(coap_path_append(&l, span_of(longest, 254)));
	assert_false(coap_path_append(&l, span_of(longest, 0)));
	assert_int_equal(strlen(l.path), 255);
	l = (struct label){ .path = "" };
	assert_false(coap_path_append(&l, span_of("a/b", 3)));
	assert_false(coap_path_append(&l, span_of("a\0b", 3)));
	assert_true(resolve(&l, "/cmp/p/012345678901234567890123456789012345678901234567890123456789012"));
}

// A path that is listed although its labels are served anyway keeps its labels.
static void
listed_paths(void **state)
{
	char listed[] = "/.well-known/cmp/p/plc/ir", other[] = "/.well-known/cmp/other";
	char *items[] = { listed, other };
	const struct option_texts both = { items, 2 };
	struct label l = { .path = "/.well-known/cmp/p/plc/ir" };

	(void)state;
	assert_true(coap_path_resolve(&l, &both));
	assert_string_equal(l.profile, "plc");
	assert_string_equal(l.operation, "initialization");
	l = (struct label){ .path = "/.well-known/cmp/other" };
	assert_true(coap_path_resolve(&l, &both));
	assert_string_equal(l.profile, "");
	l = (struct label){ .path = "/.well-known/cmp/another" };
	assert_false(coap_path_resolve(&l, &both));
}

// What a path of the configuration may be, the same for every link.
static void
paths_of_all_links(void **state)
{
	static const struct { const char *path, *says; } bad[] = {
		{ "", "begin with /" }, { "a", "begin with /" }, { "/b?x=1", "query" }, { "/a b", "no request can name" }, { "/a%20b", "no request can name" },
		{ "/a#b", "no request can name" }, { "/\xc3\xa4", "no request can name" }, { "//", "empty segment" }, { "/a//b", "empty segment" },
	};
	char longest[257];
	struct fault f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		f = (struct fault){ 0 };
		if (label_check_path(bad[i].path, true, &f) || strstr(f.text, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].path, f.text);
	}
	assert_true(label_check_path("/", true, NULL));
	assert_false(label_check_path("/", false, NULL));
	assert_true(label_check_path("/pkix/", true, NULL));
	assert_false(label_check_path("/pkix/", false, NULL));
	assert_true(label_check_path("/a-b.c_d~e!$&'()*+:@=", false, NULL));
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[256] = '\0';
	assert_false(label_check_path(longest, false, NULL));
	longest[255] = '\0';
	assert_true(label_check_path(longest, false, NULL));
}

static void
configured_paths(void **state)
{
	static const char *const bad[] = { "", "/", "cmp", "/a//b", "/a/", "/a b", "/a?b", "/a%20b", "/a>b", "/.well-known/core" };
	struct fault f = { 0 };
	struct buffer out;

	(void)state;
	assert_true(coap_path_check("/plant/cmp", &f));
	assert_false(f.set);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		f = (struct fault){ 0 };
		if (coap_path_check(bad[i], &f) || !f.set)
			fail_msg("%s", bad[i]);
	}
	buffer_init(&out, 100);
	assert_true(coap_path_links(&out, &extra));

	assert_true(span_equal(buffer_span(&out), span_text("</.well-known/cmp>;ct=259,</plant/cmp>;ct=259")));
	buffer_clear(&out);
}

#define UPLOAD(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define CACHE(name) cmocka_unit_test_setup_teardown(name, begin_cache, end_cache)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(option_values),
		cmocka_unit_test(slices),
		UPLOAD(assembles_all_sizes),
		UPLOAD(block_sizes_may_shrink_only),
		UPLOAD(sizes_against_the_rules),
		UPLOAD(streams_may_send_many_blocks_at_once),
		UPLOAD(order_is_kept),
		UPLOAD(block_0_begins_anew),
		UPLOAD(block_0_sent_twice_is_no_restart),
		UPLOAD(tags_and_peers_are_apart),
		UPLOAD(limit_of_one_message),
		UPLOAD(limits_of_all),
		UPLOAD(first_blocks_make_place),
		UPLOAD(one_address_pays_first),
		UPLOAD(limit_of_memory),
		UPLOAD(old_uploads_go),
		UPLOAD(without_memory),
		CACHE(a_duplicate_is_found),
		CACHE(lifetimes),
		CACHE(the_oldest_answer_goes_first),
		CACHE(unfinished_answers_stay),
		CACHE(kept_octets_are_limited),
		CACHE(answers_by_path_and_tag),
		cmocka_unit_test(good_paths),
		cmocka_unit_test(bad_paths),
		cmocka_unit_test(listed_paths),
		cmocka_unit_test(paths_of_all_links),
		cmocka_unit_test(configured_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
