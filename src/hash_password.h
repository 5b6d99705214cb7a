/*
 * hash_password.h - httpd --hash-password: a line for a file of users.
 */
#ifndef HASH_PASSWORD_H
#define HASH_PASSWORD_H

/* Asks for a password, twice and without echo, where standard input is a terminal; else its first
 * line is the password. Prints "user:hash", without a user (NULL) the hash alone. Returns the exit
 * status. */
int hash_password_run(const char *user);

#endif
