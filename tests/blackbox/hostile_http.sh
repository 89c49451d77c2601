# SPDX-License-Identifier: GPL-3.0-or-later
# Bad messages and bad HTTP: each gets the answer that is promised for it, and
# nothing of it reaches the CA.
. "$srcdir/tests/blackbox/hostile_lib.sh"
need_drivers http
hostile hostile_http.py '"http://127.0.0.1:0"'
rows hostile_http.py "$(listening gate http)"
