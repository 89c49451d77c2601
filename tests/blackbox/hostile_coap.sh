# SPDX-License-Identifier: GPL-3.0-or-later
# Bad messages and bad datagrams over CoAP, made by hand: each gets the answer
# that is promised for it, and nothing of it reaches the CA.
. "$srcdir/tests/blackbox/hostile_lib.sh"
need_drivers http coap
hostile hostile_coap.py '"coap://127.0.0.1:0"'
rows hostile_coap.py "$(listening gate coap)"
