/*
 * port_owner.c - who holds a port, from /proc/net/tcp, /proc/net/tcp6 and /proc/PID/fd (see
 * proc(5)).
 *
 * Used by the master when a bind has failed; slow, and a guess at best: the holder may have gone
 * meanwhile.
 */
#include "net/port_owner.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATE_LISTEN = 10 }; /* TCP_LISTEN, as the tables have it */

struct row {
	struct in6_addr addr; /* IPv4 in its mapped form */
	unsigned port;
	unsigned state;
	unsigned long inode;
};

/* The tables print addresses as 32-bit words in the byte order of the machine. */
static bool parse_address(const char *hex, struct in6_addr *out)
{
	size_t words = strlen(hex) / 8;
	if (words != 1 && words != 4)
		return false;
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	memcpy(out, mapped, sizeof(mapped));
	for (size_t i = 0; i < words; i++) {
		char word[9] = { 0 };
		memcpy(word, hex + 8 * i, 8);
		uint32_t value = (uint32_t)strtoul(word, NULL, 16);
		memcpy(&out->s6_addr[words == 1 ? 12 : 4 * i], &value, 4);
	}
	return true;
}

static bool parse_row(const char *line, struct row *out)
{
	char addr[33];
	if (sscanf(line,
		" %*d: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u %*d %lu",
		addr, &out->port, &out->state, &out->inode) != 4)
		return false;
	return parse_address(addr, &out->addr);
}

static bool is_any(const struct in6_addr *a)
{
	static const unsigned char any4[16] = { [10] = 0xff, [11] = 0xff };
	return IN6_IS_ADDR_UNSPECIFIED(a) || memcmp(a, any4, sizeof(any4)) == 0;
}

static bool is_in_the_way(const struct row *row, const struct in6_addr *wanted, unsigned port)
{
	if (row->state != STATE_LISTEN || row->port != port)
		return false;
	return is_any(&row->addr) || is_any(wanted) || memcmp(&row->addr, wanted, 16) == 0;
}

/* The inode of the socket that is in the way; 0: none in this table. */
static unsigned long search_table(const char *path, const struct in6_addr *wanted, unsigned port)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	char line[512];
	unsigned long inode = 0;
	while (inode == 0 && fgets(line, sizeof(line), f)) {
		struct row row;
		if (parse_row(line, &row) && is_in_the_way(&row, wanted, port))
			inode = row.inode;
	}
	fclose(f);
	return inode;
}

static unsigned long find_inode(const struct net_addr *addr)
{
	struct in6_addr wanted = addr->v6.sin6_addr;
	unsigned long inode = 0;
	if (addr->any.sa_family == AF_INET) {
		memset(&wanted, 0, sizeof(wanted));
		wanted.s6_addr[10] = wanted.s6_addr[11] = 0xff;
		memcpy(&wanted.s6_addr[12], &addr->v4.sin_addr, 4);
		inode = search_table("/proc/net/tcp", &wanted, net_addr_port(addr));
	}
	if (inode == 0) /* for IPv4, too: a socket of [::] can hold both families */
		inode = search_table("/proc/net/tcp6", &wanted, net_addr_port(addr));
	return inode;
}

static bool has_socket(const char *pid, const char *wanted)
{
	char path[288];
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	bool found = false;
	const struct dirent *entry;
	while (!found && (entry = readdir(dir))) {
		char target[64];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		found = strcmp(target, wanted) == 0;
	}
	closedir(dir);
	return found;
}

static pid_t find_process(unsigned long inode)
{
	char wanted[64];
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	DIR *dir = opendir("/proc");
	if (!dir)
		return 0;
	pid_t lowest = 0;
	const struct dirent *entry;
	while ((entry = readdir(dir))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
		if (pid > 0 && (lowest == 0 || pid < lowest) && has_socket(entry->d_name, wanted))
			lowest = pid;
	}
	closedir(dir);
	return lowest;
}

void process_name(pid_t pid, char name_out[PORT_OWNER_NAME])
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	strcpy(name_out, "?");
	FILE *f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(name_out, PORT_OWNER_NAME, f))
		name_out[strcspn(name_out, "\n")] = '\0';
	fclose(f);
}

int port_owner_find(const struct net_addr *addr, pid_t *pid_out, char name_out[PORT_OWNER_NAME])
{
	unsigned long inode = find_inode(addr);
	pid_t pid = inode ? find_process(inode) : 0;
	if (pid == 0)
		return ERR_NOTFOUND;
	*pid_out = pid;
	process_name(pid, name_out);
	return OK;
}
