// SPDX-License-Identifier: GPL-3.0-or-later
// The YAML language as settings_load() takes it: what it refuses, where it says
// so, and what a good file becomes.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/language.h"
#include "config/rows.h"
#include "config/settings.h"
#include "tests/unit/settings_kit.h"

// ---- The shape of YAML.

static void
guards_yaml(void **state)
{
	static const struct example examples[] = {
		{ "", "E0004 0:0" },
		{ "\n\n# nothing\n", "E0004 0:0" },
		{ "---\n", "E0004 0:0" },
		{ "~\n", "E0004 0:0" },
		{ "text\n", "E0101 1:1" },
		{ "- a\n", "E0101 1:1" },
		{ V "site: &a works\n", "E0011 2:7" },
		{ V "limits: &a {}\n", "E0011 2:9" },
		{ V "site: *a\n", "E0011 2:7" },
		{ V "x-note: &a 1\nsite: *a\n", "E0011 2:9, E0011 3:7" },
		{ V "log:\n  <<: {level: info}\n", "E0011 3:3" },
		{ V "site: !!str works\n", "E0012 2:7" },
		{ V "site: !x works\n", "E0012 2:7" },
		{ "%TAG ! tag:x:\n---\nversion: 1\n", "E0012 1:1" },
		{ "%YAML 1.1\n---\nversion: 1\n", "W0302 0:0, W0303 0:0" },
		{ V "---\nsite: a\n", "E0013 2:1" },
		{ V "...\nsite: a\n", "E0007 3:1" },
		{ V "site: a\nsite: b\n", "E0014 3:1" },
		{ V "log: {level: info, level: info}\n", "E0014 2:20" },
		{ V "log:\n\tlevel: info\n", "E0008 3:1" },
		{ V "log:\n \tlevel: info\n\tformat: json\n", "E0008 3:2, E0008 4:1" },
		{ V "log:\n  level: info\n format: json\n", "E0007 4:2" },
		{ V "site: a: b\n", "E0007 2:8" },
		{ V "site: @a\n", "E0007 2:7" },
		{ V "site: 'a\n", "E0007 3:1" },
		{ V "site: [a\n", "E0007 3:1" },
		{ V "? [a]\n: b\n", "E0018 2:3" },
		{ V "{a: b}: c\n", "E0018 2:1" },
		{ V "site: \"a\\0b\"\n", "E0006 2:7" },
		{ V "site: \"a\\x1bb\"\n", "E0105 2:7" },
		{ V "site: \"a\\nb\"\n", "E0105 2:7" },
		{ "\xef\xbb\xbfversion: 1\n", "W0302 0:0, W0303 0:0" },
		{ "version: 1\r\nlog:\r\n  level: loud\r\n", "E0107 3:10" },
		{ V "site: \xc3\xa4\xc3\xb6\xc3\xbc\nlog: {level: loud}\n", "E0109 2:7, E0107 3:14" },
		{ V "site: a\xff\n", "E0005 2:8" },
		{ V "# \xc3\xa4 \xed\xa0\x80\n", "E0005 2:5" },
		{ V "# \xc0\x80\n", "E0005 2:3" },
		{ V "# \xf4\x90\x80\x80\n", "E0005 2:3" },
		{ V "# \xe2\x82", "E0005 2:3" },
	};

	(void)state;
	ALL(examples);
	expect_octets(V "site: a\0b\n", sizeof(V "site: a\0b\n") - 1, "E0006 2:8");
	expect_octets("\0", 1, "E0006 1:1");
	expect_words(V "site: &a works\n", "E0011 2:7", "anchors (&a)", "name the shared part");
	expect_words(V "site: \"a\\x1bb\"\n", "E0105 2:7", "control character (0x1b)", NULL);
	expect_words(V "log:\n\tlevel: info\n", "E0008 3:1", "a tab", "spaces");
	expect_words(V "site: a\nsite: b\n", "E0014 3:1", "'site'", "line 2");
}

// Nine levels of ten aliases each: no node of it may ever be built.
static void
refuses_alias_bomb(void **state)
{
	char text[4096] = V "x-a: &a [lol, lol]\n";
	struct findings f;

	(void)state;
	for (char c = 'b'; c <= 'i'; c++) {
		size_t len = strlen(text);
		char p = (char)(c - 1);

		snprintf(text + len, sizeof(text) - len, "x-%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n",
			c, c, p, p, p, p, p, p, p, p, p, p);
	}
	write_text("t.yaml", text);
	assert_null(settings_load(file, schemes, &f));
	assert_int_equal(f.errors, 9 + 80);
	for (size_t i = 0; i < f.count; i++)
		assert_string_equal(f.items[i].code, "E0011");
	findings_clear(&f);
}

// A note of n lists inside each other; the map around it is one level more.
static void
expect_depth(size_t n, const char *expected)
{
	size_t len = strlen(V "x-deep: ");
	char *text = mem_alloc(len + 2 * n + 2);

	assert_non_null(text);
	memcpy(text, V "x-deep: ", len);
	memset(text + len, '[', n);
	memset(text + len + n, ']', n);
	text[len + 2 * n] = '\n';
	expect_octets(text, len + 2 * n + 1, expected);
	mem_free(text);
}

static void
guards_depth(void **state)
{
	char block[4096] = "";

	(void)state;
	expect_depth(15, "W0302 0:0, W0303 0:0");
	expect_depth(16, "E0009 2:24");
	expect_depth(10000, "E0009 2:24");
	for (int i = 0; i < 17; i++)
		snprintf(block + strlen(block), sizeof(block) - strlen(block), "%*sa:\n", i, "");
	snprintf(block + strlen(block), sizeof(block) - strlen(block), "%*sb\n", 17, "");
	expect(block, "E0009 17:17");
}

static void
expect_size(size_t size, const char *expected)
{
	char *text = mem_alloc(size);

	assert_non_null(text);
	memset(text, '#', size);
	memcpy(text, V, strlen(V));
	expect_octets(text, size, expected);
	mem_free(text);
}

static void
guards_size(void **state)
{
	(void)state;
	expect_size(256 * 1024, "W0302 0:0, W0303 0:0");
	expect_size(256 * 1024 + 1, "E0003 0:0");
	expect_size(257 * 1024, "E0003 0:0");
	expect_size(10 * 1024 * 1024, "E0003 0:0");
}

// version and its value, the map, x-n and its list are five nodes.
static void
expect_nodes(size_t items, const char *expected)
{
	const char head[] = V "x-n: [";
	size_t len = sizeof(head) - 1 + 2 * items;
	char *text = mem_alloc(len + 2);

	assert_non_null(text);
	memcpy(text, head, sizeof(head) - 1);
	for (size_t i = 0; i < items; i++)
		memcpy(text + sizeof(head) - 1 + 2 * i, "a,", 2);
	memcpy(text + len, "]\n", 2);
	expect_octets(text, len + 2, expected);
	mem_free(text);
}

static void
guards_nodes(void **state)
{
	(void)state;
	expect_nodes(9995, "W0302 0:0, W0303 0:0");
	expect_nodes(9996, "E0010 2:19997");
}

// ---- Values.

