# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripted devices, registration authorities and CAs share: messages that
are protected and verified. DER is put together by hostile.py; keys stay with
the openssl command, MACs are Python's own."""
import hashlib
import hmac
import os
import subprocess
import tempfile
import urllib.error
import urllib.request

from hostile import BODIES, Answer, bits, ctx, elements, integer, it, octets, oid, seq, tlv, utf8

NULL = b"\x05\x00"
ECDSA_SHA256 = seq(oid("2a8648ce3d040302"))
SHA256 = seq(oid("608648016503040201"))
HMACS = {"sha256": ("2a864886f70d0209", NULL), "sha1": ("2b06010505080102", b"")}
ALGORITHMS = {  # of a signature, by the OIDs of the key
    "2a8648ce3d0301072a8648ce3d0201": (ECDSA_SHA256, "sha256"),
    "2b810400222a8648ce3d0201": (seq(oid("2a8648ce3d040303")), "sha384"),
    "2a864886f70d010101": (seq(oid("2a864886f70d01010b"), NULL), "sha256"),
    "2b6570": (seq(oid("2b6570")), None),
}


def openssl(*args, data=None):
    done = subprocess.run(("openssl",) + args, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise OSError("openssl %s: %s" % (" ".join(args), done.stderr.decode(errors="replace").strip()))
    return done.stdout


def with_file(data, run):
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        return run(f.name)


def name_of(*parts):
    """name_of("O=Plant", "CN=device"): the first RDN first."""
    types = {"C": "550406", "O": "55040a", "OU": "55040b", "CN": "550403"}
    return seq(*(tlv(0x31, seq(oid(types[p.split("=", 1)[0]]), utf8(p.split("=", 1)[1]))) for p in parts))


def name_text(name):
    """"O=Plant,CN=device", as far as it is of these types."""
    types = {"550406": "C", "55040a": "O", "55040b": "OU", "550403": "CN", "550405": "serialNumber"}
    out = []
    for _, rdn, _ in elements(elements(name)[0][1]):
        for _, pair, _ in elements(rdn):
            kind, value = elements(pair)
            out.append("%s=%s" % (types.get(kind[1].hex(), kind[1].hex()), value[1].decode(errors="replace")))
    return ",".join(out)


class Certificate:
    def __init__(self, der):
        self.der = der
        self.tbs = elements(elements(der)[0][1])[0][2]
        self.signature = elements(elements(der)[0][1])[2][1][1:]
        parts = elements(elements(self.tbs)[0][1])
        self.serial, self.issuer, self.subject, self.spki = parts[1][1], parts[3][2], parts[5][2], parts[6][2]
        self.extensions = {}
        for tag, value, _ in parts[7:]:
            if tag == 0xA3:
                for _, e, _ in elements(elements(value)[0][1]):
                    inside = elements(e)
                    self.extensions[inside[0][1].hex()] = inside[-1][1]
        kid = self.extensions.get("551d0e")
        self.kid = elements(kid)[0][1] if kid else None

    @classmethod
    def load(cls, path):
        return cls(openssl("x509", "-in", path, "-outform", "der"))

    def public_pem(self):
        return openssl("x509", "-inform", "der", "-noout", "-pubkey", data=self.der)

    def verifies(self, algorithm, data, signature):
        return verify(self.public_pem(), algorithm, data, signature)


def verify(public_pem, algorithm, data, signature):
    digest = {v[0]: v[1] for v in ALGORITHMS.values()}.get(algorithm, "sha256")

    def with_key(key):
        def with_signature(sig):
            if digest is None:
                return with_file(data, lambda f: openssl("pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", f, "-sigfile", sig))
            return openssl("dgst", "-" + digest, "-verify", key, "-signature", sig, data=data)
        return with_file(signature, with_signature)
    try:
        with_file(public_pem, with_key)
        return True
    except OSError:
        return False


def sign(key, algorithm, digest, data):
    if digest is None:
        return with_file(data, lambda f: openssl("pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", f))
    return openssl("dgst", "-" + digest, "-sign", key, data=data)


def algorithm_of(spki):
    """The AlgorithmIdentifier that a key signs with, and its digest."""
    inside = elements(elements(elements(spki)[0][1])[0][1])
    return ALGORITHMS["".join(v.hex() for t, v, _ in reversed(inside) if t == 6)]


class Signer:
    """Somebody with a certificate and a key."""

    def __init__(self, cert, key, chain=()):
        self.certificate = Certificate.load(cert)
        self.key = key
        self.algorithm, self.digest = algorithm_of(self.certificate.spki)
        self.sender = ctx(4, self.certificate.subject)
        self.kid = self.certificate.kid
        self.chain = [self.certificate.der] + [Certificate.load(c).der for c in chain]

    def protect(self, part):
        return sign(self.key, self.algorithm, self.digest, part)


class Secret:
    """Somebody with a shared secret: kind is pbm or pbmac1; bits: keyLength is written in bits, as some peers do."""

    def __init__(self, kind, reference, secret, mac="sha256", bits=False, salt=None, iterations=None):
        self.kind, self.reference, self.secret, self.mac, self.bits = kind, reference, secret, mac, bits
        self.salt = salt or os.urandom(16)
        self.iterations = iterations or (500 if kind == "pbm" else 1000)
        self.sender = ctx(4, name_of("CN=" + reference))
        self.kid = reference.encode()
        self.chain = []

    @property
    def algorithm(self):
        hashed, parameters = HMACS[self.mac]
        mac = seq(oid(hashed), parameters)
        if self.kind == "pbm":
            return seq(oid("2a864886f67d07420d"), seq(octets(self.salt), SHA256, integer(self.iterations), mac))
        kdf = seq(octets(self.salt), integer(self.iterations), integer(256 if self.bits else 32), mac)
        return seq(oid("2a864886f70d01050e"), seq(seq(oid("2a864886f70d01050c"), kdf), mac))

    def protect(self, part):
        if self.kind == "pbmac1":
            key = hashlib.pbkdf2_hmac(self.mac, self.secret.encode(), self.salt, self.iterations, 32)
        else:
            key = self.secret.encode() + self.salt
            for _ in range(self.iterations):
                key = hashlib.sha256(key).digest()
        return hmac.new(key, part, self.mac).digest()


class Message:
    """A PKIMessage taken apart."""

    def __init__(self, data):
        self.data = data
        parts = elements(elements(data)[0][1])
        self.header, self.body = parts[0][2], parts[1][2]
        fields = elements(parts[0][1])
        self.pvno = int.from_bytes(fields[0][1], "big")
        self.sender = fields[1][2]
        named = {t - 0xA0: v for t, v, _ in fields[3:]}
        self.algorithm = named.get(1)
        self.kid, self.id, self.nonce, self.recip = (elements(named[n])[0][1] if n in named else None for n in (2, 4, 5, 6))
        self.info = elements(elements(named[8])[0][1]) if 8 in named else []
        self.implicit = any(elements(v)[0][1].hex() == "2b0601050507040d" for _, v, _ in self.info)
        self.kind, self.contents = BODIES[parts[1][0] - 0xA0], parts[1][1]
        rest = {t: v for t, v, _ in parts[2:]}
        self.protection = elements(rest[0xA0])[0][1][1:] if 0xA0 in rest else None
        self.certs = [w for _, _, w in elements(elements(rest[0xA1])[0][1])] if 0xA1 in rest else []
        self.part = seq(self.header, self.body)

    def signed_by(self, certificate):
        return self.protection is not None and self.algorithm is not None and certificate.verifies(self.algorithm, self.part, self.protection)

    def secret_of(self, reference, secret):
        """The protector that its MAC would have been made by, or None."""
        algorithm = elements(self.algorithm)[0][1]
        kind, parameters = (e for e in elements(algorithm))
        inside = elements(parameters[1])
        if kind[1].hex() == "2a864886f67d07420d":
            mac = "sha256" if elements(inside[3][1])[0][1].hex() == HMACS["sha256"][0] else "sha1"
            return Secret("pbm", reference, secret, mac, False, inside[0][1], int.from_bytes(inside[2][1], "big"))
        if kind[1].hex() != "2a864886f70d01050e":
            return None
        kdf = elements(elements(inside[0][1])[1][1])
        return Secret("pbmac1", reference, secret, "sha256", False, kdf[0][1], int.from_bytes(kdf[1][1], "big"))

    def maced_with(self, reference, secret):
        s = self.secret_of(reference, secret)
        return s is not None and hmac.compare_digest(s.protect(self.part), self.protection or b"")

    def requests(self):
        """The CertReqMsgs: each a dictionary of its parts."""
        out = []
        for _, message, _ in elements(elements(self.contents)[0][1]):
            parts = elements(message)
            request = elements(parts[0][1])
            template = {t: v for t, v, _ in elements(request[1][1])}
            out.append({"request": parts[0][2], "id": int.from_bytes(request[0][1], "big", signed=True), "subject": template.get(0xA5), "key": template.get(0xA6),
                        "validity": template.get(0xA4), "extensions": template.get(0xA9), "popo": parts[1] if len(parts) > 1 else None})
        return out

    def inner(self):
        return [w for _, _, w in elements(elements(self.contents)[0][1])]


def build(by, body, id, nonce, recip=None, pvno=2, info=(), kid=True, recipient=None, sender=None, extra=None):
    """A protected message; by None: nobody protects it."""
    def field(n, value):
        return b"" if value is None else ctx(n, octets(value))
    algorithm = ctx(1, by.algorithm) if by else b""
    header = seq(integer(pvno), sender or (by.sender if by else ctx(4, seq())), recipient or ctx(4, seq()), algorithm,
                 field(2, by.kid if by and kid else None), field(4, id), field(5, nonce), field(6, recip),
                 ctx(8, seq(*info)) if info else b"")
    if by is None:
        return seq(header, body)
    certs = by.chain if extra is None else extra
    return seq(header, body, ctx(0, bits(by.protect(seq(header, body)))), ctx(1, seq(*certs)) if certs else b"")


IMPLICIT = seq(it(13), NULL)


# ---- what is asked for

def spki_of(key):
    return openssl("pkey", "-in", key, "-pubout", "-outform", "der")


def cert_request(subject, key, popo="signature", extensions=b"", old=None, number=0, more=b"", validity=b""):
    """A CertReqMsg. popo: signature, input (poposkInput), raverified, none."""
    spki = spki_of(key)
    template = seq(validity, ctx(5, subject), tlv(0xA6, elements(spki)[0][1]), ctx(9, extensions) if extensions else b"")
    controls = seq(seq(oid("2b0601050507050105"), seq(ctx(4, old.issuer), tlv(2, old.serial)))) if old else b""
    request = seq(integer(number), template, controls)
    algorithm, digest = algorithm_of(spki)
    if popo == "none":
        return seq(request)
    if popo == "raverified":
        return seq(request, b"\x80\x00", more)
    if popo == "input":
        what = ctx(0, ctx(4, subject)) + spki
        return seq(request, tlv(0xA1, tlv(0xA0, what), algorithm, bits(sign(key, algorithm, digest, seq(what)))), more)
    return seq(request, tlv(0xA1, algorithm, bits(sign(key, algorithm, digest, request))), more)


def post(url, data, timeout=60):
    """The content of the answer, whatever its status; None without any."""
    request = urllib.request.Request(url, data, {"Content-Type": "application/pkixcmp"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as r:
            return r.read()
    except urllib.error.HTTPError as e:
        return e.read() or None


def said(data):
    """What an answer says, in one line."""
    if data is None:
        return "nothing"
    a = Answer(data)
    info = elements(a.status_info()) if a.status_info() else []
    words = ["accepted", "grantedWithMods", "rejection", "waiting"]
    status = words[int.from_bytes(info[0][1], "big")] if info else ""
    text = "".join(" " + v[1].decode(errors="replace") for t, value, _ in info if t == 0x30 for v in elements(value))
    return " ".join(w for w in (a.body, status, ",".join(a.failures)) if w) + (":" + text if text else "")
