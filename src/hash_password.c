/*
 * hash_password.c - see hash_password.h.
 */
#include "hash_password.h"

#include "crypto/password.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* With what fgets adds, and one more to tell a password that is too long. */
enum { LINE_ROOM = PASSWORD_MAX + 3 };

static struct termios with_echo;

/* Whoever gives up half way is not to be left with a terminal that shows nothing. */
static void on_interrupt(int signal_number)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &with_echo);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static int read_line(char line[LINE_ROOM])
{
	if (!fgets(line, LINE_ROOM, stdin)) {
		fprintf(stderr, "httpd: no password on standard input\n");
		return ERR_NOTFOUND;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return OK;
}

static int ask(const char *prompt, char line[LINE_ROOM])
{
	struct termios silent = with_echo;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	int rc = read_line(line);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &with_echo);
	fputc('\n', stderr);
	return rc;
}

static int ask_twice(char line[LINE_ROOM])
{
	char again[LINE_ROOM] = "";
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	if (ask("Password: ", line) < 0 || ask("Again: ", again) < 0)
		return ERR_NOTFOUND;
	int rc = strcmp(line, again) == 0 ? OK : ERR_SYNTAX;
	if (rc < 0)
		fprintf(stderr, "httpd: these are two different passwords\n");
	explicit_bzero(again, sizeof(again));
	return rc;
}

static int print_line(const char *user, const char *password)
{
	char hash[PASSWORD_HASH_MAX];
	int rc = password_hash(password, hash);
	if (rc == ERR_RANGE)
		fprintf(stderr, "httpd: a password has 1 to %d bytes\n", PASSWORD_MAX);
	else if (rc < 0)
		fprintf(stderr, "httpd: cannot hash the password: %s\n", strerror(errno));
	else
		printf("%s%s%s\n", user ? user : "", user ? ":" : "", hash);
	return rc;
}

static bool user_is_good(const char *user)
{
	for (const char *c = user; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == ':' || *c == 0x7f)
			return false;
	return !user || (*user && *user != '#');
}

int hash_password_run(const char *user)
{
	char line[LINE_ROOM] = "";
	if (!user_is_good(user)) {
		fprintf(stderr,
		    "httpd: '%s' can not be a user's name: empty, or with a colon, "
		    "a control character or '#' in front\n",
		    user);
		return EXIT_FAILURE;
	}
	int rc = tcgetattr(STDIN_FILENO, &with_echo) == 0 ? ask_twice(line) : read_line(line);
	if (rc == OK)
		rc = print_line(user, line);
	explicit_bzero(line, sizeof(line));
	return rc == OK && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
