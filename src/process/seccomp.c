/*
 * seccomp.c - see seccomp.h.
 *
 * A list of what is refused rather than of what is permitted: libraries make other calls from one
 * version to the next, and a worker that fails on one would be an outage. What is refused is what
 * an attacker needs to get from the worker to the kernel or to other processes, and what the user's
 * rights do not already forbid. Calls that are always permitted cost nothing: the kernel finds out
 * which ones, and does not run the filter for them.
 */
#include "process/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED                                                                                \
	1 /* the leak checker traces its own process, reports start a program that names symbols \
	   */
#else
#define SANITIZED 0
#endif

static const int refused[] = {
	/* other processes */
	SYS_process_vm_writev,
	SYS_kcmp,
	SYS_pidfd_getfd,
	SYS_process_madvise,
	/* the file tree and namespaces */
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_open_tree,
	SYS_move_mount,
	SYS_fsopen,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fspick,
	SYS_mount_setattr,
	SYS_unshare,
	SYS_setns,
	SYS_swapon,
	SYS_swapoff,
	SYS_quotactl,
	SYS_mknodat,
	SYS_name_to_handle_at,
	SYS_open_by_handle_at,
	SYS_fanotify_init,
	/* the kernel's inside, and its parts where most holes were */
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	SYS_syslog,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_reboot,
	SYS_acct,
	SYS_lookup_dcookie,
	SYS_nfsservctl,
	SYS_vhangup,
	SYS_personality,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
	SYS_iopl,
	SYS_ioperm,
	SYS_modify_ldt,
	SYS_uselib,
	SYS_ustat,
	SYS_sysfs,
	SYS_mknod,
#endif
	/* clocks and names of the machine */
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_clock_adjtime,
	SYS_adjtimex,
	SYS_sethostname,
	SYS_setdomainname,
	/* who one is: that was decided before */
	SYS_setuid,
	SYS_setgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setgroups,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_capset,
};

static const int refused_sound[] = { SYS_ptrace, SYS_process_vm_readv }; /* unless sanitized */
static const int refused_exec[] = { SYS_execve, SYS_execveat };

enum {
	HEAD = 16,
	PROGRAM_MAX = HEAD + sizeof(refused) / sizeof(refused[0]) + 8,
	NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		     CLONE_NEWPID | CLONE_NEWNET,
};

/* An instruction, and after it the answer of a refusal: so no jump is longer than one step,
 * whatever the list's length. */
struct program {
	struct sock_filter code[2 * PROGRAM_MAX];
	unsigned short len;
};

static void put(struct program *p, struct sock_filter instruction)
{
	p->code[p->len++] = instruction;
}

static void load(struct program *p, size_t offset)
{
	put(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void load_argument(struct program *p, int index)
{
	/* The low half: the machines that we know are little-endian, and the kernel takes no more
	 * of these. */
	load(p, offsetof(struct seccomp_data, args) + (size_t)index * sizeof(uint64_t));
}

static void answer(struct program *p, uint32_t action)
{
	put(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* If what is loaded compares (BPF_JEQ, BPF_JGE, BPF_JSET) with the value, the answer is this error.
 */
static void refuse_if(struct program *p, int comparison, uint32_t value, int error)
{
	put(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | comparison | BPF_K), value, 0, 1));
	answer(p, SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA));
}

static void refuse_list(struct program *p, const int *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		refuse_if(p, BPF_JEQ, (uint32_t)list[i], EPERM);
}

/* A call's argument decides: `length` instructions follow that are skipped for other calls. */
static void only_for(struct program *p, int call, uint8_t length)
{
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, length));
}

static void refuse_arguments(struct program *p)
{
	/* Threads yes, namespaces no. */
	only_for(p, SYS_clone, 4);
	load_argument(p, 0);
	refuse_if(p, BPF_JSET, NAMESPACES, EPERM);
	answer(p, SECCOMP_RET_ALLOW);
	/* Typing into the terminal that the master may still have. */
	only_for(p, SYS_ioctl, 6);
	load_argument(p, 1);
	refuse_if(p, BPF_JEQ, TIOCSTI, EPERM);
	refuse_if(p, BPF_JEQ, TIOCLINUX, EPERM);
	answer(p, SECCOMP_RET_ALLOW);
	/* Its flags are in memory, where no filter can look: without it the C library takes clone.
	 */
	refuse_if(p, BPF_JEQ, SYS_clone3, ENOSYS);
}

#ifdef ARCHITECTURE
static void build(struct program *p, bool executes)
{
	load(p, offsetof(struct seccomp_data, arch));
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	answer(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
#ifdef __X32_SYSCALL_BIT
	refuse_if(p, BPF_JGE, __X32_SYSCALL_BIT, EPERM);
#endif
	refuse_list(p, refused, sizeof(refused) / sizeof(refused[0]));
	if (!SANITIZED)
		refuse_list(p, refused_sound, sizeof(refused_sound) / sizeof(refused_sound[0]));
	if (!executes && !SANITIZED)
		refuse_list(p, refused_exec, sizeof(refused_exec) / sizeof(refused_exec[0]));
	refuse_arguments(p);
	answer(p, SECCOMP_RET_ALLOW);
}

bool seccomp_offered(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int seccomp_close(bool executes)
{
	struct program p = { .len = 0 };
	build(&p, executes);
	struct sock_fprog program = { p.len, p.code };
	/* SPEC_ALLOW: this process runs no foreign code, so it need not pay for guarding against
	 * it. */
	unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0 ? ERR_IO : OK;
}
#else /* system calls have other numbers there, and nobody has looked */
bool seccomp_offered(void)
{
	return false;
}

int seccomp_close(bool executes)
{
	(void)executes;
	errno = ENOSYS;
	return ERR_IO;
}
#endif
