# SPDX-License-Identifier: GPL-3.0-or-later
# Bad messages and bad frames over raw TCP, in both framings: each gets the
# answer that is promised for it, and nothing of it reaches the CA.
. "$srcdir/tests/blackbox/hostile_lib.sh"
need_drivers http tcp
hostile hostile_tcp.py '"tcp://127.0.0.1:0"'
rows hostile_tcp.py "$(listening gate tcp)"
