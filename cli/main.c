// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"

#include <stdio.h>

int
main(void)
{
	printf("cmpgate %s\n", PACKAGE_VERSION);
	return 0;
}
