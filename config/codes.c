// SPDX-License-Identifier: GPL-3.0-or-later
// The stable codes of findings, and what `cmpgate explain` says about each. A
// released code keeps its meaning; new ones are added behind the others.
#include "config/findings.h"

static const struct { const char *code, *text; } codes[CODE_COUNT] = {
	[CODE_MEMORY] = { "E0001", "Memory ran out while the configuration was read. Nothing of it is used.\n" },
	[CODE_READ] = { "E0002",
		"A configuration file cannot be read: it does not exist, its permissions are against it, or it is a folder, a\n"
		"device or a pipe. In an include, a name without * ? [ must exist; a glob that fits no file is in order.\n" },
	[CODE_TOO_LARGE] = { "E0003",
		"A configuration file is larger than 256 KiB. Split it with include; all files together may hold 10,000 keys\n"
		"and values.\n" },
	[CODE_EMPTY] = { "E0004",
		"The file holds nothing but space and comments. A configuration has at least the key version, so an empty file\n"
		"is a copy that went wrong or the wrong file.\n" },
	[CODE_UTF8] = { "E0005", "The file is not in UTF-8 at this place. Save it again as UTF-8; a byte order mark may stand at its start.\n" },
	[CODE_NUL] = { "E0006", "A NUL octet stands in the file, or a value has one by way of an escape. No setting can hold it.\n" },
	[CODE_SYNTAX] = { "E0007",
		"The file is not YAML at this place, so what follows could not be read. The usual causes are a line that is\n"
		"indented differently from its neighbours, a missing space after a colon, and a text that needs quotes because\n"
		"it begins with a special character or holds ': ' or ' #'.\n" },
	[CODE_TAB] = { "E0008", "A tab stands where a line is indented. YAML is indented with spaces only.\n" },
	[CODE_DEPTH] = { "E0009", "Maps and lists stand inside each other deeper than 16 levels. No configuration needs that.\n" },
	[CODE_NODES] = { "E0010", "All files together hold more than 10,000 keys and values.\n" },
	[CODE_ALIAS] = { "E0011",
		"An anchor (&name), an alias (*name) or a merge key (<<) stands here. They are not part of this language: a\n"
		"reader must see what a key is without looking elsewhere, and small files must stay small when they are read.\n"
		"Name shared things and refer to them, or split files with include. A text that begins with & or * needs quotes.\n" },
	[CODE_TAG] = { "E0012",
		"A tag (!name) stands here. Types come from the language, never from the file. A text that begins with ! needs\n"
		"quotes.\n" },
	[CODE_DOCUMENTS] = { "E0013", "A line --- begins a second document. One file holds one document; use include for several files.\n" },
	[CODE_DUPLICATE] = { "E0014",
		"The same key stands twice in one map. Most YAML readers take the last one without a word; here it is an error,\n"
		"because one of the two is not what its writer meant.\n" },
	[CODE_INCLUDE] = { "E0015",
		"Files include each other more than 8 deep, a file includes itself, or one is included twice.\n" },
	[CODE_TWICE] = { "E0016",
		"Two files define the same name or the same key. Maps of several files are merged by name and routes are\n"
		"appended, but nothing is ever overwritten: rename one of the two, or remove it. Only version may stand in\n"
		"each file, and must then be the same.\n" },
	[CODE_VARIABLE] = { "E0017",
		"A dollar sign in a value begins a variable: ${NAME}, or ${NAME:-default} for when it is unset or empty. The\n"
		"variable is not set and has no default, or the form is wrong. Write $$ for a dollar sign.\n" },
	[CODE_KEY] = { "E0018", "A key of a map must be a text; here it is a map or a list.\n" },
	[CODE_SHAPE] = { "E0101", "A map, a list or a text is wanted here, and the file has another of the three, or nothing.\n" },
	[CODE_MISSING] = { "E0102", "A key that has no default is missing from this map.\n" },
	[CODE_UNKNOWN_KEY] = { "E0103",
		"The key is not part of the language, or not at this place, or the driver of this URL's scheme does not have it.\n"
		"Keys that begin with x- are never read: they are free for notes. `cmpgate config manual` lists all keys.\n" },
	[CODE_ABSENT] = { "E0104",
		"The key, value or URL scheme is part of the documented language, but this build cannot do it: a later version\n"
		"brings it, or a driver was left out when this build was configured (`cmpgate version` lists the drivers).\n"
		"It is refused rather than ignored, because a gateway that leaves out a check is worse than one that does not\n"
		"start.\n" },
	[CODE_VALUE] = { "E0105", "The value does not have the form that this key wants.\n" },
	[CODE_RANGE] = { "E0106", "The value has the right form but is too small, too large or too long.\n" },
	[CODE_CHOICE] = { "E0107", "The key takes one of a few words, and this is none of them.\n" },
	[CODE_LEADING_ZERO] = { "E0108",
		"A bare number begins with a zero. Some readers take it as octal, some as decimal, some as a text. Quote it if it\n"
		"is a text, or leave the zero out.\n" },
	[CODE_NAME] = { "E0109",
		"A name is made of letters, digits, - _ and . and has at most 64 characters. The words any, reject and answers\n"
		"have a meaning in routes and cannot name a listener or an upstream; system cannot name a trust set.\n" },
	[CODE_URL] = { "E0110",
		"The URL cannot be taken apart. It has the form scheme://host:port/path; an IPv6 address stands in brackets;\n"
		"user names, fragments, spaces and control characters have no place in it. For files it is file:/path. Or it has a\n"
		"part that a listener of this scheme cannot use: a query, a path on a link that has none, or a path that no request\n"
		"could name.\n" },
	[CODE_CIDR] = { "E0111",
		"An address (10.7.1.20) or a network (10.7.0.0/16, 2001:db8::/32) is wanted. In a network, all bits behind the\n"
		"prefix are zero; otherwise it is unclear which of the two was meant.\n" },
	[CODE_NO_UPSTREAM] = { "E0201", "A route leads to an upstream that is not defined under upstreams.\n" },
	[CODE_NO_LISTENER] = { "E0202", "A route takes requests from a listener that is not defined under listeners.\n" },
	[CODE_ROUTE_TARGET] = { "E0203",
		"A route does not say where it leads although there is not exactly one upstream, or it says how to refuse\n"
		"(reject:) without refusing (to: reject).\n" },
	[CODE_SAME_ADDRESS] = { "E0204",
		"Two listeners want the same address and port, or the same folder. [::] takes all addresses of IPv6 and IPv4,\n"
		"0.0.0.0 all of IPv4. One listener can serve everybody; routes tell devices apart by path, profile or source.\n" },
	[CODE_ROUTE_TWICE] = { "E0205", "Two routes have the same name. Names appear in logs and metrics, so each must be its own.\n" },
	[CODE_SCHEME] = { "E0206", "No driver serves URLs of this scheme. `cmpgate version` lists the drivers of this build.\n" },
	[CODE_SCHEME_SIDE] = { "E0207", "The driver of this scheme has only one side: it cannot listen, or it cannot be an upstream.\n" },
	[CODE_PLAIN_UPSTREAM] = { "E0208",
		"A route accepts error messages that nobody signed, or hands out trust anchors of the CA (accept_ca_pubs), and its\n"
		"upstream is reached over a plain link that is not loopback. Whoever can write to that link can end enrolments.\n"
		"Every other message is protected by CMP itself and may travel over a plain link. Take unprotected-error out of\n"
		"accept, or accept_ca_pubs away, or write insecure_upstream: yes-i-know for the upstream if the link is yours alone.\n" },
	[CODE_PORT] = { "E0209",
		"The URL of an upstream names no host, or port 0: there is nothing to connect to. Or a URL names no port, and its\n"
		"scheme has none that goes without saying.\n" },
	[CODE_HOST] = { "E0210",
		"The URL of a listener names a host. A name can stand for several addresses, and for others tomorrow; write the\n"
		"address of this machine itself, [::] for all of IPv6 and IPv4, 0.0.0.0 for all of IPv4, or no host for loopback.\n"
		"Or it names an address that no listener can have: one of a group, or a link-local one without the interface\n"
		"([fe80::1%25eth0]).\n" },
	[CODE_NO_TRUST] = { "E0211", "A trust set is named that is not defined under trust.\n" },
	[CODE_NO_CREDENTIAL] = { "E0212", "A credential is named that is not defined under credentials.\n" },
	[CODE_NO_SECRETS] = { "E0213", "A table of secrets is named that is not defined under secrets.\n" },
	[CODE_NO_SIGNER] = { "E0214",
		"A route with protection: add or replace signs what goes to the CA, and has nothing to sign with. Name a\n"
		"credential in sign_with, or let the route keep the protection of the device.\n" },
	[CODE_NO_PROOF] = { "E0215",
		"A route that vouches for devices (protection: add or replace, approve, to: answers) must verify them first, and\n"
		"an empty list means nobody. Name trust sets in trust for devices that sign, tables in secrets for devices that\n"
		"share a secret with the gateway, or both.\n" },
	[CODE_POPO] = { "E0216",
		"popo: raverified changes the request, and so breaks the protection that the device made. It needs\n"
		"protection: replace.\n" },
	[CODE_SET] = { "E0217",
		"set changes the template that the device signed: its protection and its proof of possession would no longer\n"
		"hold. It needs protection: replace and popo: raverified. The names in it are an RFC 4514 text such as\n"
		"CN=bench,O=Works 7, and DNS:, IP:, URI: or email: before a subject alternative name.\n" },
	[CODE_ANSWERS] = { "E0218",
		"A route with to: answers makes answers of its own. It needs something to say (the section answers) and a voice:\n"
		"a credential in reply_with for devices that sign, or secrets for those that share one.\n" },
	[CODE_UPSTREAM_TRUST] = { "E0219",
		"A route with protection: replace answers in the name of the gateway, so it must verify what the CA says. Name the\n"
		"trust sets that the CA's answers are signed under in trust of the upstream.\n" },
	[CODE_LITERAL] = { "E0220",
		"A pass phrase, PIN, secret or key stands in the configuration itself, where everybody who may read it, every\n"
		"backup and every message about it would have it. Put it into a file of its own that is closed to others, and write\n"
		"file:/path; or env:NAME for an environment variable, cred:NAME for a credential that systemd hands over, or a\n"
		"pkcs11: URI for a key in a token. The value is not shown, here or anywhere. Change it if others could read it.\n" },
	[CODE_CREDENTIAL] = { "E0221",
		"A credential contradicts itself: pass and pin are two names of one thing, and a key in a token needs the PKCS#11\n"
		"module that reaches it, in module or as module-path in the URI.\n" },
	[CODE_NEEDS_TRUST] = { "E0222",
		"on_behalf, accept_raverified and bind: serial judge the certificate that a message is signed with, and\n"
		"match.sender.signer.trust names one of the sets it may be verified under. All of them need trust in the same\n"
		"route; a shared secret has no certificate.\n" },
	[CODE_REVOCATION] = { "E0223",
		"A trust set wants certificates held against revocation, but names nothing that tells of it, or something that is\n"
		"no beginning of an http: URL. CRLs and OCSP answers are signed, so they need no TLS, and fetching them by https:\n"
		"would need a certificate whose revocation must be known first.\n" },
	[CODE_UNREACHED] = { "W0301", "An earlier route takes every request, so this one never gets any. The first route that fits wins.\n" },
	[CODE_NO_ROUTES] = { "W0302",
		"No route exists, so every request is refused. With exactly one upstream a route is not needed; with several, the\n"
		"gateway never guesses.\n" },
	[CODE_NOBODY_LISTENS] = { "W0303", "No listener is defined. Nothing listens by itself.\n" },
	[CODE_NOT_USED] = { "W0304",
		"No route takes requests from this listener, none leads to this upstream, or nothing names this trust set,\n"
		"credential or table of secrets.\n" },
	[CODE_ISSUED_TRUST] = { "W0305",
		"Certificates that this upstream issues are handed to devices without a look at who issued them: the protection of\n"
		"the answer is verified, the chain of the new certificate is not. Name the trust sets in issued_trust.\n" },
	[CODE_KUR] = { "W0306",
		"A route with protection: replace admits kur. A key update is proved by the certificate that signs it, so it cannot\n"
		"be protected anew and is forwarded as received; the same holds for requests whose keys the CA is to make. Give kur\n"
		"a route of its own with protection: add or keep, and say in match.body what this one takes.\n" },
	[CODE_NO_EFFECT] = { "W0307", "The key is in order, but in this place it changes nothing, which may not be what was meant.\n" },
	[CODE_ANSWERS_BODY] = { "W0308",
		"A route with to: answers answers genm, and refuses everything else that it takes. Say match: {body: genm}.\n" },
	[CODE_NOT_HERE] = { "W0309",
		"An environment variable that holds a pass phrase or PIN is not set where the check runs. The gateway needs it where\n"
		"it runs.\n" },
	[CODE_WEAK] = { "W0310",
		"A file of the configuration can be used, but is weak: a shared secret has fewer than 16 octets or its time is over, a\n"
		"table has no secret, a folder no CRL, or an allow-list no line.\n" },
	[CODE_EXPIRES] = { "W0311",
		"A certificate has expired or will within 30 days, or the next issue of a CRL is overdue. What has expired is not\n"
		"believed, from anybody.\n" },
	[CODE_ANY_SIGNER] = { "W0312",
		"The trust set that an upstream's answers are verified under is also one that devices are, and it asks for no purpose:\n"
		"whoever holds a certificate under its anchors, each device, could sign answers as the CA. Give the upstream a set with\n"
		"eku: cmcCA, if its CMP signer has id-kp-cmcCA (RFC 9483 4.1.4), or one with anchors that issue to no device.\n" },
	[CODE_SHARED_FOLDER] = { "W0321",
		"Two listeners watch the same drop folder, written in two ways, or a drop folder is the state folder. One listener\n"
		"serves the folder, and the other waits for its end; the state folder must stay closed to those who drop files.\n" },
	[CODE_LOOP] = { "W0322",
		"The URL of an upstream is that of a listener in the same configuration. A request forwarded there comes back to this\n"
		"gateway, which knows its transactionID already and refuses it.\n" },
	[CODE_LIMITS] = { "W0331",
		"Two limits are in order, but do not fit together: one of them can never be reached, or what it allows is lost on the way\n"
		"because the other is too small for it.\n" },
	[CODE_LOOPBACK] = { "N0401",
		"The URL of the listener names no host, so it binds loopback: only programs on this machine reach it. Write an\n"
		"address of this machine, [::] for all of IPv6 and IPv4, or 0.0.0.0 for all of IPv4.\n" },
	[CODE_PLAIN_ACCEPTED] = { "N0402",
		"A route believes unprotected errors or hands out trust anchors over a plain link, and insecure_upstream: yes-i-know\n"
		"allows it. Whoever can write to that link can end enrolments.\n" },
	[CODE_DEVIATIONS] = { "N0403",
		"A route tolerates deviations from RFC 9483. Each of them is a weakness or an ambiguity that the profile rules out;\n"
		"take the word out of accept as soon as the peer that needs it is gone.\n" },
	[CODE_SHARED] = { "N0404",
		"A route verifies MACs with a table of secrets and does not protect the messages anew. The CA must then know the same\n"
		"secrets, since it verifies the same MAC; what the gateway verifies serves its own rules only.\n" },
	[CODE_SERVICE_ONLY] = { "N0405",
		"A key or pass phrase stands in the credentials that systemd hands to the service ($CREDENTIALS_DIRECTORY). Only the\n"
		"service sees them, so they were not checked here.\n" },
	[CODE_FILE_OPEN] = { "E0501",
		"A file that the configuration names does not exist or cannot be opened. `cmpgate check --files` opens all of them, as\n"
		"the user who runs it.\n" },
	[CODE_FILE_KIND] = { "E0502", "A file that the configuration names is a folder, a device or a pipe, or a folder is a file.\n" },
	[CODE_FILE_RIGHTS] = { "E0503",
		"Keys, pass phrases and tables of secrets must be closed to group and others, and the user that the gateway becomes\n"
		"must be able to read what the configuration names and to run its hooks, which nobody else may write.\n" },
	[CODE_FILE_CONTENT] = { "E0504",
		"A file that the configuration names does not hold what it should: it is no certificate, CRL, key, table of secrets,\n"
		"allow-list or DER, or damaged. Nothing of what stands in it is shown.\n" },
};

