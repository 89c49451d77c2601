// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/tcp_frame.h"

#include <stdio.h>

#define VERSION_10 10		// the fifth octet of the later drafts
#define FLAG_CLOSE 0x01
#define LENGTH_OCTETS 4
#define TELLING_OCTETS 5	// octets after which the framing is known
#define ERROR_HEAD 4		// error type and data length of version 10

// No message of ours is near this: a longer length means that the peer does
// not speak this protocol, and nothing more is waited for.
#define LENGTH_ABSURD 0x01000000u

static uint32_t
read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void
write32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

static size_t
header_size(enum tcp_framing framing)
{
	return framing == TCP_FRAMING_V10 ? 7 : 5;
}

void
tcp_reader_init(struct tcp_reader *r, enum tcp_side side, size_t limit)
{
	memset(r, 0, sizeof *r);
	r->side = side;
	r->limit = limit;
	buffer_init(&r->value, limit);
}

void
tcp_reader_clear(struct tcp_reader *r)
{
	buffer_clear(&r->value);
}

bool
tcp_reader_between(const struct tcp_reader *r)
{
	return r->finished || (r->have == 0 && !r->in_value);
}

bool
tcp_reader_in_value(const struct tcp_reader *r)
{
	return !r->finished && r->in_value;
}

// Remember what is wrong with the frame under way. Lost faults end the stream
// at once, the others are told when the value has gone by.
static void
note_fault(struct tcp_reader *r, bool lost, enum tcp_error error, const char *text)
{
	r->fault.framing = r->framing;
	r->fault.close = r->framing == TCP_FRAMING_V10 && r->have == 7 && (r->header[5] & FLAG_CLOSE) != 0;
	r->fault.lost = lost;
	r->fault.error = error;
	snprintf(r->fault.text, sizeof r->fault.text, "%s", text);
	r->skip = true;
}

static void
note_too_long(struct tcp_reader *r)
{
	char text[96];
	snprintf(text, sizeof text, "message longer than %zu octets", r->limit);
	note_fault(r, true, TCP_ERROR_CLIENT, text);
}

// Take header octets until `want` of them are there.
static bool
take_header(struct tcp_reader *r, size_t want, struct span *in)
{
	while (r->have < want && in->len > 0) {
		r->header[r->have++] = in->data[0];
		in->data++;
		in->len--;
	}
	return r->have >= want;
}

// A length that no frame can have is answered without waiting for more. The
// framing is that of the fifth octet when it came along.
static bool
length_hopeless(struct tcp_reader *r, const struct span *in)
{
	uint32_t length = read32(r->header);
	if (length != 0 && length < LENGTH_ABSURD)
		return false;
	if (in->len > 0 && in->data[0] == VERSION_10)
		r->framing = TCP_FRAMING_V10;
	else if (in->len > 0 && in->data[0] < TCP_TYPE_COUNT)
		r->framing = TCP_FRAMING_RFC2510;
	if (length == 0)
		note_fault(r, true, TCP_ERROR_CLIENT, "length is zero");
	else if (r->header[0] == 0x16 && r->header[1] == 3)
		note_fault(r, true, TCP_ERROR_CLIENT, "this is a TLS ClientHello; this port speaks raw TCP without TLS");
	else if (memcmp(r->header, "POST", 4) == 0 || memcmp(r->header, "GET ", 4) == 0)
		note_fault(r, true, TCP_ERROR_CLIENT, "this is HTTP; this port speaks raw TCP messages");
	else
		note_too_long(r);
	return true;
}

static bool
type_wanted(const struct tcp_reader *r, unsigned type)
{
	bool request = type == TCP_REQUEST || type == TCP_POLL_REQ;
	if (r->side == TCP_SIDE_SERVER)
		return request;
	if (type == TCP_PARTIAL && r->framing == TCP_FRAMING_V10)
		return false;
	return type < TCP_TYPE_COUNT && !request;
}

