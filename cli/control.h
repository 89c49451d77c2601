// SPDX-License-Identifier: GPL-3.0-or-later
// control: the side of the control socket that asks. Shared by all commands
// that talk to the running gateway.
#ifndef CMPGATE_CLI_CONTROL_H
#define CMPGATE_CLI_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cJSON;

struct control_request {
	const char *command;	// its name, also for messages: "cmpgate status: ..."
	const char *config;	// configuration file that tells where the gateway listens
	const char *socket;	// or its socket; NULL: as the configuration says
	struct cJSON *body;	// further members of the request, or NULL; taken
	int64_t timeout_ms;	// patience for each answer; 0 = 30 s
	bool quiet;		// no progress on standard error
	bool may_be_down;	// nothing is said where no gateway runs
};

// What came back. text and data are the last answer's.
struct control_reply {
	char text[400];
	struct cJSON *data;	// cJSON_Delete() it; may be NULL
	pid_t pid;		// of the gateway
};

// Ask, tell progress on standard error, wait for the last answer. Answers its
// exit code; where nobody could be asked, one of ours, and the reason with the
// way out stands on standard error. With errors in the configuration the
// standard places are tried.
int control_ask(const struct control_request *r, struct control_reply *reply);

// Hex of the octets of a reference as people wrote it: a text where it is one, else hex:...
enum { CONTROL_REFERENCE_TEXT = 2 * 64 + 8 };
const char *control_reference(const char *hex, char out[CONTROL_REFERENCE_TEXT]);
// A time of the gateway to its second, "2026-12-02T07:41:59Z"; where it is empty, the word.
const char *control_time(const char *text, const char *word, char out[24]);

#define CONTROL_OPTIONS \
	"  -c, --config FILE   configuration that tells where the gateway listens\n" \
	"                      (" SYSCONFDIR "/cmpgate/cmpgate.yaml)\n" \
	"  -s, --socket PATH   its control socket\n"

// The options that all of them share: -c/--config, -s/--socket, --json, -h/--help
struct control_options { const char *config, *socket; bool json, may_json; };
// Read them; false with the exit code when nothing is left to do.
bool control_arguments(struct control_options *o, int argc, char **argv, const char *usage, int *code);

#endif