// What can be done about a finding that says nothing better by itself.
static const char *const cures[CODE_COUNT] = {
	[CODE_READ] = "name an ordinary file that this user may read",
	[CODE_TOO_LARGE] = "split it with include",
	[CODE_EMPTY] = "begin with what `cmpgate config sample` prints",
	[CODE_NUL] = "take it out",
	[CODE_SYNTAX] = "compare the indentation with the line above; a text that holds ': ' or ' #' needs quotes",
	[CODE_DEPTH] = "take levels out: no key of this language stands that deep",
	[CODE_NODES] = "take out what is not needed; routes can list many names, paths and networks each",
	[CODE_TAG] = "leave it out; a text that begins with ! needs quotes",
	[CODE_INCLUDE] = "take this include out",
	[CODE_KEY] = "write a name before the colon; one that begins with { or [ needs quotes",
	[CODE_SHAPE] = "`cmpgate config sample` shows the form of every key",
	[CODE_MISSING] = "add it; `cmpgate config sample` shows the keys that belong here",
	[CODE_VALUE] = "write it in one line of plain characters",
	[CODE_RANGE] = "choose a value within these bounds; cmpgate.yaml(5) names those of every key",
	[CODE_NAME] = "letters, digits, - _ and . make a name, 64 at most; words with a meaning of their own make none",
	[CODE_URL] = "its form is scheme://host:port/path, or file:/path",
	[CODE_NO_UPSTREAM] = "define it under upstreams, or name one that stands there",
	[CODE_NO_LISTENER] = "define it under listeners, or name one that stands there",
	[CODE_NO_TRUST] = "define it under trust, or name a set that stands there",
	[CODE_NO_CREDENTIAL] = "define it under credentials, or name one that stands there",
	[CODE_NO_SECRETS] = "define it under secrets, or name a table that stands there",
	[CODE_SCHEME] = "`cmpgate version` lists the drivers of this build",
	[CODE_PORT] = "write host and port, as in http://pki.plant.example:8080/cmp",
	[CODE_SCHEME_SIDE] = "`cmpgate version` tells which drivers are listeners and which are upstreams",
	[CODE_NO_ROUTES] = "name the CA, as in upstreams: {plant-ca: \"http://pki.plant.example/cmp\"}",
	[CODE_NOBODY_LISTENS] = "name an address, as in listeners: {field: \"coap://[::]:5683\"}",
	[CODE_NOT_USED] = "name it in a route, or take it out",
};

const char *
code_cure(enum code code)
{
	return cures[code];
}

const char *
code_text(enum code code)
{
	return codes[code].code;
}

const char *
finding_explain(const char *code)
{
	for (size_t i = 0; i < CODE_COUNT; i++)
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].text;
	return NULL;
}

const char *
finding_code(size_t i)
{
	return i < CODE_COUNT ? codes[i].code : NULL;
}