static void
guards_values(void **state)
{
	static const struct example examples[] = {
		{ "site: a\n", "E0102 1:1" },
		{ "version: 0\n", "E0106 1:10" },
		{ "version: 2\n", "E0106 1:10" },
		{ "version: one\n", "E0105 1:10" },
		{ "version:\n", "E0101 1:9" },
		{ "version: 01\n", "E0108 1:10" },
		{ "version: 99999999999999999999\n", "E0105 1:10" },
		{ "version: 1.0\n", "E0105 1:10" },
		{ V "site: no\n" IN UP, "" },
		{ V "site: a b\n", "E0109 2:7" },
		{ V "site: \"\"\n", "E0109 2:7" },
		{ V "site: 012\n", "E0108 2:7" },
		{ V "site: \"012\"\n" IN UP, "" },
		{ V "site: [a]\n", "E0101 2:7" },
		{ V "site: {a: b}\n", "E0101 2:7" },
		{ V "site: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" IN UP, "" },
		{ V "site: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "E0109 2:7" },
		{ V "log: loud\n", "E0101 2:6" },
		{ V "log: [loud]\n", "E0101 2:6" },
		{ V "log: {level: }\n", "E0101 2:14" },
		{ V "log:\n" IN UP, "" },
		{ V "limits: {rate: 10}\n", "E0105 2:16" },
		{ V "limits: {rate: 012}\n", "E0108 2:16" },
		{ V "limits: {rate: 012/s}\n", "E0105 2:16" },
		{ V "limits: {max_message: 64KB}\n", "E0105 2:23" },
		{ V "limits: {max_message: 64 KiB}\n", "E0105 2:23" },
		{ V "limits: {forget: 60}\n", "E0105 2:18" },
		{ V "limits: {forget: 9999999999999999d}\n", "E0105 2:18" },
		{ V "limits: {transactions: -1}\n", "E0106 2:24" },
		{ V "limits: {transactions: 0x10}\n", "E0105 2:24" },
		{ V "limits: {rate_exempt: 10.7.0.1/16}\n", "E0111 2:23" },
		{ V "limits: {rate_exempt: [10.7.0.0/16, \"2001:db8::/33\", \"::1\"]}\n" IN UP, "" },
		{ V "limits: {rate_exempt: [\"10.7.0.0/33\", \"10.7\", \"::/129\", \"a\", \"10.7.0.0/\"]}\n",
		  "E0111 2:24, E0111 2:39, E0111 2:47, E0111 2:57, E0111 2:62" },
		{ V "limits: {rate_exempt: {a: b}}\n", "E0101 2:23" },
		{ V "store: {path: \"a\\tb\"}\n", "E0105 2:15" },
	};

	(void)state;
	ALL(examples);
	expect_words(V "limits: {rate_exempt: 10.7.0.1/16}\n", "E0111 2:23", NULL, "did you mean 10.7.0.0/16?");
	expect_words(V "log: {level: warning}\n", "E0107 2:14", NULL, "did you mean 'warn'?");
	expect_words(V "log: {level: loud}\n", "E0107 2:14", NULL, "one of: error, warn, info, debug, trace");
	expect_words(V "limits: {transactions: 1025}\n", "E0106 2:24", "from 1 to 1024, not 1025", NULL);
	expect_words(V "limits: {max_message: 2MiB}\n", "E0106 2:23", "from 1KiB to 1MiB, not 2MiB", NULL);
}

static void
guards_keys(void **state)
{
	static const struct example examples[] = {
		{ V "sitte: a\n", "E0103 2:1" },
		{ V "Site: a\n", "E0103 2:1" },
		{ V "x-note: {a: [b]}\nlog: {x-note: c}\n" IN UP, "" },
		{ V "log: {leve: info}\n", "E0103 2:7" },
		{ V "limits: {coap: {session: 3}}\n", "E0103 2:17" },
		{ V "zzzz: 1\n", "E0103 2:1" },
		{ V "metrics: 127.0.0.1:9829\n", "E0104 2:1" },
		{ V "ca: {}\nusb: {}\nalerts: {}\nsandbox: off\nmemory_limit: 1MiB\n", "E0104 2:1, E0104 3:1, E0104 4:1, E0104 5:1, E0104 6:1" },
		{ V "store: {keep: 400d}\nlog: {audit: {file: /a, syslog: local4}}\nlimits: {max_batch: 1MiB}\n", "E0104 2:9, E0104 3:25, E0104 4:10" },
		{ V "listeners: {in: {url: \"http://127.0.0.1\", credential: a, psk: b, later: c}}\n", "E0104 2:43, E0104 2:58, E0104 2:66" },
		{ V "upstreams: {ca: {url: \"http://127.0.0.3\", tls: {trust: a}}}\n", "E0104 2:43" },
		{ V IN UP "routes: [{to: \"ca:bench\"}, {to: [ca, cb]}]\n", "E0104 4:15, E0104 4:33" },
		{ V IN UP "routes: [{approve: manual, batch: {max: 3}, delay: auto, confirm: pass, limits: {}, retry: {}, keygen: {}, volatile: yes, pwri_form: rfc3211}]\n",
		  "E0104 4:20, E0104 4:28, E0104 4:45, E0104 4:58, E0104 4:73, E0104 4:85, E0104 4:96, E0104 4:108, E0104 4:123" },
		{ V "listeners: {a: \"coaps://127.0.0.1\", b: \"https://127.0.0.1\"}\n", "E0104 2:16, E0104 2:40" },
	};

	(void)state;
	ALL(examples);
	expect_words(V "listeners: {a: {url: \"http://127.0.0.1\", word: b}}\n", "E0103 2:42", "unknown key 'word'", "another scheme: echo");
	expect_words(V "upstreams: {a: {url: \"http://127.0.0.3\", word: b}}\n", "E0103 2:42", NULL, "did you mean 'words'?");
	expect_words(V "limts: {}\n", "E0103 2:1", "unknown key 'limts'", "did you mean 'limits'?");
	expect_words(V "log: {levle: info}\n", "E0103 2:7", "unknown key 'levle' in 'log'", "did you mean 'level'?");
	expect_words(V "up: {}\n", "E0103 2:1", NULL, "did you mean 'upstreams'?");
	expect_words(V "zzzz: 1\n", "E0103 2:1", NULL, "x-");
	expect_words(V "metrics: 1\n", "E0104 2:1", "'metrics' is not in this build", "later version");
	expect_words(V IN UP "routes:\n  - name: plant\n    protecton: keep\n", "E0103 6:5",
		"unknown key 'protecton' in route 'plant'", "did you mean 'protection'?");
}

// ---- Listeners, upstreams, routes.

static void
guards_entries(void **state)
{
	static const struct example examples[] = {
		{ V "listeners: {a: \"htpp://127.0.0.1\"}\n", "E0206 2:16" },
		{ V "listeners: {a: \"sink://127.0.0.1\"}\n", "E0207 2:16" },
		{ V "upstreams: {a: {url: \"echo://127.0.0.3:1\"}}\n", "E0207 2:22" },
		{ V "listeners: {a: 127.0.0.1}\n", "E0110 2:16" },
		{ V "listeners: {a: {url: \"http://u@h\"}}\n", "E0110 2:22" },
		{ V "listeners: {a: {size: 1}}\n", "E0102 2:16" },
		{ V "listeners: {a: }\n", "E0101 2:16" },
		{ V "listeners: {a: [b]}\n", "E0101 2:16" },
		{ V "listeners: [a]\n", "E0101 2:12" },
		{ V "listeners: a\n", "E0101 2:12" },
		{ V "listeners: {a: {url: }}\n", "E0101 2:22" },
		{ V "listeners: {a: {url: [b]}}\n", "E0101 2:22" },
		{ V "listeners: {any: \"http://127.0.0.1\"}\nupstreams: {reject: \"http://127.0.0.3\", answers: \"http://127.0.0.3\"}\n",
		  "E0109 2:13, E0109 3:13, E0109 3:41" },
		{ V "listeners: {a b: \"http://127.0.0.1\"}\n", "E0109 2:13" },
		{ V "listeners: {a: \"http://127.0.0.1:0829\"}\n", "E0110 2:16" },
		{ V "listeners: {a: \"http://127.0.0.1\", a: \"http://127.0.0.2\"}\n", "E0014 2:36" },
		{ V "listeners: {a: {url: \"http://127.0.0.1\", size: 0, flag: maybe}}\n", "E0106 2:48, E0105 2:57" },
		{ V "listeners: {a: {url: \"http://127.0.0.1\", siez: 1}}\n", "E0103 2:42" },
		// Of an unknown scheme, keys that some driver has are let pass.
		{ V "listeners: {a: {url: \"nope://127.0.0.1\", size: 1, word: b, siez: 1}}\n", "E0206 2:22, E0103 2:60" },
		{ V "listeners: {a: \"echo://127.0.0.1:1\"}\n", "E0102 2:13" },
		{ V "listeners: {a: {url: \"echo://127.0.0.1:1\"}}\n", "E0102 2:16" },
		{ V "listeners: {a: {url: \"echo://127.0.0.1\", word: b}}\n", "E0209 2:13" },
		{ V "listeners: {a: {url: \"echo://127.0.0.1:1/x\", word: b}}\n", "E0110 2:22" },
		{ V "listeners: {a: {url: \"http://127.0.0.1\", words: [a, B, c, D]}}\n", "E0105 2:53, E0105 2:59" },
		{ V "listeners: {a: \"http://127.0.0.1/x?y\"}\nupstreams: {a: \"http://127.0.0.3/x?y\"}\n", "E0110 2:16" },
		{ V "listeners: {a: \"coap://224.0.1.187\", b: \"coap://[ff02::fd]\", c: \"http://255.255.255.255\"}\n", "E0210 2:13, E0210 2:38, E0210 2:62" },
		{ V "listeners: {a: \"http://[fe80::1]\", b: \"http://[febf::1%25eth0]:81\"}\n", "E0210 2:13" },
		{ V "listeners: {a: \"http://plant.example\", b: \"http://localhost:81\"}\n", "E0210 2:13, E0210 2:40" },
		{ V "upstreams: {a: \"http://:80\", b: \"http://127.0.0.3:0\", c: \"file:/a\"}\n", "E0209 2:13, E0209 2:30" },
		{ V "upstreams: {a: {url: \"http://127.0.0.3\", timeout: 99ms}, b: {url: \"http://127.0.0.3\", timeout: 3600001ms}}\n",
		  "E0106 2:51, E0106 2:96" },
		{ V "upstreams: {a: {url: \"http://127.0.0.3\", insecure_upstream: yes}}\n", "E0107 2:61" },
		{ V IN "upstreams: {a: \"http://127.0.0.3\", b: \"http://127.0.0.3\"}\n", "W0302 0:0" },
		{ V IN, "W0302 0:0" },
		{ V UP, "W0303 0:0" },
		{ V "listeners: {a: \"coap://:5683\"}\n" UP, "N0401 2:13" },
		{ V "listeners: {x-a: {b: c}, a: \"http://127.0.0.1\"}\n" UP, "" },
		// Addresses that would meet.
		{ V "listeners:\n  a: http://127.0.0.1:80\n  b: http://127.0.0.1\n", "E0204 4:3" },
		{ V "listeners:\n  a: http://127.0.0.1:80\n  b: coap://127.0.0.1:80\n" UP, "" },
		{ V "listeners:\n  a: http://127.0.0.1:0\n  b: http://127.0.0.1:0\n" UP, "" },
		{ V "listeners:\n  a: \"http://[::]:80\"\n  b: http://127.0.0.1\n", "E0204 4:3" },
		{ V "listeners:\n  a: http://0.0.0.0:81\n  b: \"http://[::1]:81\"\n" UP, "" },
		{ V "listeners:\n  a: http://0.0.0.0:80\n  b: http://:80\n", "E0204 4:3, N0401 4:3" },
		{ V "listeners:\n  a: \"http://[::1]:80\"\n  b: \"http://[0::1]\"\n", "E0204 4:3" },
		{ V "listeners:\n  a: \"http://[::1]:80\"\n  b: http://:80\n", "E0204 4:3, N0401 4:3" },
		{ V "listeners:\n  a: http://0.0.0.0:81\n  b: \"http://[fe80::1%25eth0]:81\"\n" UP, "" },
		{ V "listeners:\n  a: \"http://[fe80::1%25eth0]\"\n  b: \"http://[fe80::1%eth0]:80\"\n  c: \"http://[fe80::1%eth1]\"\n", "E0204 4:3" },
		{ V "listeners:\n  a: file:/a\n  b: file:/a\n", "E0204 4:3" },
		{ V "listeners:\n  a: file:/a\n  b: file:/b\n" UP, "" },
		{ V "listeners: {a: \"file:/a/b\", b: \"file:/a//b\", c: \"file:/a/./b/\", d: \"file:/a/c/../b\", e: \"file:/a/bb\", f: \"file:/a\"}\n" UP,
		  "W0321 2:29, W0321 2:46, W0321 2:65" },
		{ V "store: {path: /a/b}\nlisteners: {a: \"file:/a/b/\", b: \"file:/a/b/c\"}\n" UP, "W0321 3:13" },
		// An upstream that is a listener.
		{ V "listeners: {a: \"http://127.0.0.1\"}\nupstreams: {a: \"http://127.0.0.1:80/x\"}\n", "W0322 3:13" },
		{ V "listeners: {a: \"http://127.0.0.1\"}\nupstreams: {a: \"http://127.0.0.3:81\"}\n", "" },
		{ V "listeners: {a: \"http://127.0.0.1\"}\nupstreams: {a: \"coap://127.0.0.3:80\"}\n", "" },
		{ V "listeners: {a: \"http://127.0.0.1:0\"}\nupstreams: {a: \"http://127.0.0.3\"}\n", "" },
		{ V "listeners: {a: \"http://[::]:8080\"}\nupstreams: {a: \"http://localhost:8080\"}\n", "W0322 3:13" },
		{ V "listeners: {a: \"http://0.0.0.0:8080\"}\nupstreams: {a: \"http://10.0.0.1:8080\"}\n", "" },
		{ V "listeners: {a: \"http://:8080\"}\nupstreams: {a: \"http://[::1]:8080\"}\n", "N0401 2:13, W0322 3:13" },
		{ V "listeners: {a: \"http://[2001:db8::1]:8080\"}\nupstreams: {a: \"http://[2001:db8:0::1]:8080\"}\n", "W0322 3:13" },
		{ V "listeners: {a: \"http://10.0.0.1:8080\"}\nupstreams: {a: \"http://pki.example:8080\"}\n", "" },
	};

	(void)state;
	ALL(examples);
	expect_words(V "listeners: {a: \"htpp://127.0.0.1\"}\n", "E0206 2:16", "'htpp:'", "did you mean 'http:'?");
	expect_words(V "listeners: {a: {url: \"echo://127.0.0.1:1/x\", word: b}}\n", "E0110 2:22", "an echo has no path", "leave it out");
	expect_words(V "listeners: {a: {url: \"http://127.0.0.1\", words: B}}\n", "E0105 2:49", "'B' is loud", "write it small");
	expect_words(V "listeners: {a: \"http://[fe80::1]\"}\n", "E0210 2:13", NULL, "http://[fe80::1%25eth0]");
	expect_words(V "upstreams: {a: \"est://h/\"}\n", "E0104 2:16", "'est:' are not in this build", NULL);
	expect_words(V "listeners: {a: {url: \"http://127.0.0.1\", siez: 1}}\n", "E0103 2:42", "in listener 'a'", "did you mean 'size'?");
}

static void
guards_routes(void **state)
{
	static const struct example examples[] = {
		{ V IN UP "routes: {a: b}\n", "E0101 4:9" },
		{ V IN UP "routes: [a]\n", "E0101 4:10" },
		{ V IN UP "routes: []\n", "W0302 0:0" },
		{ V IN UP "routes:\n", "" },
		{ V IN UP "routes: [{}]\n", "" },
		{ V IN UP "routes: [{to: cb}]\n", "E0201 4:15" },
		{ V IN "routes: [{to: cb}]\n", "E0201 3:15" },
		{ V IN "routes: [{}]\n", "E0203 3:10" },
		{ V IN "upstreams: {a: \"http://127.0.0.3\", b: \"http://127.0.0.3\"}\nroutes: [{}]\n", "E0203 4:10" },
		{ V IN UP "routes: [{to: }]\n", "E0101 4:15" },
		{ V IN UP "routes: [{from: inn}]\n", "E0202 4:17" },
		{ V IN UP "routes: [{from: [in, out]}]\n", "E0202 4:22" },
		{ V IN UP "routes: [{from: any}]\n", "" },
		{ V IN UP "routes: [{from: []}]\n", "E0106 4:17" },
		{ V IN UP "routes: [{match: {body: []}}, {match: {path: []}}, {match: {profile: []}}, {match: {source: []}}, {match: {sender: []}}]\n",
		  "E0106 4:25, E0106 4:46, E0106 4:70, E0106 4:93, E0106 4:116" },
		{ V IN UP "routes: [{match: {body: irr}}]\n", "E0107 4:25" },
		{ V IN UP "routes: [{match: {source: 10.0.0.1/8}}]\n", "E0111 4:27" },
		{ V IN UP "routes: [{match: {path: \"p*\"}}, {match: {path: [/p, \"*\", \"?p\", \"[/]\", \"\"]}}]\n", "E0105 4:25, E0105 4:71" },
		{ V IN UP "routes: [{reject: {text: no}}]\n", "E0203 4:11" },
		{ V IN UP "routes: [{to: reject, reject: {status: badDay}}]\n", "E0107 4:40" },
		{ V IN UP "routes: [{to: reject}]\n", "W0304 3:13" },
		{ V IN UP "routes: [{name: a, from: in}, {name: a}]\n", "E0205 4:38" },
		{ V IN UP "routes: [{name: route-2, from: in}, {}]\n", "E0205 4:37" },
		{ V IN UP "routes: [{name: a}, {name: b}]\n", "W0301 4:21" },
		{ V IN "upstreams: {a: \"http://127.0.0.3\", b: \"http://127.0.0.3\"}\nroutes: [{to: a}]\n", "W0304 3:36" },
		{ V "listeners: {a: \"http://127.0.0.1\", b: \"http://127.0.0.2\"}\n" UP "routes: [{from: a}]\n", "W0304 2:36" },
		// Errors that nobody signed, over links that anybody can write to.
		{ V IN "upstreams: {a: \"http://10.0.0.1\"}\nroutes: [{accept: unprotected-error}]\n", "E0208 4:10, N0403 4:19" },
		{ V IN "upstreams: {a: \"http://127.0.0.3\"}\nroutes: [{accept: unprotected-error}]\n", "N0403 4:19" },
		{ V IN "upstreams: {a: \"http://127.evil.example\"}\nroutes: [{accept: unprotected-error}]\n", "E0208 4:10, N0403 4:19" },
		{ V IN "upstreams: {a: {url: \"http://10.0.0.1\", insecure_upstream: yes-i-know}}\nroutes: [{accept: [unprotected-error]}]\n", "N0402 4:10, N0403 4:19" },
		{ V IN "upstreams: {a: \"file:/a\"}\nroutes: [{accept: unprotected-error}]\n", "N0403 4:19" },
	};

	(void)state;
	ALL(examples);
	expect_words(V IN "upstreams: {plant-ca: \"http://127.0.0.3\"}\nroutes: [{to: plant-c}]\n", "E0201 4:15",
		"upstream 'plant-c' is not defined", "did you mean 'plant-ca' (line 3)?");
	expect_words(V IN UP "routes: [{from: inn}]\n", "E0202 4:17", NULL, "did you mean 'in' (line 2)?");
	expect_words(V IN UP "routes: []\n", "W0302 0:0", "routes is an empty list", NULL);
	expect_words(V, "W0302 0:0, W0303 0:0", "no listeners are defined", "listeners: {field:");
	expect_words(V, "W0302 0:0, W0303 0:0", "no upstreams are defined", "upstreams: {plant-ca:");
}

// ---- Variables and paths.

static void
expands_variables(void **state)
{
	static const struct example examples[] = {
		{ V "site: ${CG_SITE}\n" IN UP, "" },
		{ V "site: ${CG_NONE}\n", "E0017 2:7" },
		{ V "site: ${CG_NONE:-a}\n" IN UP, "" },
		{ V "site: ${CG_EMPTY:-a}\n" IN UP, "" },
		{ V "site: ${CG_EMPTY}\n", "E0109 2:7" },
		{ V "site: $CG_SITE\n", "E0017 2:7" },
		{ V "site: ${CG_SITE\n", "E0017 2:7" },
		{ V "site: ${}\n", "E0017 2:7" },
		{ V "site: ${1A}\n", "E0017 2:7" },
		{ V "site: ${CG_SITE-a}\n", "E0017 2:7" },
		{ V "site: ${CG_NONE:-${CG_SITE}}\n", "E0017 2:7" },
		{ V "site: \"${CG_DIRTY}\"\n", "E0017 2:7" },
		{ V "site: \"${CG_LINES}\"\n", "E0017 2:7" },
		// No variable can bring YAML in.
		{ V "site: ${CG_YAML}\n", "E0109 2:7" },
		{ V "${CG_SITE}: a\n", "E0103 2:1" },
		{ V "log: {level: \"${CG_LEVEL:-debug}\"}\n" IN UP, "" },
		{ V "limits: {rate_exempt: [\"${CG_NET:-10.0.0.0/8}\", \"${CG_NONE}\"]}\n", "E0017 2:49" },
		{ V "listeners: {a: \"http://${CG_HOST:-127.0.0.1}:${CG_PORT:-80}\"}\n" UP, "" },
	};
	struct findings f;
	struct settings *s;

	(void)state;
	setenv("CG_SITE", "works-7", 1);
	setenv("CG_EMPTY", "", 1);
	setenv("CG_DIRTY", "a\xff", 1);
	setenv("CG_LINES", "a\nb", 1);
	setenv("CG_YAML", "a, log: {level: trace}", 1);
	ALL(examples);
	write_text("t.yaml", V IN UP "routes: [{to: reject, reject: {text: \"$$5 for ${CG_SITE} and ${CG_NONE:-{x}\"}}, {}]\n");
	s = load_expect("dollars", "W0301 4:81", &f);
	assert_string_equal(s->routes[0].reject_text, "$5 for works-7 and {x");
	settings_unref(s);
	findings_clear(&f);
}

static void
finds_paths(void **state)
{
	struct findings f;
	struct settings *s;
	char expected[256], cwd[512];

	(void)state;
	mkdir(path_of("conf.d"), 0755);
	write_text("t.yaml", V "include: conf.d/paths.yaml\nlisteners: {a: {url: \"http://127.0.0.1\", path: sub/x}}\n");
	write_text("conf.d/paths.yaml", "store: {path: state}\nupstreams: {a: {url: \"file:drop\", path: /abs}}\n");
	s = load_expect("paths", "", &f);
	snprintf(expected, sizeof(expected), "%s/sub/x", folder);
	assert_string_equal(((struct fake_options *)s->listeners[0].options)->path, expected);
	snprintf(expected, sizeof(expected), "%s/conf.d/state", folder);
	assert_string_equal(s->store.path, expected);
	snprintf(expected, sizeof(expected), "%s/conf.d/drop", folder);
	assert_string_equal(s->upstreams[0].url.path, expected);
	assert_string_equal(((struct fake_options *)s->upstreams[0].options)->path, "/abs");
	settings_unref(s);
	findings_clear(&f);
	// The same by a name relative to the working folder.
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(folder), 0);
	s = settings_load("t.yaml", schemes, &f);
	assert_int_equal(chdir(cwd), 0);
	assert_non_null(s);
	snprintf(expected, sizeof(expected), "%s/conf.d/state", folder);
	assert_string_equal(s->store.path, expected);
	settings_unref(s);
	findings_clear(&f);
	unlink(path_of("conf.d/paths.yaml"));
}

