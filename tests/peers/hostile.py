# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hostile stories share: PKIMessages built octet by octet, so that
each can be wrong in one place; the look into an answer; TAP; and the gateway's
health. Nothing here checks what it builds: that is the gateway's work."""
import itertools
import os
import sys
import traceback
import urllib.request

FAILURES = ("badAlg badMessageCheck badRequest badTime badCertId badDataFormat wrongAuthority incorrectData missingTimeStamp "
            "badPOP certRevoked certConfirmed wrongIntegrity badRecipientNonce timeNotAvailable unacceptedPolicy "
            "unacceptedExtension addInfoNotAvailable badSenderNonce badCertTemplate signerNotTrusted transactionIdInUse "
            "unsupportedVersion notAuthorized systemUnavail systemFailure duplicateCertReq").split()
BODIES = ("ir ip cr cp p10cr popdecc popdecr kur kup krr krp rr rp ccr ccp ckuann cann rann crlann pkiconf nested genm genp "
          "error certConf pollReq pollRep").split()


# ---- DER, and what only looks like it

def length(n):
    if n < 0x80:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *parts):
    value = b"".join(parts)
    return bytes([tag]) + length(len(value)) + value


def seq(*parts):
    return tlv(0x30, *parts)


def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def octets(value):
    return tlv(4, value)


def bits(value, unused=0):
    return tlv(3, bytes([unused]), value)


def ctx(n, *parts):
    return tlv(0xA0 + n, *parts)


def utf8(text):
    return tlv(12, text.encode())


def time(text):
    return tlv(24, text.encode())


def oid(hexed):
    return tlv(6, bytes.fromhex(hexed))


def it(n):
    return oid("2b060105050704%02x" % n)


def name(*cns):
    return seq(*(tlv(0x31, seq(oid("550403"), utf8(cn))) for cn in cns))


NULL = b"\x05\x00"
ECDSA = seq(oid("2a8648ce3d040302"))
SPKI = seq(seq(oid("2a8648ce3d0201"), oid("2a8648ce3d030107")), bits(b"\x04" + bytes(range(64))))
CERTIFICATE = seq(seq(ctx(0, integer(2)), integer(7), ECDSA, name("CA"), seq(time("20260101000000Z"), time("20360101000000Z")),
                      name("device"), SPKI), ECDSA, bits(b"\x30\x06\x02\x01\x01\x02\x01\x01"))


# ---- a good message, and each part of it to be replaced

def directory(cn):
    return ctx(4, name(cn))


numbers = itertools.count(1)


def new_id(kind="T"):
    """A transactionID nobody had; the scripted CA reads its first octets."""
    return kind.encode().ljust(4, b"-") + os.getpid().to_bytes(4, "big") + next(numbers).to_bytes(8, "big")


class Header:
    """A PKIHeader; a part that is None is left out, and raw octets take its place."""

    def __init__(self, **parts):
        self.pvno = integer(2)
        self.sender = directory("device")
        self.recipient = directory("CA")
        self.time = ctx(0, time("20260101000000Z"))
        self.algorithm = ctx(1, ECDSA)
        self.id = new_id()
        self.nonce = os.urandom(16)
        self.recip_nonce = None
        self.info = None
        self.__dict__.update(parts)

    def octets(self):
        def field(n, value):
            return None if value is None else ctx(n, octets(value))
        info = None if self.info is None else ctx(8, seq(*self.info))
        parts = (self.pvno, self.sender, self.recipient, self.time, self.algorithm, field(4, self.id), field(5, self.nonce),
                 field(6, self.recip_nonce), info)
        return seq(*(p for p in parts if p is not None))


PROTECTION = ctx(0, bits(b"\x30\x06\x02\x01\x02\x02\x01\x03"))


def message(h, body, *after):
    return seq(h.octets(), body, *(after or (PROTECTION,)))


POPO = ctx(1, ECDSA, bits(b"\x30\x06\x02\x01\x01\x02\x01\x01"))


def template(*more):
    return seq(ctx(5, name("device")), ctx(6, SPKI[2:]), *more)


def cert_req(number=0, tmpl=None):
    return seq(seq(integer(number), tmpl or template()), POPO)


def ir(*requests):
    return ctx(0, seq(*(requests or (cert_req(),))))


def genm(*itavs):
    return ctx(21, seq(*(itavs or (seq(it(2)),))))


