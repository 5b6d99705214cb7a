/*
 * sandbox.c - see sandbox.h.
 */
#include "process/sandbox.h"

#include <stdio.h>

uint32_t sandbox_close(const struct heritage *h)
{
	(void)h;
	return 0;
}

void sandbox_describe(uint32_t parts, char *text_out, size_t room)
{
	snprintf(text_out, room, "%s%s%s", parts & SANDBOX_LANDLOCK ? "landlock" : "",
	    parts == (SANDBOX_LANDLOCK | SANDBOX_SECCOMP) ? ", " : "",
	    parts & SANDBOX_SECCOMP ? "seccomp" : "");
	if (parts == 0)
		snprintf(text_out, room, "none");
}

uint32_t sandbox_offered(void)
{
	return 0;
}
