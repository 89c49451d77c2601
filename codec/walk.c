// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/walk.h"

#include <stdio.h>

void
walk_init(struct walk *w, struct span all)
{
	*w = (struct walk){ .all = all };
	if (all.len == 0)
		w->problem = "there are no octets";
}

static bool
stop(struct walk *w, size_t at, const char *why)
{
	w->problem = why;
	w->problem_at = at;
	return false;
}

// Is this tag, with contents of this form, lawful by itself? One small element is enough to ask der_check().
static bool
lawful(uint8_t tag, struct span whole)
{
	uint8_t empty[2] = { tag, 0 };

	return der_check((tag & 0x20) != 0 ? span_of(empty, 2) : whole);
}

// Octets of the header at `rest`, 0 when it is cut off.
static size_t
header_octets(struct span rest)
{
	size_t n = rest.len < 2 ? 0 : rest.data[1] < 0x80 ? 2 : 2 + (size_t)(rest.data[1] & 0x7F);

	return n <= rest.len ? n : 0;
}

// Leave the elements that end here. What lies behind the outermost one is a problem.
static bool
leave(struct walk *w)
{
	while (w->depth > 0 && w->at >= w->end[w->depth - 1])
		w->depth--;
	if (w->depth > 0 || w->at == 0)
		return true;
	if (w->cut)
		return stop(w, w->cut_at, "the element announces more octets than there are");
	return w->at == w->all.len ? false : stop(w, w->at, "octets follow the end of the outermost element");
}

bool
walk_next(struct walk *w, struct walk_item *out)
{
	if (w->problem != NULL || !leave(w))
		return false;
	size_t end = w->depth > 0 ? w->end[w->depth - 1] : w->all.len;
	struct span rest = span_of(w->all.data + w->at, end - w->at);
	size_t total = der_announced(rest), header = header_octets(rest);
	if (total == SIZE_MAX)
		return stop(w, w->at, "no tag and length of strict DER");
	if (total == 0 || header == 0)
		return stop(w, w->cut ? w->cut_at : w->at, w->cut ? "the element announces more octets than there are" : "the header of an element is cut off");
	*out = (struct walk_item){
		.offset = w->at, .header = header, .length = total - header, .depth = w->depth, .tag = rest.data[0]
	};
	bool whole = total <= rest.len;
	if (!whole && w->depth > 0 && (!w->cut || end < w->all.len))
		return stop(w, w->at, "the element is longer than the one around it");
	if (!whole && !w->cut) {
		w->cut = true;
		w->cut_at = w->at;
	}
	out->contents = span_of(rest.data + header, (whole ? total : rest.len) - header);
	bool constructed = (out->tag & 0x20) != 0;
	if ((constructed || whole) && !lawful(out->tag, span_of(rest.data, total)))
		return stop(w, w->at, constructed ? "DER has no such constructed element" : "the value is not DER");
	w->at += header + (constructed ? 0 : out->contents.len);
	if (!constructed)
		return true;
	if (w->depth == DER_DEPTH_MAX)
		return stop(w, out->offset, "the elements are nested too deep");
	w->end[w->depth++] = w->at + out->contents.len;
	return true;
}

const char *
walk_tag_text(uint8_t tag, char *out, size_t size)
{
	static const char *const names[32] = {
		[1] = "BOOLEAN", [2] = "INTEGER", [3] = "BIT STRING", [4] = "OCTET STRING", [5] = "NULL", [6] = "OBJECT IDENTIFIER",
		[8] = "EXTERNAL", [10] = "ENUMERATED", [12] = "UTF8String", [16] = "SEQUENCE", [17] = "SET", [18] = "NumericString",
		[19] = "PrintableString", [20] = "T61String", [22] = "IA5String", [23] = "UTCTime", [24] = "GeneralizedTime",
		[26] = "VisibleString", [28] = "UniversalString", [30] = "BMPString"
	};
	static const char *const classes[4] = { "UNIVERSAL ", "APPLICATION ", "", "PRIVATE " };
	unsigned number = tag & 0x1F;

	if (tag < 0x40 && names[number] != NULL)
		snprintf(out, size, "%s", names[number]);
	else
		snprintf(out, size, "[%s%u]", classes[tag >> 6], number);
	return out;
}
