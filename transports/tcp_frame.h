// SPDX-License-Identifier: GPL-3.0-or-later
// tcp_frame: the two framings of PKI messages on a plain TCP stream (port 829),
// as pure functions over octets. RFC 2510 5.2 puts a length and a flag before
// the value; its later drafts put a length, the version 10, flags and a type.
// The fifth octet tells them apart: 0..6 is a flag, 10 the version. Neither the
// network nor the clock is known here.
#ifndef CMPGATE_TRANSPORTS_TCP_FRAME_H
#define CMPGATE_TRANSPORTS_TCP_FRAME_H

#include "base/buffer.h"

enum tcp_framing {
	TCP_FRAMING_UNKNOWN,	// nothing decided yet; written as RFC 2510
	TCP_FRAMING_RFC2510,
	TCP_FRAMING_V10
};

// The types, with the same numbers in both framings.
enum tcp_type {
	TCP_REQUEST,		// pkiMsg, pkiReq: a PKIMessage
	TCP_POLL_REP,		// reference (4 octets), time to check back (4 octets, absolute seconds)
	TCP_POLL_REQ,		// reference (4 octets)
	TCP_NOTHING,		// negPollRep, finRep: one octet 0
	TCP_PARTIAL,		// partialMsgRep; RFC 2510 only
	TCP_ANSWER,		// finalMsgRep, pkiRep: a PKIMessage
	TCP_ERROR,		// errorMsgRep: text; version 10 puts an error type and data before it
	TCP_TYPE_COUNT
};

// Error types of version 10: the high octet is the class (1 version, 2 client, 3 server).
enum tcp_error {
	TCP_ERROR_NONE = 0,	// version 10 did not say, or the framing has none
	TCP_ERROR_VERSION = 0x0101,
	TCP_ERROR_CLIENT = 0x0200,
	TCP_ERROR_TYPE = 0x0201,
	TCP_ERROR_REFERENCE = 0x0202,
	TCP_ERROR_SERVER = 0x0300
};

// Longest header of the two framings.
#define TCP_HEADER_MAX 7

// One frame that has been read. The spans borrow from the reader until its next call.
struct tcp_frame {
	enum tcp_framing framing;
	enum tcp_type type;
	bool close;		// version 10, flag bit 0: the sender wants the connection closed after this exchange
	struct span message;	// REQUEST, ANSWER, PARTIAL
	uint32_t reference;	// POLL_REP, POLL_REQ, PARTIAL
	uint32_t check_back;	// POLL_REP, PARTIAL
	uint16_t error;		// ERROR in version 10
	struct span text;	// ERROR; not checked, may hold anything
};

// Why octets are no frame.
struct tcp_fault {
	enum tcp_framing framing;	// to answer in
	bool close;			// the peer asked for closing
	bool lost;			// where the next frame starts is not known: answer and close
	enum tcp_error error;
	char text[96];			// one sentence for the peer
};

enum tcp_side { TCP_SIDE_SERVER, TCP_SIDE_CLIENT };	// who is reading
enum tcp_progress { TCP_MORE, TCP_FRAME, TCP_FAULT };

// Takes a stream apart, whatever its segments are. Memory grows with the
// octets that really came, never with an announced length.
struct tcp_reader {
	enum tcp_side side;
	size_t limit;			// octets of the longest value taken
	enum tcp_framing framing;	// of the last frame whose fifth octet was seen
	uint8_t header[TCP_HEADER_MAX];
	size_t have;			// octets of the header
	bool in_value;
	bool skip;			// a fault is known, the value is only counted
	size_t left;			// octets of the value still to come
	struct buffer value;
	bool finished;			// the value was handed out; dropped by the next call
	struct tcp_fault fault;
};

// Prepare a reader for one direction of one connection; values over limit octets are faults.
void tcp_reader_init(struct tcp_reader *r, enum tcp_side side, size_t limit);
// Free what the reader holds.
void tcp_reader_clear(struct tcp_reader *r);
// Take octets from the front of *in, at most up to the end of one frame. MORE:
// all were taken and the frame is not whole. FRAME: *frame is filled. FAULT:
// *fault is filled; when it says `lost` the reader must not be used again,
// else it goes on with the frame after the bad one.
enum tcp_progress tcp_reader_feed(struct tcp_reader *r, struct tcp_frame *frame, struct tcp_fault *fault, struct span *in);
// Tell whether the reader stands between two frames (idle), and whether it has a whole header (body under way).
bool tcp_reader_between(const struct tcp_reader *r);
bool tcp_reader_in_value(const struct tcp_reader *r);

// Append one frame to out. False (and out->failed) without memory or over
// its limit. `close` is written in version 10 only.
bool tcp_put_message(struct buffer *out, enum tcp_framing framing, enum tcp_type type, bool close, struct span message);
bool tcp_put_poll_request(struct buffer *out, enum tcp_framing framing, bool close, uint32_t reference);
bool tcp_put_poll_reply(struct buffer *out, enum tcp_framing framing, bool close, uint32_t reference, uint32_t check_back);
bool tcp_put_nothing(struct buffer *out, enum tcp_framing framing, bool close);
bool tcp_put_error(struct buffer *out, enum tcp_framing framing, bool close, enum tcp_error error, const char *text);

#endif