def rr(serial=integer(7), *extensions):
    details = seq(tlv(0x81, serial[2:]), ctx(3, name("CA")))
    return ctx(11, seq(seq(details, *((seq(*extensions),) if extensions else ()))))


def reason(code):
    return seq(oid("551d15"), octets(tlv(10, code.to_bytes(1, "big"))))


def cert_conf(*statuses):
    return ctx(24, seq(*(statuses or (cert_status(),))))


def cert_status(number=0, *more):
    return seq(octets(bytes(32)), integer(number), *more)


def poll_req(number=0):
    return ctx(25, seq(seq(integer(number))))


def nested(*messages):
    return ctx(20, seq(*messages))


# ---- reading an answer

def elements(data):
    """The TLVs of a value: (tag, contents, whole)."""
    out = []
    at = 0
    while at < len(data):
        tag, n, head = data[at], data[at + 1], 2
        if n & 0x80:
            head += n & 0x7F
            n = int.from_bytes(data[at + 2:at + head], "big")
        end = at + head + n
        if end > len(data):
            raise ValueError("the answer is not DER at octet %d" % at)
        out.append((tag, data[at + head:end], data[at:end]))
        at = end
    return out


class Answer:
    def __init__(self, data):
        (tag, inside, _), = elements(data)
        if tag != 0x30:
            raise ValueError("the answer is no SEQUENCE")
        parts = elements(inside)
        fields = elements(parts[0][1])
        self.data = data
        self.pvno = int.from_bytes(fields[0][1], "big", signed=True)
        self.fields = {t - 0xA0: elements(v)[0][1] for t, v, _ in fields[3:] if t in (0xA4, 0xA5, 0xA6)}
        self.body = BODIES[parts[1][0] - 0xA0]
        self.contents = parts[1][1]
        self.failures = self.read_failures()

    def status_info(self):
        (_, inside, _), = elements(self.contents)
        if self.body == "error":
            return elements(inside)[0][1]
        if self.body == "rp":
            return elements(elements(inside)[0][1])[0][1]
        if self.body in ("ip", "cp", "kup", "ccp"):
            response = elements(elements(elements(inside)[-1][1])[0][1])
            return response[1][1]
        return b""

    def read_failures(self):
        out = []
        for tag, value, _ in elements(self.status_info()):
            if tag == 3:
                out = [FAILURES[8 * i + b] for i, o in enumerate(value[1:]) for b in range(8) if o & 0x80 >> b]
        return out

    def __str__(self):
        return "%s(%s) pvno %d" % (self.body, ",".join(self.failures), self.pvno)


# ---- what was said, in the words of every transport

class Said:
    """The end of one transfer: an answer, or a refusal of the transport (status)."""

    def __init__(self, status, content=b""):
        self.status = status
        self.content = content
        self.answer = None

    def __str__(self):
        try:
            return "%s with %s" % (self.status, Answer(self.content))
        except (ValueError, IndexError, KeyError):
            return "%s with %r" % (self.status, self.content[:80])


class Wanted(Exception):
    pass


def want(condition, *text):
    if not condition:
        raise Wanted(" ".join(str(t) for t in text))


REFUSED = "400-class"   # no PKIHeader can be read: the transport says so
PASSED = "passed"       # the CA saw it, and its answer came back


def E(failure, body="error", pvno=None):
    return (failure, body, pvno)


class Case:
    def __init__(self, title, data, *wanted, of=None, todo=None):
        self.title, self.data, self.wanted, self.of, self.todo = title, data, wanted, of, todo

    def judge(self, said, good, refused):
        """good: the transport's word for a success; refused: for 400-class."""
        if said.status == refused:
            want(REFUSED in self.wanted, "is", said, "should be", self.wanted)
            return
        want(said.status == good, "is", said, "should be", self.wanted)
        a = Answer(said.content)
        for w in self.wanted:
            if w == PASSED and a.body != "error":
                return
            if isinstance(w, tuple) and w[0] in a.failures and w[1] == a.body and w[2] in (None, a.pvno):
                self.judge_header(a)
                return
        raise Wanted("is %s, should be %s" % (said, self.wanted))

    def judge_header(self, a):
        if self.of is None:
            return
        want(a.fields.get(4) == self.of.id, "the answer has another transactionID")
        want(self.of.nonce is None or a.fields.get(6) == self.of.nonce, "recipNonce is not the senderNonce of the request")
        want(len(a.fields.get(5, b"")) >= 16, "the answer has no senderNonce")


