// SPDX-License-Identifier: GPL-3.0-or-later
// work: the counters behind crypto_work(). Private to crypto/.
#ifndef CMPGATE_CRYPTO_WORK_H
#define CMPGATE_CRYPTO_WORK_H

enum work { WORK_VERIFICATION, WORK_SIGNATURE, WORK_DERIVATION, WORK_COUNT };

void work_count(enum work w);

#endif
