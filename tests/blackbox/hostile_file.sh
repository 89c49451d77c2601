# SPDX-License-Identifier: GPL-3.0-or-later
# Bad messages and bad files in a drop folder: each is answered, reported in
# bad/ or left alone as promised, and nothing of it reaches the CA.
. "$srcdir/tests/blackbox/hostile_lib.sh"
need_drivers http file
drop_folder "$T/drop"
hostile hostile_file.py "{url: \"file:$T/drop\", settle: 3s, rescan: 1s}"
rows hostile_file.py "$T/drop" "$T/gate.log"