# ---- TAP

class Tap:
    def __init__(self, first):
        self.n = first - 1
        self.failed = 0

    def result(self, title, problem=None, todo=None):
        self.n += 1
        mark = " # TODO " + todo if todo else ""
        print("%s %d - %s%s" % ("ok" if problem is None else "not ok", self.n, title, mark), flush=True)
        if problem is not None:
            for line in str(problem).splitlines()[-12:]:
                print("#   " + line[:400], flush=True)
            self.failed += not todo

    def run(self, title, test, *args, todo=None):
        try:
            test(*args)
            self.result(title, None, todo)
        except Wanted as e:
            self.result(title, e, todo)
        except Exception:
            self.result(title, traceback.format_exc(), todo)


class Story:
    """A row of tests: methods named row_* come first, in the order they stand,
    then the malformed messages, then methods named last_*. The first line
    of a method's text is its title."""

    def __init__(self):
        self.tests, self.last = self.named("row_"), self.named("last_")

    def named(self, start):
        return [(f.__doc__.splitlines()[0], getattr(self, n)) for n, f in type(self).__dict__.items() if n.startswith(start)]

    def main(self, cases=()):
        if sys.argv[1:] == ["--count"]:
            print(len(self.tests) + len(cases) + len(self.last) + 4)
            return 0
        first, self.pid, ca, *rest = sys.argv[1:]
        tap = Tap(int(first))
        self.pid = int(self.pid)
        self.ca = ca
        self.begin(*rest)
        for title, test in self.tests:
            tap.run(title, test)
        for case in cases:
            tap.run("row %s" % case.title, self.try_case, case, todo=case.todo)
        for title, test in self.last:
            tap.run(title, test)
        tap.run("the gateway is still up", self.is_up)
        tap.run("its memory stayed below the cap", self.is_small)
        tap.run("nothing unexpected reached the CA", self.is_clean)
        tap.run("the next good request works", self.is_well)
        return 1 if tap.failed else 0

    # what the CA should have seen grows with each message that may pass
    expected = 0

    def try_case(self, case):
        before = self.seen()
        try:
            self.judge(case)
        finally:
            passed = self.seen() - before
            if PASSED in case.wanted or case.todo:
                self.expected += passed
        want(passed == 0 or PASSED in case.wanted, "the CA saw it")

    def ask_ca(self, what):
        with urllib.request.urlopen(self.ca + what, timeout=10) as r:
            return r.read()

    def seen(self):
        return int(self.ask_ca("count"))

    def is_up(self):
        os.kill(self.pid, 0)
        with open("/proc/%d/stat" % self.pid) as f:
            want(f.read().rsplit(")", 1)[1].split()[0] in "SRD", "the process is not running")

    def is_small(self):
        cap = int(os.environ.get("HOSTILE_RSS_KB", "32768"))
        with open("/proc/%d/status" % self.pid) as f:
            peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        print("# peak RSS %d kB" % peak)
        want(peak < cap, "peak RSS", peak, "kB, should be below", cap)

    def is_clean(self):
        want(self.seen() == self.expected, "the CA saw", self.seen(), "messages, should be", self.expected)

    def is_well(self):
        h = Header()
        self.judge(Case("", message(h, genm()), PASSED))
        self.expected += 1
        self.is_clean()


# ---- malformed messages, by number; no key is needed for these

def deep(n):
    data = b""
    for _ in range(n):
        data = b"\x30" + length(len(data)) + data
    return data


def simple(title, wanted, body=None, after=(), todo=None, **header):
    h = Header(**header)
    return Case(title, message(h, body or genm(), *after), wanted, of=h, todo=todo)


def outer(good, head):
    """Another header before the contents of the outer SEQUENCE."""
    (_, inside, _), = elements(good)
    return head + inside