// ---- Files.

static void
guards_files(void **state)
{
	struct findings f;
	struct settings *s;

	(void)state;
	assert_null(settings_load(folder, schemes, &f));
	assert_string_equal(f.items[0].code, "E0002");
	assert_string_equal(f.items[0].message, "this is a folder, not a file");
	findings_clear(&f);
	assert_null(settings_load(path_of("none.yaml"), schemes, &f));
	assert_string_equal(f.items[0].code, "E0002");
	findings_clear(&f);
	assert_null(settings_load("/dev/null", schemes, &f));
	assert_string_equal(f.items[0].message, "this is not an ordinary file");
	findings_clear(&f);
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
	assert_null(settings_load(path_of("pipe"), schemes, &f));
	findings_clear(&f);
	unlink(path_of("pipe"));
	write_text("t.yaml", V);
	chmod(file, 0);
	s = settings_load(file, schemes, &f);
	// Root reads everything.
	assert_true(geteuid() == 0 || s == NULL);
	assert_string_equal(f.items[0].code, geteuid() == 0 ? "W0302" : "E0002");
	settings_unref(s);
	findings_clear(&f);
	chmod(file, 0600);
}

// A hint that leads into another file names it.
static void
hints_name_files(void **state)
{
	(void)state;
	write_text("a.yaml", "listeners: {a: \"http://127.0.0.1:80\"}\nupstreams: {plant: \"http://127.0.0.3\"}\n");
	expect_words(V "include: a.yaml\nlisteners: {b: \"http://127.0.0.1:80\"}\n", "E0204 a.yaml:1:13", NULL, "t.yaml:3)");
	expect_words(V "include: a.yaml\nroutes: [{to: plunt}]\n", "E0201 3:15", NULL, "did you mean 'plant' (");
	expect_words(V "include: a.yaml\nroutes: [{to: plunt}]\n", "E0201 3:15", NULL, "a.yaml:2)?");
	expect_words(V "include: a.yaml\nroutes: [{to: other}]\n", "E0201 3:15", "'other'", "a.yaml:2)");
	write_text("a.yaml", IN UP "routes: [{name: late, from: in}]\n");
	expect_words(V "include: a.yaml\nroutes: [{name: all}]\n", "W0301 a.yaml:3:10", "never reached", "t.yaml:3)");
	expect_words(V IN UP "routes: [{name: all}, {name: late}]\n", "W0301 4:23", "never reached", "(line 4)");
	unlink(path_of("a.yaml"));
}