static bool
value_fits(enum tcp_framing framing, unsigned type, size_t len)
{
	switch (type) {
	case TCP_REQUEST:
	case TCP_ANSWER:
		return len > 0;
	case TCP_POLL_REP:
		return len == 8;
	case TCP_POLL_REQ:
		return len == 4;
	case TCP_NOTHING:
		return len == 1;
	case TCP_PARTIAL:
		return len > 8;
	default:
		return framing == TCP_FRAMING_RFC2510 || len >= ERROR_HEAD;
	}
}

static unsigned
type_octet(const struct tcp_reader *r)
{
	return r->framing == TCP_FRAMING_V10 ? r->header[6] : r->header[4];
}

// The header is whole: judge it, and know how many octets follow.
static void
judge_header(struct tcp_reader *r)
{
	size_t counted = r->framing == TCP_FRAMING_V10 ? 3 : 1;	// header octets within the length
	uint32_t length = read32(r->header);
	if (length < counted) {
		note_fault(r, true, TCP_ERROR_CLIENT, "length is shorter than the header");
		return;
	}
	if (length - counted > r->limit) {
		note_too_long(r);
		return;
	}
	r->left = length - counted;
	r->in_value = true;
	unsigned type = type_octet(r);
	char text[96];
	if (!type_wanted(r, type)) {
		snprintf(text, sizeof text, "message type %u is not one for this side", type);
		note_fault(r, false, TCP_ERROR_TYPE, text);
	} else if (!value_fits(r->framing, type, r->left)) {
		snprintf(text, sizeof text, "message type %u does not have %zu octets", type, r->left);
		note_fault(r, false, TCP_ERROR_CLIENT, text);
	}
}

// Gather the header; false while octets are missing.
static bool
read_header(struct tcp_reader *r, struct span *in)
{
	bool fresh = r->have < LENGTH_OCTETS;
	if (!take_header(r, LENGTH_OCTETS, in))
		return false;
	if (fresh && length_hopeless(r, in))
		return true;
	if (!take_header(r, TELLING_OCTETS, in))
		return false;
	if (r->header[4] == VERSION_10) {
		r->framing = TCP_FRAMING_V10;
	} else if (r->header[4] < TCP_TYPE_COUNT) {
		r->framing = TCP_FRAMING_RFC2510;
	} else {
		r->framing = TCP_FRAMING_V10;
		note_fault(r, true, TCP_ERROR_VERSION, "version not supported, this side speaks RFC 2510 and version 10");
		return true;
	}
	if (!take_header(r, header_size(r->framing), in))
		return false;
	judge_header(r);
	return true;
}

static void
read_value(struct tcp_reader *r, struct span *in)
{
	size_t n = in->len < r->left ? in->len : r->left;
	if (!r->skip && !buffer_append(&r->value, span_of(in->data, n)))
		note_fault(r, false, TCP_ERROR_SERVER, "no memory for this message, try again later");
	if (n > 0)
		in->data += n;
	in->len -= n;
	r->left -= n;
}

static bool
fill_error(struct tcp_frame *frame, struct span value)
{
	if (frame->framing == TCP_FRAMING_RFC2510) {
		frame->text = value;
		return true;
	}
	size_t data = (size_t)value.data[2] << 8 | value.data[3];
	if (data > value.len - ERROR_HEAD)
		return false;
	frame->error = (uint16_t)(value.data[0] << 8 | value.data[1]);
	frame->text = span_of(value.data + ERROR_HEAD + data, value.len - ERROR_HEAD - data);
	return true;
}