def wrong_forms():
    h = Header()
    good = message(h, genm())
    (_, inside, _), = elements(good)
    bad = E("badDataFormat")
    other = message(Header(), genm())
    yield Case("1: empty", b"", REFUSED)
    yield Case("4: one octet 00 appended", good + b"\0", bad, of=h)
    yield Case("5: two messages one after the other", good + other, bad, of=h)
    yield Case("7: outer tag 31", b"\x31" + good[1:], REFUSED)
    yield Case("8: outer indefinite length", outer(good, b"\x30\x80") + b"\0\0", bad, of=h)
    yield Case("9: outer length in four octets, not minimal", outer(good, b"\x30\x84" + len(inside).to_bytes(4, "big")), bad, of=h)
    yield Case("10: outer length of nine octets", outer(good, b"\x30\x89" + len(inside).to_bytes(9, "big")), REFUSED)
    yield Case("10: outer length FF", outer(good, b"\x30\xff"), REFUSED)
    protection = bytearray(PROTECTION)
    protection[3] += 1
    yield Case("11: protection runs over its parent by one", seq(h.octets(), genm(), bytes(protection)), bad, of=h)
    whole = bytearray(h.octets())
    whole[-17] += 1
    yield Case("11: senderNonce runs over its parent by one", seq(bytes(whole), genm()), bad)
    whole = bytearray(h.octets())
    whole[1 if whole[1] < 0x80 else 2] += 100
    yield Case("11: the header runs into the body", seq(bytes(whole), genm(), PROTECTION), bad, REFUSED)
    yield simple("12: 10,000 SEQUENCEs within each other in generalInfo", bad, info=[seq(it(99), deep(10000))])
    yield Case("12: 20,000 SEQUENCEs and nothing else", deep(20000)[:60000], bad, REFUSED)
    yield Case("T-ASN-2: a BOOLEAN of 01 in an ITAV", message(h, genm(seq(it(99), b"\x01\x01\x01"))), bad, of=h)
    yield Case("T-ASN-2: pvno as padded INTEGER", message(Header(pvno=b"\x02\x02\x00\x02"), genm()), bad)
    yield Case("T-ASN-2: senderNonce as constructed OCTET STRING",
               good.replace(ctx(5, octets(h.nonce)), ctx(5, tlv(0x24, octets(h.nonce[:14])))), bad)
    yield Case("T-ASN-6: OID with a leading 80", message(h, genm(seq(oid("2a8001")))), bad, of=h)
    yield Case("T-ASN-6: empty OID", message(h, genm(seq(oid("")))), bad, of=h)
    yield Case("T-ASN-6: OID that never ends", message(h, genm(seq(oid("2a8181")))), bad, of=h)


def wrong_headers():
    bad = E("badDataFormat")
    for pvno, nearest in ((0, 2), (4, 3), (-1, 2)):
        yield simple("13: pvno %d" % pvno, E("unsupportedVersion", pvno=nearest), pvno=integer(pvno))
    yield simple("13: pvno 2^40", bad, pvno=integer(2 ** 40))
    yield simple("14: pvno 1", E("unsupportedVersion", pvno=2), pvno=integer(1))
    # Without a sender there is nobody to address an error message to.
    yield Case("15: sender otherName without a value", message(Header(sender=ctx(0, oid("2a03"))), genm()), bad, REFUSED)
    yield Case("15: sender of GeneralName kind 9", message(Header(sender=ctx(9, NULL)), genm()), bad, REFUSED)
    yield simple("15: sender x400Address is carried", PASSED, sender=ctx(3, seq()))
    yield Case("15: sender x400Address that holds an INTEGER", message(Header(sender=ctx(3, integer(1))), genm()), bad, REFUSED)
    yield Case("15: sender x400Address as one octet", message(Header(sender=tlv(0x83, b"\0")), genm()), bad, REFUSED)
    yield simple("15: sender ediPartyName is carried", PASSED, sender=ctx(5, ctx(0, utf8("agency")), ctx(1, utf8("party"))))
    yield Case("15: sender ediPartyName without a partyName", message(Header(sender=ctx(5, ctx(0, utf8("agency")))), genm()), bad, REFUSED)
    yield Case("15: sender ediPartyName with two names in one", message(Header(sender=ctx(5, ctx(1, utf8("a"), utf8("b")))), genm()), bad, REFUSED)
    yield Case("21: no transactionID", message(Header(id=None), genm()), bad)
    for n, text in ((0, "0 octets"), (65, "65 octets"), (60000, "60 kB")):
        yield Case("22: transactionID of " + text, message(Header(id=bytes(n)), genm()), bad)
    yield simple("22: transactionID of 64 octets is taken", PASSED, id=new_id() + bytes(48))
    yield simple("22: transactionID of 1 octet is taken", PASSED, id=bytes([next(numbers) % 256]))
    yield simple("25: no senderNonce", E("badSenderNonce"), nonce=None)
    yield simple("25: senderNonce of 15 octets", E("badSenderNonce"), nonce=bytes(15))
    yield simple("27: recipNonce in a first message", E("badRecipientNonce"), recip_nonce=bytes(16))
    yield simple("29: messageTime 1970 on a route that does not check", PASSED, time=ctx(0, time("19700101000000Z")))
    yield simple("29: messageTime 2099 on a route that does not check", PASSED, time=ctx(0, time("20990101000000Z")))
    yield simple("30: messageTime as UTCTime", bad, time=ctx(0, tlv(23, b"260101000000Z")))
    yield simple("30: messageTime on 30 February", bad, time=ctx(0, time("20260230000000Z")))
    yield simple("30: messageTime without Z", bad, time=ctx(0, time("20260101000000")))
    h = Header(time=ctx(0, time("20260101000000.570Z")))
    yield Case("31: messageTime with a fraction", message(h, genm()), bad, PASSED, of=h)
    yield simple("59: implicitConfirm that is no NULL", E("badRequest"), info=[seq(it(13), integer(1))])
    yield simple("59: implicitConfirm and confirmWaitTime", E("badRequest"), info=[seq(it(13), NULL), seq(it(14), time("20260101000000Z"))])
    yield simple("60: certProfile with two names", E("badRequest"), info=[seq(it(21), seq(utf8("a"), utf8("b")))])
    yield simple("T-ASN-4: 17 entries in generalInfo", E("badRequest"), info=[seq(it(99), NULL)] * 17)
    yield simple("T-ASN-4: 16 entries in generalInfo are taken", PASSED, info=[seq(it(99), NULL)] * 16)