static void
includes_files(void **state)
{
	char name[16], text[64];

	(void)state;
	write_text("a.yaml", "listeners: {a: \"http://127.0.0.1\"}\nroutes: [{name: a, from: a}]\n");
	write_text("b.yaml", V "upstreams: {b: \"http://127.0.0.3\"}\nroutes: [{name: b}]\n");
	expect(V "include: [a.yaml, b.yaml]\n", "");
	expect(V "include: \"[ab].yaml\"\n", "");
	expect(V "include: conf.d/*.none\n", "W0302 0:0, W0303 0:0");
	expect(V "include: none.yaml\n", "E0002 2:10");
	expect(V "include: conf.d\n", "E0002 2:10");
	expect(V "include: {a: b}\n", "E0101 2:10");
	expect(V "include: [[a]]\n", "E0101 2:11");
	expect(V "include: t.yaml\n", "E0015 2:10");
	expect(V "include: [a.yaml, ./a.yaml]\n", "E0015 2:19");
	expect(V "include: a.yaml\nlisteners: {a: \"http://127.0.0.2\"}\n", "E0016 a.yaml:1:13, E0203 a.yaml:2:10");
	expect(V "include: b.yaml\nlisteners: {a: \"http://127.0.0.2\"}\n", "");
	expect(V "include: b.yaml\nroutes: [{name: b, to: reject, match: {body: rr}}]\n" IN, "E0205 b.yaml:3:17");
	write_text("a.yaml", "site: a\nlog: {level: loud}\n");
	expect(V "include: a.yaml\nsite: b\n", "E0016 a.yaml:1:1, E0107 a.yaml:2:14");
	write_text("a.yaml", "include: b.yaml\n");
	write_text("b.yaml", "include: a.yaml\n");
	expect(V "include: a.yaml\n", "E0015 b.yaml:1:10");
	write_text("a.yaml", "sites: [\n");
	expect(V "include: a.yaml\nroutes: [{to: nowhere, from: nobody}]\nfoo: 1\n", "E0103 4:1, E0007 a.yaml:2:1");
	// Eight deep is in order, nine are not.
	for (int i = 1; i <= 9; i++) {
		snprintf(name, sizeof(name), "d%d.yaml", i);
		snprintf(text, sizeof(text), i < 8 ? "include: d%d.yaml\n" : "x-end: %d\n", i + 1);
		write_text(name, text);
	}
	expect(V "include: d1.yaml\n" IN UP, "");
	write_text("d8.yaml", "include: d9.yaml\n");
	expect(V "include: d1.yaml\n" IN UP, "E0015 d8.yaml:1:10");
	// Nodes count over all files.
	mkdir(path_of("[odd] $x"), 0755);
	write_text("[odd] $x/c.yaml", IN UP);
	expect(V "include: \"\\\\[odd\\\\] $$x/c.yaml\"\n", "");
}

