// SPDX-License-Identifier: GPL-3.0-or-later
// control: the socket through which commands of this machine reach the running
// gateway. A Unix stream socket; requests and answers are frames (base/frame)
// of one JSON object each:
//   request  {"command":"status", "store":"/var/lib/cmpgate", ...}
//   answer   {"last":false,"text":"...","data":{...}}            any number, as progress
//            {"last":true,"exit":0,"text":"...","data":{...}}    one; exit is what the command ends with
// "store" names the gateway that is meant: another one answers {"last":true,"other":true,...}.
// Who may ask: root, the gateway's own user, members of its group (SO_PEERCRED, SO_PEERGROUPS).
#ifndef CMPGATE_DAEMON_CONTROL_H
#define CMPGATE_DAEMON_CONTROL_H

#include <uv.h>

#include "base/fault.h"

struct cJSON;
struct control;

#define CONTROL_FILE "control.sock"
#define CONTROL_RUN "/run/cmpgate/" CONTROL_FILE	// where that folder is there for us; else in the state folder

enum {
	CONTROL_FRAME_MAX = 64 * 1024,	// octets of a request, and of an answer
	CONTROL_CONNECTIONS = 8,
	CONTROL_COMMANDS = 32,
	CONTROL_IDLE_MS = 10000		// for a request to be whole, and for an answer to be taken
};

// What a command ends with: the exit codes of the program.
enum control_code { CONTROL_DONE = 0, CONTROL_USAGE = 2, CONTROL_CONFIG = 3, CONTROL_OTHER = 4, CONTROL_LOCAL = 7, CONTROL_INTERNAL = 70 };

struct control_setup {
	const char *path;	// from the configuration; NULL: chosen
	const char *store;	// the state folder
	int64_t idle_ms;	// 0 = CONTROL_IDLE_MS
};

// Listen. A socket that nobody serves any more is replaced, one of a living
// process never. NULL with the fault.
struct control *control_open(uv_loop_t *loop, const struct control_setup *setup, struct fault *f);
// Where it listens.
const char *control_path(const struct control *c);
// Remove the socket and close all connections; closed(context) comes on the
// loop. NULL is allowed: then at once.
void control_close(struct control *c, void (*closed)(void *context), void *context);

// A command: gets the request, borrowed for this call, and answers at once or
// later by the handle of the call.
typedef void control_handler(void *context, struct control *c, uint64_t call, const struct cJSON *request);
struct control_command { const char *name; control_handler *handler; void *context; };
// Add a command; its name is borrowed. False when the table is full or the name is taken.
bool control_register(struct control *c, const struct control_command *command);

// Tell how far it is; text and data may be NULL; data is taken. Nothing happens
// when the one who asked has gone.
void control_progress(struct control *c, uint64_t call, const char *text, struct cJSON *data);
// Who asks; (uid_t)-1 = has gone.
uid_t control_peer(const struct control *c, uint64_t call);
// The last answer.
void control_answer(struct control *c, uint64_t call, enum control_code code, const char *text, struct cJSON *data);

// Tell whether a peer with this uid, gid and further groups may ask a process of (uid, gid).
bool control_may_ask(uid_t peer, gid_t group, const gid_t *groups, size_t count, uid_t uid, gid_t gid);

#endif