def wrong_ends():
    bad = E("badDataFormat")
    yield simple("42: protection with 3 unused bits", bad, after=(ctx(0, bits(b"\x30\x00", 3)),))
    yield simple("42: protection BIT STRING of no octets", bad, after=(ctx(0, b"\x03\x00"),))
    yield simple("46: extraCerts, 10,000 times the same", E("badRequest"), after=(PROTECTION, ctx(1, seq(*[seq(NULL)] * 10000))))
    yield simple("46: extraCerts, 17 certificates", E("badRequest"), after=(PROTECTION, ctx(1, seq(*[CERTIFICATE] * 17))))
    yield simple("46: extraCerts, 16 certificates are taken", PASSED, after=(PROTECTION, ctx(1, seq(*[CERTIFICATE] * 16))))
    yield simple("T-ASN-7: something behind extraCerts", bad, after=(PROTECTION, ctx(1, seq(CERTIFICATE)), NULL))


def wrong_bodies():
    bad = E("badDataFormat")
    yield simple("49: body ip, sent by a device", E("badRequest"), ctx(1, seq(seq(seq(integer(0), seq(integer(2)))))))
    yield simple("49: body of kind 27", E("badRequest"), ctx(27, NULL))
    yield simple("49: body with a tag in the long form", bad, b"\xbf\x1f\x02\x05\x00")
    yield simple("50: ir without a request", bad, ctx(0, seq()))
    yield simple("50: ir with two requests", E("badRequest", "ip"), ir(cert_req(0), cert_req(1)))
    # Over a cap nothing of the body is believed, not even its kind.
    yield simple("50: ir with 1,000 requests", E("badRequest"), ir(*[seq(seq(integer(0), seq()))] * 1000))
    yield simple("51: certReqId 1", E("badRequest", "ip"), ir(cert_req(1)))
    yield simple("51: certReqId -1 in ir", E("badRequest", "ip"), ir(cert_req(-1)))
    yield simple("51: certReqId of 200 octets", bad, ir(seq(seq(integer(1 << 1590), template()), POPO)))
    names = seq(oid("551d11"), octets(seq(*[tlv(0x82, b"a.b")] * 10000)))
    yield simple("56: template with 10,000 names in its SAN", E("badCertTemplate", "ip"), ir(cert_req(0, template(ctx(9, names)))))
    many = [seq(oid("2a03%02x" % n), octets(NULL)) for n in range(33)]
    yield simple("56: template with 33 extensions", E("badCertTemplate"), ir(cert_req(0, template(ctx(9, *many)))))
    yield simple("56: template with 32 extensions is taken", PASSED, ir(cert_req(0, template(ctx(9, *many[1:])))))
    twice = seq(oid("551d0f"), octets(bits(b"\x80", 7)))
    yield simple("57: template with the same extension twice", bad, ir(cert_req(0, template(ctx(9, twice, twice)))))
    info = seq(integer(0), name("device"), SPKI, ctx(0))
    yield simple("62: p10cr with something behind its attributes", bad, ctx(4, seq(seq(integer(0), name("device"), SPKI, ctx(0), NULL), ECDSA, bits(b"\0"))))
    yield simple("62: p10cr with something behind its signature", bad, ctx(4, seq(info, ECDSA, bits(b"\0"), NULL)))
    # It may be one from before a restart: the CA judges.
    yield simple("64: certConf of a transaction nobody knows goes to the CA", PASSED, cert_conf(), recip_nonce=bytes(16))
    yield simple("67: pollReq of a transaction nobody knows goes to the CA", PASSED, poll_req(), recip_nonce=bytes(16))
    yield simple("66: rr with a serial number of 21 octets", E("badCertId"), rr(integer(1 << 161)))
    yield simple("66: rr with a negative serial number", E("badCertId", "rp"), rr(integer(-7)))
    yield simple("66: rr with reason 7", E("badRequest", "rp"), rr(integer(7), reason(7)))
    yield simple("66: rr with reason 99", E("badRequest", "rp"), rr(integer(7), reason(99)))
    yield simple("66: rr with two reason codes: an extension that stands twice", bad, rr(integer(7), reason(1), reason(1)))
    # RFC 9810 allows it, and stock clients ask that way whether the server lives.
    yield simple("70: genm without an ITAV is taken", PASSED, ctx(21, seq()))
    yield simple("70: genm with 100 ITAVs", E("badRequest"), genm(*[seq(it(2))] * 100))
    yield simple("70: genm with 8 ITAVs is taken", PASSED, genm(*[seq(it(2))] * 8))
    yield simple("70: genm with an unknown type is taken", PASSED, genm(seq(it(99), NULL)))
    yield simple("70: genm with a value of another type", E("badRequest"), genm(seq(it(7), integer(1))))
    yield simple("71: an error message from a device", E("badRequest"), ctx(23, seq(seq(integer(2)))))
    yield simple("71: pkiConf from a device", E("badRequest"), ctx(19, NULL))