// The folder of the main file may hold what a glob would take for a pattern.
static void
includes_beside_odd_folder(void **state)
{
	struct findings f;
	struct settings *s;

	(void)state;
	write_text("[odd] $x/m.yaml", V "include: \"c.y*l\"\n");
	s = settings_load(path_of("[odd] $x/m.yaml"), schemes, &f);
	if (s == NULL)
		findings_print(&f, put_note, NULL, false);
	assert_non_null(s);
	assert_int_equal(s->listener_count, 1);
	settings_unref(s);
	findings_clear(&f);
}

// ---- Limits: each row at both of its ends.

static void
number_text(const struct option_row *row, int64_t n, char *out, size_t size)
{
	const char *unit = row->kind == OPTION_DURATION ? "ms" : row->kind == OPTION_RATE ? "/s" : "";

	snprintf(out, size, "%" PRId64 "%s", n, unit);
}

static void
expect_number(const struct option_row *row, const char *format, const void *(*find)(const struct settings *s), int64_t n, bool well)
{
	char value[48], text[256];
	struct findings f;
	struct settings *s;

	number_text(row, n, value, sizeof(value));
	snprintf(text, sizeof(text), "version: 1\nlimits: %s%s: %s%s\n" IN UP, format, row->key, value, strcmp(format, "{") == 0 ? "}" : "}}");
	write_text("t.yaml", text);
	s = settings_load(file, schemes, &f);
	if (well != (s != NULL)) {
		findings_print(&f, put_note, NULL, false);
		fail_msg("%s", text);
	}
	if (well)
		assert_int_equal(*(const int64_t *)row_member(row, find(s)), n);
	else {
		assert_string_equal(f.items[0].code, n < 0 ? "E0105" : "E0106");
		assert_int_equal(f.items[0].line, 2);
		assert_int_equal(f.items[0].column, strlen("limits: : ") + strlen(format) + strlen(row->key) + 1);
	}
	settings_unref(s);
	findings_clear(&f);
}

static const void *
find_limits(const struct settings *s)
{
	return &s->limits;
}

