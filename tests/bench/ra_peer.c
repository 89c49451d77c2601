// SPDX-License-Identifier: GPL-3.0-or-later
// ra_peer: devices and a CA around a registration authority.
//   ra_peer files FOLDER                         what its configuration names
//   ra_peer ca                                   HTTP server that enrols whoever asks
//   ra_peer load PORT PATH sig|mac DEVICES CONNS SECONDS  devices enrol in turn, again and again
//   ra_peer once PORT PATH sig|mac DEVICES CONNS          each device enrols once
// The server prints "port N", loads print "N exchanges, N bad"; an enrolment is two exchanges.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/bench/net.h"
#include "tests/bench/plant.h"

enum { MESSAGE_MAX = 65536, ONCE_SECONDS = 600 };

struct enrolment { struct device *device; bool confirm; };	// confirm: its certConf is, or comes, next

static struct device **devices;		// NULL: they are made when their turn comes, and used once
static unsigned device_count, turn;
static bool by_mac;
static const char *path;

// ---- the CA

static void
respond(struct conn *c)
{
	size_t len = 0;
	const uint8_t *content = net_http_content(c, &len);
	struct buffer out;

	buffer_init(&out, MESSAGE_MAX);
	if (content == NULL || !plant_answer(&out, span_of(content, len)))
		net_bad++;
	net_http_respond(c, out.data, out.len);
	buffer_clear(&out);
}

// ---- devices

static struct device *
next_device(void)
{
	if (devices != NULL)
		return devices[turn++ % device_count];
	return turn < device_count ? device_new(turn++) : NULL;
}

static bool
ask(struct conn *c)
{
	struct enrolment *e = c->data;
	struct buffer out;
	char head[400];

	if (e == NULL && (c->data = e = mem_alloc(sizeof(*e))) == NULL)
		net_die("memory");
	if (!e->confirm && devices == NULL && e->device != NULL) {
		device_free(e->device);
		e->device = NULL;
	}
	if (!e->confirm && (e->device = next_device()) == NULL)
		return false;
	buffer_init(&out, MESSAGE_MAX);
	device_ask(e->device, &out, e->confirm, by_mac);
	size_t n = net_http_head(head, path, out.len);
	net_send(c->fd, (uint8_t *)head, n, out.data, out.len);
	buffer_clear(&out);
	return true;
}

static bool
judge(struct conn *c)
{
	struct enrolment *e = c->data;
	size_t len = 0;
	const uint8_t *content = net_http_content(c, &len);
	bool well = content != NULL && device_takes(e->device, span_of(content, len), e->confirm);

	e->confirm = well && !e->confirm;
	return well;
}

static bool
has_ended(struct conn *c)
{
	const struct enrolment *e = c->data;

	return !e->confirm;
}

static void
load(int port, int connections, double seconds)
{
	const struct net_load l = { .port = port, .connections = connections, .seconds = seconds, .whole = net_http_whole,
		.ask = ask, .judge = judge, .may_stop = has_ended };

	net_load(&l);
	net_report();
}

static void
make_devices(void)
{
	if ((devices = mem_array(device_count, sizeof(*devices))) == NULL)
		net_die("memory");
	for (unsigned n = 0; n < device_count; n++)
		devices[n] = device_new(n);
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	net_allow_descriptors();
	plant_start();
	if (strcmp(mode, "files") == 0 && argc == 3) {
		plant_files(argv[2]);
		return 0;
	}
	if (strcmp(mode, "ca") == 0)
		net_serve(net_http_whole, respond);
	if (argc < 7) {
		fputs("ra_peer: see the head of tests/bench/ra_peer.c\n", stderr);
		return 2;
	}
	path = argv[3];
	by_mac = strcmp(argv[4], "mac") == 0;
	device_count = (unsigned)strtoul(argv[5], NULL, 10);
	if (strcmp(mode, "load") == 0 && argc == 8) {
		make_devices();
		load(atoi(argv[2]), atoi(argv[6]), atof(argv[7]));
	} else {
		load(atoi(argv[2]), atoi(argv[6]), ONCE_SECONDS);
	}
	return 0;
}