static bool
fill_frame(struct tcp_reader *r, struct tcp_frame *frame)
{
	struct span value = buffer_span(&r->value);
	memset(frame, 0, sizeof *frame);
	frame->framing = r->framing;
	frame->type = (enum tcp_type)type_octet(r);
	frame->close = r->framing == TCP_FRAMING_V10 && (r->header[5] & FLAG_CLOSE) != 0;
	switch (frame->type) {
	case TCP_POLL_REP:
		frame->check_back = read32(value.data + 4);
		frame->reference = read32(value.data);
		return true;
	case TCP_POLL_REQ:
		frame->reference = read32(value.data);
		return true;
	case TCP_PARTIAL:
		frame->reference = read32(value.data);
		frame->check_back = read32(value.data + 4);
		frame->message = span_of(value.data + 8, value.len - 8);
		return true;
	case TCP_REQUEST:
	case TCP_ANSWER:
		frame->message = value;
		return true;
	case TCP_ERROR:
		return fill_error(frame, value);
	default:
		return true;
	}
}

static void
start_anew(struct tcp_reader *r)
{
	buffer_clear(&r->value);
	r->have = 0;
	r->left = 0;
	r->in_value = false;
	r->skip = false;
	r->finished = false;
}

enum tcp_progress
tcp_reader_feed(struct tcp_reader *r, struct tcp_frame *frame, struct tcp_fault *fault, struct span *in)
{
	if (r->finished)
		start_anew(r);
	if (!r->in_value && !read_header(r, in))
		return TCP_MORE;
	if (r->in_value)
		read_value(r, in);
	if (r->left > 0)
		return TCP_MORE;
	r->finished = true;
	if (!r->skip && fill_frame(r, frame))
		return TCP_FRAME;
	if (!r->skip)
		note_fault(r, false, TCP_ERROR_CLIENT, "error data longer than its message");
	*fault = r->fault;
	return TCP_FAULT;
}

static bool
put_header(struct buffer *out, enum tcp_framing framing, enum tcp_type type, bool close, size_t len)
{
	uint8_t h[TCP_HEADER_MAX];
	if (len > UINT32_MAX - 3) {
		out->failed = true;
		return false;
	}
	if (framing == TCP_FRAMING_V10) {
		write32(h, (uint32_t)len + 3);
		h[4] = VERSION_10;
		h[5] = close ? FLAG_CLOSE : 0;
		h[6] = (uint8_t)type;
		return buffer_append(out, span_of(h, 7));
	}
	write32(h, (uint32_t)len + 1);
	h[4] = (uint8_t)type;
	return buffer_append(out, span_of(h, 5));
}

bool
tcp_put_message(struct buffer *out, enum tcp_framing framing, enum tcp_type type, bool close, struct span message)
{
	return buffer_reserve(out, TCP_HEADER_MAX + message.len) &&
		put_header(out, framing, type, close, message.len) && buffer_append(out, message);
}

bool
tcp_put_poll_request(struct buffer *out, enum tcp_framing framing, bool close, uint32_t reference)
{
	uint8_t value[4];
	write32(value, reference);
	return put_header(out, framing, TCP_POLL_REQ, close, 4) && buffer_append(out, span_of(value, 4));
}

bool
tcp_put_poll_reply(struct buffer *out, enum tcp_framing framing, bool close, uint32_t reference, uint32_t check_back)
{
	uint8_t value[8];
	write32(value, reference);
	write32(value + 4, check_back);
	return put_header(out, framing, TCP_POLL_REP, close, 8) && buffer_append(out, span_of(value, 8));
}

bool
tcp_put_nothing(struct buffer *out, enum tcp_framing framing, bool close)
{
	return put_header(out, framing, TCP_NOTHING, close, 1) && buffer_append_octet(out, 0);
}

bool
tcp_put_error(struct buffer *out, enum tcp_framing framing, bool close, enum tcp_error error, const char *text)
{
	size_t len = strlen(text);
	if (framing != TCP_FRAMING_V10)
		return put_header(out, framing, TCP_ERROR, close, len) && buffer_append_text(out, text);
	uint8_t head[ERROR_HEAD] = { (uint8_t)((unsigned)error >> 8), (uint8_t)error, 0, 0 };
	return put_header(out, framing, TCP_ERROR, close, ERROR_HEAD + len) &&
		buffer_append(out, span_of(head, ERROR_HEAD)) && buffer_append_text(out, text);
}