static void
check_rows(const struct option_row *rows, const char *format)
{
	for (const struct option_row *row = rows; row->key != NULL; row++) {
		if (row->kind == OPTION_RECORD)
			check_rows(row->rows, "{coap: {");
		if (row->kind != OPTION_INTEGER && row->kind != OPTION_SIZE && row->kind != OPTION_DURATION && row->kind != OPTION_RATE)
			continue;
		assert_non_null(row->standard);
		assert_true(row->max > row->min);
		expect_number(row, format, find_limits, row->min, true);
		expect_number(row, format, find_limits, row->max, true);
		expect_number(row, format, find_limits, row->min - 1, false);
		expect_number(row, format, find_limits, row->max + 1, false);
	}
}

static void
guards_limits(void **state)
{
	const struct option_row *row = language_rows;

	(void)state;
	while (strcmp(row->key, "limits") != 0)
		row++;
	check_rows(row->rows, "{");
}

static void
limits_fit_together(void **state)
{
	static const struct example examples[] = {
		{ V "limits: {max_answer: 3MiB}\n" IN UP, "" },
		{ V "limits: {max_answer: 3145729}\n" IN UP, "W0331 2:10" },
		{ V "limits: {bytes_in_flight: 1MiB}\n" IN UP, "" },
		{ V "limits: {max_answer: 1MiB, bytes_in_flight: 2MiB}\n" IN UP, "W0331 2:10" },
		{ V "limits: {bytes_in_flight: 1MiB, max_message: 256KiB}\n" IN UP, "" },
		{ V "limits: {bytes_in_flight: 1MiB, max_message: 262145}\n" IN UP, "W0331 2:33" },
		{ V "limits: {max_message: 128KiB, coap: {assembly_bytes: 64KiB}}\n" IN UP, "W0331 2:38" },
		{ V "limits: {max_message: 65537, coap: {assembly_bytes: 64KiB}}\n" IN UP, "W0331 2:37" },
		{ V "limits: {coap: {assembly_bytes: 64KiB}}\n" IN UP, "" },
		{ V "limits: {connections: 7}\n" IN UP, "W0331 2:10" },
		{ V "limits: {connections: 8}\n" IN UP, "" },
		{ V "limits: {connections_per_source: 257}\n" IN UP, "W0331 2:10" },
		{ V "limits: {exchange_timeout: 15s}\n" IN UP "trust: {a: {anchors: b, revocation: {ocsp: \"http://c\"}}}\n", "W0304 5:9" },
		{ V "limits: {exchange_timeout: 14999ms}\n" IN UP "trust: {a: {anchors: b, revocation: {ocsp: \"http://c\"}}}\n", "W0331 2:10, W0304 5:9" },
		{ V "limits: {exchange_timeout: 1s}\n" IN UP "trust: {a: {anchors: b, revocation: {crls: c}}}\n", "W0304 5:9" },
	};

	(void)state;
	ALL(examples);
}

// ---- A good file.

static void
has_defaults(void **state)
{
	struct findings f;
	struct settings *s;
	const struct settings_limits *l;
	const struct fake_options *o;

	(void)state;
	write_text("t.yaml", V IN UP);
	s = load_expect("defaults", "", &f);
	l = &s->limits;
	assert_int_equal(s->version, 1);
	assert_null(s->site);
	assert_string_equal(s->user, "cmpgate");
	assert_null(s->group);
	assert_int_equal(s->include.count, 0);
	assert_string_equal(s->store.path, STATEDIR);
	assert_int_equal(s->log.level, LOG_INFO_);
	assert_int_equal(s->log.format, LOG_FORMAT_AUTO);
	assert_int_equal(l->max_message, 64 << 10);
	assert_int_equal(l->max_answer, 256 << 10);
	assert_int_equal(l->transactions, 256);
	assert_int_equal(l->bytes_in_flight, 12 << 20);
	assert_int_equal(l->exchange_timeout, 60000);
	assert_int_equal(l->transaction_timeout, 3600000);
	assert_int_equal(l->forget, 86400000);
	assert_int_equal(l->rate, 10);
	assert_int_equal(l->rate_burst, 40);
	assert_int_equal(l->rate_exempt.count, 0);
	assert_int_equal(l->connections, 256);
	assert_int_equal(l->connections_per_source, 8);
	assert_int_equal(l->header_timeout, 10000);
	assert_int_equal(l->body_timeout, 30000);
	assert_int_equal(l->write_timeout, 30000);
	assert_int_equal(l->idle_timeout, 60000);
	assert_int_equal(l->min_rate, 100);
	assert_int_equal(l->coap_sessions, 256);
	assert_int_equal(l->coap_assemblies, 64);
	assert_int_equal(l->coap_assemblies_per_peer, 2);
	assert_int_equal(l->coap_assembly_bytes, 4 << 20);
	assert_int_equal(l->coap_assembly_timeout, 60000);
	assert_int_equal(l->coap_waiting, 256);
	assert_int_equal(l->coap_answers, 256);
	assert_int_equal(s->listener_count, 1);
	assert_string_equal(s->listeners[0].name, "in");
	assert_string_equal(s->listeners[0].url.host, "127.0.0.1");
	assert_int_equal(s->listeners[0].place.line, 2);
	assert_int_equal(s->listeners[0].place.column, 13);
	assert_string_equal(s->listeners[0].place.file, file);
	o = s->listeners[0].options;
	assert_int_equal(o->size, 4096);
	assert_true(o->flag);
	assert_null(o->path);
	assert_int_equal(s->upstream_count, 1);
	assert_int_equal(s->upstreams[0].timeout, 30000);
	assert_int_equal(s->upstreams[0].insecure.count, 0);
	assert_int_equal(s->route_count, 1);
	assert_true(s->implicit_route);
	assert_string_equal(s->routes[0].name, "implicit");
	assert_int_equal(s->routes[0].target, TARGET_UPSTREAM);
	assert_int_equal(s->routes[0].upstream, 0);
	assert_int_equal(s->routes[0].body_bits, 0);
	assert_int_equal(s->routes[0].accept, 0);
	assert_ptr_equal(settings_ref(s), s);
	settings_unref(s);
	assert_int_equal(s->version, 1);
	settings_unref(s);
	findings_clear(&f);
}

static const char full[] =
	"version: 1\n"
	"site: works-7\n"
	"user: gate\n"
	"group: field\n"
	"store: {path: /srv/state}\n"
	"log: {level: debug, format: json}\n"
	"limits: {max_message: 32KiB, rate: 5/s, rate_exempt: [10.0.0.0/8, \"2001:db8::/32\"], coap: {sessions: 17}}\n"
	"listeners:\n"
	"  cell: {url: \"coap://[::]:5683\", size: 8KiB, flag: no}\n"
	"  it: http://10.7.0.1:8080\n"
	"upstreams:\n"
	"  ot: {url: \"http://pki.example/cmp\", timeout: 20s, insecure_upstream: yes-i-know, path: /x}\n"
	"  it-ca: http://127.0.0.1:8081/\n"
	"routes:\n"
	"  - name: no-rr\n"
	"    from: [cell, it]\n"
	"    match: {body: [rr, enroll], source: 10.7.0.0/16, path: /a*, profile: [\"plc*\", x], sender: \"CN=a*\"}\n"
	"    to: reject\n"
	"    reject: {status: badRequest, text: \"only through the desk: #1\"}\n"
	"  - from: cell\n"
	"    to: ot\n"
	"    protection: keep\n"
	"    accept: unprotected-error\n"
	"  - {from: any, to: it-ca}\n";