def wrong_envelopes():
    h = Header()
    def around(*inner, **header):
        return message(Header(**header), nested(*inner))
    one = message(h, genm())
    deepest = around(around(around(one, id=h.id), id=h.id), id=h.id)
    yield Case("68: nested in nested in nested", deepest, E("badRequest"))
    yield Case("68: nested with nothing inside", around(), E("badDataFormat"))
    yield Case("68: transactionID inside and outside differ", around(one), E("badRequest"))
    a, b = Header(), Header()
    b.id = a.id
    yield Case("69: a batch with two equal transactionIDs", around(message(a, genm()), message(b, genm())), E("transactionIdInUse"))
    c, d = Header(), Header()
    d.nonce = c.nonce
    yield Case("69: a batch with two equal nonces", around(message(c, genm()), message(d, genm())), E("badSenderNonce"))
    good = message(Header(), genm())
    for what, bad, code in (("pvno 1", Header(pvno=integer(1)), "unsupportedVersion"), ("no transactionID", Header(id=None), "badDataFormat"),
                            ("a senderNonce of 15 octets", Header(nonce=bytes(15)), "badSenderNonce"),
                            ("recipNonce in a first message", Header(recip_nonce=bytes(16)), "badRecipientNonce")):
        yield Case("69: a batch with %s" % what, around(good, message(bad, genm())), E(code))
    yield Case("69: a batch with an answer in it", around(good, message(Header(), ctx(19, NULL))), E("badRequest"))
    yield Case("69: a batch with certReqId 1 in it", around(good, message(Header(), ir(cert_req(1)))), E("badRequest"))
    yield Case("T-ASN-4: a batch of 33 messages", around(*[message(Header(), genm()) for _ in range(33)]), E("badRequest"))


def message_cases():
    """Every malformed message that needs no key, each with its answer."""
    out = []
    for group in (wrong_forms, wrong_headers, wrong_ends, wrong_bodies, wrong_envelopes):
        out.extend(group())
    return out