static void
check_full(const struct settings *s)
{
	const struct settings_route *r = s->routes;
	const struct fake_options *o;

	assert_string_equal(s->site, "works-7");
	assert_string_equal(s->user, "gate");
	assert_string_equal(s->group, "field");
	assert_string_equal(s->store.path, "/srv/state");
	assert_int_equal(s->log.level, LOG_DEBUG_);
	assert_int_equal(s->log.format, LOG_FORMAT_JSON);
	assert_int_equal(s->limits.max_message, 32 << 10);
	assert_int_equal(s->limits.rate, 5);
	assert_int_equal(s->limits.rate_exempt.count, 2);
	assert_string_equal(s->limits.rate_exempt.items[1], "2001:db8::/32");
	assert_int_equal(s->limits.coap_sessions, 17);
	assert_int_equal(s->listener_count, 2);
	o = s->listeners[0].options;
	assert_string_equal(s->listeners[0].url.scheme, "coap");
	assert_int_equal(o->size, 8192);
	assert_false(o->flag);
	assert_string_equal(s->listeners[1].url.text, "http://10.7.0.1:8080");
	assert_int_equal(s->upstream_count, 2);
	assert_int_equal(s->upstreams[0].timeout, 20000);
	assert_int_equal(s->upstreams[0].insecure.count, 1);
	assert_string_equal(((struct fake_options *)s->upstreams[0].options)->path, "/x");
	assert_int_equal(s->route_count, 3);
	assert_false(s->implicit_route);
	assert_string_equal(r[0].name, "no-rr");
	assert_int_equal(r[0].from.count, 2);
	assert_string_equal(r[0].from.items[1], "it");
	assert_int_equal(r[0].match_body.count, 2);
	assert_int_equal(r[0].body_bits, 1 << 11 | 1 << 0 | 1 << 2 | 1 << 4 | 1 << 13);
	assert_string_equal(r[0].match_source.items[0], "10.7.0.0/16");
	assert_string_equal(r[0].match_path.items[0], "/a*");
	assert_string_equal(r[0].match_profile.items[0], "plc*");
	assert_string_equal(r[0].match_sender.items[0], "CN=a*");
	assert_int_equal(r[0].target, TARGET_REJECT);
	assert_int_equal(r[0].reject_status, FAIL_BAD_REQUEST);
	assert_string_equal(r[0].reject_text, "only through the desk: #1");
	assert_string_equal(r[1].name, "route-2");
	assert_int_equal(r[1].target, TARGET_UPSTREAM);
	assert_int_equal(r[1].upstream, 0);
	assert_int_equal(r[1].reject_status, FAIL_NOT_AUTHORIZED);
	assert_int_equal(r[1].accept, ACCEPT_UNPROTECTED_ERROR);
	assert_int_equal(r[2].upstream, 1);
	assert_int_equal(r[2].from.count, 0);
	assert_string_equal(r[2].name, "route-3");
}

static void
takes_all_fields(void **state)
{
	struct findings f;
	struct settings *s;

	(void)state;
	write_text("t.yaml", full);
	s = load_expect(full, "N0402 20:5, N0403 23:13", &f);
	check_full(s);
	settings_unref(s);
	findings_clear(&f);
}

// ---- Two configurations.

static void
tells_restarts(void **state)
{
	static const struct { const char *text, *says; } changes[] = {
		{ V IN UP "site: b\nlog: {level: debug}\nlimits: {rate: 3/s}\n", NULL },
		{ V IN UP "store: {path: /other}\n", "'store.path'" },
		{ V IN UP "user: other\n", "'user'" },
		{ V IN UP "group: other\n", "'group'" },
	};
	struct settings *a = load_good(V IN UP);

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct settings *b = load_good(changes[i].text);
		struct fault f = { 0 };

		assert_int_equal(settings_needs_restart(a, b, &f), changes[i].says != NULL);
		assert_int_equal(f.set, changes[i].says != NULL);
		if (changes[i].says != NULL)
			assert_non_null(strstr(f.text, changes[i].says));
		settings_unref(b);
	}
	assert_false(settings_needs_restart(a, a, NULL));
	settings_unref(a);
}

static void
tells_same_entries(void **state)
{
	static const struct { const char *text; bool listener, upstream; } others[] = {
		{ V IN UP, true, true },
		{ V "listeners: {in: {url: \"http://127.0.0.1\", size: 4096}}\nupstreams: {ca: {url: \"http://127.0.0.3/\", timeout: 30s}}\n", true, true },
		{ V "listeners: {in: {url: \"http://127.0.0.1\", size: 1}}\nupstreams: {ca: {url: \"http://127.0.0.3/\", timeout: 31s}}\n", false, false },
		{ V "listeners: {on: \"http://127.0.0.1\"}\nupstreams: {cb: \"http://127.0.0.3/\"}\n", false, false },
		{ V "listeners: {in: \"http://127.0.0.1:80\"}\nupstreams: {ca: \"http://127.0.0.3/x\"}\n", false, false },
		{ V "listeners: {in: {url: \"http://127.0.0.1\", path: /a}}\nupstreams: {ca: {url: \"http://127.0.0.3/\", flag: off}}\n", false, false },
	};
	struct settings *a = load_good(V IN UP);

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct settings *b = load_good(others[i].text);

		assert_int_equal(settings_listener_same(&a->listeners[0], &b->listeners[0], schemes), others[i].listener);
		assert_int_equal(settings_upstream_same(&a->upstreams[0], &b->upstreams[0], schemes), others[i].upstream);
		settings_unref(b);
	}
	settings_unref(a);
}

// ---- Texts made from the rows, and from settings.

static void
shows_what_it_loaded(void **state)
{
	static const char *const texts[] = { full, V, V IN UP, V IN UP "routes: []\n",
		V IN UP "site: no\nroutes: [{to: reject, reject: {text: \"$${x} \\\" \\\\ \xc3\xa4: #\"}}]\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct settings *a = load_good(texts[i]), *b;
		char *first = settings_show(a, false), *json = settings_show(a, true), *second;
		cJSON *parsed = cJSON_Parse(json);

		assert_non_null(first);
		assert_non_null(parsed);
		assert_int_equal(cJSON_GetObjectItem(parsed, "version")->valueint, 1);
		b = load_good(first);
		second = settings_show(b, false);
		assert_string_equal(first, second);
		assert_false(settings_needs_restart(a, b, NULL));
		if (i == 0)
			check_full(b);
		cJSON_Delete(parsed);
		mem_free(first);
		mem_free(json);
		mem_free(second);
		settings_unref(a);
		settings_unref(b);
	}
}

static void
shows_values(void **state)
{
	struct settings *s = load_good(full);
	char *yaml = settings_show(s, false), *json = settings_show(s, true);
	cJSON *parsed = cJSON_Parse(json), *route;

	(void)state;
	assert_non_null(strstr(yaml, "\n  max_message: 32KiB\n"));
	assert_non_null(strstr(yaml, "\n  exchange_timeout: 1m\n"));
	assert_non_null(strstr(yaml, "\n  it:\n    url: \"http://10.7.0.1:8080\"\n"));
	route = cJSON_GetArrayItem(cJSON_GetObjectItem(parsed, "routes"), 0);
	assert_string_equal(cJSON_GetObjectItem(route, "to")->valuestring, "reject");
	assert_string_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(route, "reject"), "status")->valuestring, "badRequest");
	route = cJSON_GetArrayItem(cJSON_GetObjectItem(parsed, "routes"), 2);
	assert_string_equal(cJSON_GetObjectItem(route, "to")->valuestring, "it-ca");
	assert_null(cJSON_GetObjectItem(route, "reject"));
	cJSON_Delete(parsed);
	mem_free(yaml);
	mem_free(json);
	settings_unref(s);
}

static void
assert_mentions(const char *text, const char *before, const char *after, const struct option_row *rows)
{
	for (const struct option_row *row = rows; row->key != NULL; row++) {
		char wanted[96];

		if (row->kind == OPTION_ABSENT)
			continue;
		snprintf(wanted, sizeof(wanted), "%s%s%s", before, row->key, after);
		if (strstr(text, wanted) == NULL)
			fail_msg("'%s' is not there", wanted);
		if (row->rows != NULL)
			assert_mentions(text, before, after, row->rows);
	}
}

static void
makes_schema(void **state)
{
	char *text = settings_schema(schemes);
	cJSON *parsed = cJSON_Parse(text), *limits, *listener;

	(void)state;
	assert_non_null(parsed);
	assert_mentions(text, "\"", "\": {\"description\"", language_rows);
	assert_mentions(text, "\"", "\": {\"description\"", fake_rows);
	assert_mentions(text, "\"", "\": {\"description\"", echo_rows);
	assert_null(strstr(text, "\"metrics\""));
	limits = cJSON_GetObjectItem(cJSON_GetObjectItem(cJSON_GetObjectItem(parsed, "properties"), "limits"), "properties");
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(limits, "transactions"), "maximum")->valueint, 1024);
	listener = cJSON_GetObjectItem(cJSON_GetObjectItem(cJSON_GetObjectItem(parsed, "properties"), "listeners"), "additionalProperties");
	listener = cJSON_GetArrayItem(cJSON_GetObjectItem(listener, "anyOf"), 1);
	assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(listener, "required"), 0)->valuestring, "url");
	cJSON_Delete(parsed);
	mem_free(text);
}

static void
makes_manual(void **state)
{
	char *text = settings_manual(schemes);

	(void)state;
	assert_non_null(text);
	assert_non_null(strstr(text, "\n.B limits.coap.sessions\n(number from 16 to 100000; default 256)\n"));
	assert_non_null(strstr(text, "\n.B routes[].match.body\n"));
	assert_non_null(strstr(text, "\n.B listeners.NAME.size\n"));
	assert_non_null(strstr(text, ".SS \"Keys of listeners with http:, coap:, tcp:, file:\"\n"));
	assert_non_null(strstr(text, "listeners.NAME.credential"));
	assert_mentions(text, "", "", language_rows);
	assert_mentions(text, "", "", echo_rows);
	mem_free(text);
}

// Take the # from settings that wait.
static void
wake(char *text)
{
	char *out = text;

	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n") + 1, blank = strspn(line, " ");

		if (line[blank] == '#' && (line[blank + 1] != ' ' || line[blank + 2] == ' ')) {
			memmove(out, line, blank);
			out += blank;
			line += blank + 1;
			len -= blank + 1;
		}
		memmove(out, line, len);
		out += len;
		line += len;
	}
	*out = '\0';
}

static void
makes_sample(void **state)
{
	char *text = settings_sample(schemes);
	struct findings f;
	struct settings *s;

	(void)state;
	assert_non_null(text);
	assert_mentions(text, "", ":", language_rows);
	assert_mentions(text, "", ":", fake_rows);
	assert_mentions(text, "", ":", echo_rows);
	expect(text, "");
	wake(text);
	write_text("t.yaml", text);
	s = settings_load(file, schemes, &f);
	if (s == NULL)
		findings_print(&f, put_note, NULL, false);
	assert_non_null(s);
	assert_int_equal(s->listener_count, 5);
	assert_int_equal(s->route_count, 2);
	settings_unref(s);
	findings_clear(&f);
	mem_free(text);
}

static void
names_library(void **state)
{
	(void)state;
	assert_int_equal(strncmp(settings_library(), "libyaml 0.", 10), 0);
}

// ---- Memory that runs out: never half a configuration, and never in silence.

static void
load_without_memory(const char *text, int every)
{
	uint64_t n = 0, before, needed;
	struct findings f;
	struct settings *s;

	write_text("t.yaml", text);
	before = mem_count();
	s = settings_load(file, schemes, &f);
	needed = mem_count() - before;
	settings_unref(s);
	findings_clear(&f);
	while (++n <= needed) {
		char *json;

		mem_fail(n, every);
		s = settings_load(file, schemes, &f);
		mem_fail(0, 0);
		assert_null(s);
		assert_true(f.exhausted || f.errors > 0);
		json = findings_json(&f);
		assert_non_null(json);
		mem_free(json);
		findings_clear(&f);
	}
}

static void
survives_without_memory(void **state)
{
	(void)state;
	load_without_memory(full, 0);
	load_without_memory(full, 1);
	load_without_memory(V "limts: {}\nlog: {levle: &a info}\nroutes: [{to: x, from: ${NO}}]\n", 0);
	load_without_memory(V "include: [\"none*\"]\nsite: \"${CG_NONE:-a}\"\n", 1);
}

static void
shows_nothing_without_memory(void **state)
{
	struct settings *s = load_good(full);
	char *(*const makers[])(const struct config_scheme *) = { settings_schema, settings_manual, settings_sample };

	(void)state;
	for (uint64_t n = 1; n <= 4; n++) {
		mem_fail(n, 1);
		for (size_t i = 0; i < 2; i++)
			mem_free(settings_show(s, i == 1));
		for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
			assert_null(makers[i](schemes));
		mem_fail(0, 0);
	}
	mem_fail(1, 1);
	assert_null(settings_show(s, false));
	mem_fail(0, 0);
	settings_unref(s);
}

// ---- Reports.

static void
prints_findings(void **state)
{
	char out[4096] = "", expected[1024];
	struct findings f;

	(void)state;
	write_text("t.yaml", V "log:\n  levle: info\nlisteners: {}\n");
	assert_null(settings_load(file, schemes, &f));
	findings_print(&f, append_text, out, false);
	snprintf(expected, sizeof(expected),
		"%s:3:3: error: unknown key 'levle' in 'log' [E0103]\n"
		"     3 |   levle: info\n"
		"       |   ^~~~~\n"
		"   help: did you mean 'level'?\n"
		"1 error\n", file);
	assert_string_equal(out, expected);
	*out = '\0';
	findings_print(&f, append_text, out, true);
	assert_non_null(strstr(out, "\033[1;31merror\033[0m"));
	findings_clear(&f);
	// Nothing from a file may reach the terminal raw.
	write_text("t.yaml", V "\"a\\e[2J\xe2\x80\xae\": 1\n");
	assert_null(settings_load(file, schemes, &f));
	*out = '\0';
	findings_print(&f, append_text, out, false);
	assert_null(strchr(out, '\033'));
	assert_null(strstr(out, "\xe2\x80\xae"));
	findings_clear(&f);
}

static void
lists_codes(void **state)
{
	size_t n = 0;

	(void)state;
	for (; finding_code(n) != NULL; n++) {
		const char *text = finding_explain(finding_code(n));

		assert_int_equal(strlen(finding_code(n)), 5);
		assert_non_null(text);
		assert_true(strlen(text) > 20);
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(finding_code(i), finding_code(n));
	}
	assert_true(n > 40);
	assert_null(finding_explain("E9999"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(guards_yaml),
		cmocka_unit_test(refuses_alias_bomb),
		cmocka_unit_test(guards_depth),
		cmocka_unit_test(guards_size),
		cmocka_unit_test(guards_nodes),
		cmocka_unit_test(guards_values),
		cmocka_unit_test(guards_keys),
		cmocka_unit_test(guards_entries),
		cmocka_unit_test(guards_routes),
		cmocka_unit_test(expands_variables),
		cmocka_unit_test(finds_paths),
		cmocka_unit_test(guards_files),
		cmocka_unit_test(hints_name_files),
		cmocka_unit_test(includes_files),
		cmocka_unit_test(includes_beside_odd_folder),
		cmocka_unit_test(guards_limits),
		cmocka_unit_test(limits_fit_together),
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(takes_all_fields),
		cmocka_unit_test(tells_restarts),
		cmocka_unit_test(tells_same_entries),
		cmocka_unit_test(shows_what_it_loaded),
		cmocka_unit_test(shows_values),
		cmocka_unit_test(makes_schema),
		cmocka_unit_test(makes_manual),
		cmocka_unit_test(makes_sample),
		cmocka_unit_test(names_library),
		cmocka_unit_test(survives_without_memory),
		cmocka_unit_test(shows_nothing_without_memory),
		cmocka_unit_test(prints_findings),
		cmocka_unit_test(lists_codes),
	};

	return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
