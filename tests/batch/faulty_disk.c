// A disk that fails on demand: calls of the C library below one folder are counted, and from a given count on one of
// them, or all, fail with a given error. Preloaded into any process; what counts and fails is shared between processes
// through a mapped file, see faulty_disk.py. It reaches what Python cannot patch: encoders and table writers in C++.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DATA = 1, NAMES = 2, DELETES = 4, READS = 8 };   // kinds of calls
enum { ONCE = 0, FOR_GOOD = 1, SHORT = 2 };             // one call fails; all from then on; half of a write is done first

struct state {
    _Atomic int64_t calls;      // so far, of the kinds that count
    _Atomic int64_t failed;     // of them
    int64_t at, code, mode, kinds;
    char folder[PATH_MAX];      // only what lies below it
    char name[NAME_MAX + 1];    // and has this in its path, if not empty
    char told[256];             // the first call that failed
};

static struct state *state;

__attribute__((constructor)) static void map_state(void) {
    const char *path = getenv("FAULTY_DISK");
    int handle = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (handle < 0) return;
    void *place = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    if (place != MAP_FAILED) state = place;
    syscall(SYS_close, handle);
}

static int is_below(const char *path) {
    size_t length = strlen(state->folder);
    if (!length || strncmp(path, state->folder, length)) return 0;
    if (path[length] && path[length] != '/') return 0;
    return !state->name[0] || strstr(path, state->name) != NULL;
}

// 0: go on; 1: fail; 2: do half. Sets errno where it is to fail.
static int judged(const char *call, const char *path, int kind) {
    if (!state || !(state->kinds & kind) || !is_below(path)) return 0;
    int64_t number = ++state->calls;
    int is_due = state->mode == ONCE ? number == state->at : number >= state->at;
    if (!state->at || !is_due) return 0;
    if (state->mode == SHORT && number == state->at && kind == DATA && strstr(call, "write")) return 2;
    if (!state->failed++) snprintf(state->told, sizeof state->told, "%s %.200s", call, path);
    errno = (int)state->code;
    return 1;
}

static int judged_at(const char *call, int folder, const char *path, int kind) {
    char whole[2 * PATH_MAX];
    if (!state || !(state->kinds & kind)) return 0;
    if (path[0] == '/') return judged(call, path, kind);
    char link[64];
    if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, whole, PATH_MAX - 1);
    if (length < 0) return 0;
    snprintf(whole + length, sizeof whole - (size_t)length, "/%s", path);
    return judged(call, whole, kind);
}

static int judged_handle(const char *call, int handle, int kind) {
    if (!state || !(state->kinds & kind)) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return judged(call, path, kind);
}

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })

#define OPEN_BODY(name, folder, call)                                                       \
    mode_t mode = 0;                                                                        \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                                  \
        va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest);     \
    }                                                                                       \
    int kind = (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT) ? READS : NAMES;       \
    if (judged_at(#name, folder, path, kind) == 1) return -1;                               \
    return call;

int open(const char *path, int flags, ...) { OPEN_BODY(open, AT_FDCWD, REAL(open)(path, flags, mode)) }
int open64(const char *path, int flags, ...) { OPEN_BODY(open64, AT_FDCWD, REAL(open64)(path, flags, mode)) }
int openat(int at, const char *path, int flags, ...) { OPEN_BODY(openat, at, REAL(openat)(at, path, flags, mode)) }
int openat64(int at, const char *path, int flags, ...) { OPEN_BODY(openat64, at, REAL(openat64)(at, path, flags, mode)) }

#define WRITE(name, parameters, all, half)                       \
    ssize_t name parameters {                                    \
        int verdict = judged_handle(#name, handle, DATA);        \
        if (verdict == 1) return -1;                             \
        return verdict == 2 && size > 1 ? REAL(name) half : REAL(name) all; \
    }
WRITE(write, (int handle, const void *data, size_t size), (handle, data, size), (handle, data, size / 2))
WRITE(pwrite, (int handle, const void *data, size_t size, off_t at), (handle, data, size, at), (handle, data, size / 2, at))
WRITE(pwrite64, (int handle, const void *data, size_t size, off64_t at), (handle, data, size, at), (handle, data, size / 2, at))
WRITE(writev, (int handle, const struct iovec *data, int size), (handle, data, size), (handle, data, size / 2))
WRITE(sendfile, (int handle, int from, off_t *at, size_t size), (handle, from, at, size), (handle, from, at, size / 2))
WRITE(sendfile64, (int handle, int from, off64_t *at, size_t size), (handle, from, at, size), (handle, from, at, size / 2))

ssize_t copy_file_range(int from, off64_t *from_at, int handle, off64_t *at, size_t size, unsigned flags) {
    if (judged_handle("copy_file_range", handle, DATA) == 1) return -1;
    return REAL(copy_file_range)(from, from_at, handle, at, size, flags);
}

#define BY_HANDLE(kind, type, name, parameters, values) \
    type name parameters { return judged_handle(#name, handle, kind) == 1 ? -1 : REAL(name) values; }
BY_HANDLE(DATA, int, fsync, (int handle), (handle))
BY_HANDLE(DATA, int, fdatasync, (int handle), (handle))
BY_HANDLE(DATA, int, ftruncate, (int handle, off_t size), (handle, size))
BY_HANDLE(DATA, int, ftruncate64, (int handle, off64_t size), (handle, size))
BY_HANDLE(READS, ssize_t, read, (int handle, void *data, size_t size), (handle, data, size))
BY_HANDLE(READS, ssize_t, pread, (int handle, void *data, size_t size, off_t at), (handle, data, size, at))
BY_HANDLE(READS, ssize_t, pread64, (int handle, void *data, size_t size, off64_t at), (handle, data, size, at))

#define BY_NAME(kind, type, bad, name, parameters, folder, values) \
    type name parameters { return judged_at(#name, folder, path, kind) == 1 ? bad : REAL(name) values; }
BY_NAME(NAMES, int, -1, mkdir, (const char *path, mode_t mode), AT_FDCWD, (path, mode))
BY_NAME(NAMES, int, -1, mkdirat, (int at, const char *path, mode_t mode), at, (at, path, mode))
BY_NAME(NAMES, int, -1, chmod, (const char *path, mode_t mode), AT_FDCWD, (path, mode))
BY_NAME(NAMES, int, -1, rename, (const char *from, const char *path), AT_FDCWD, (from, path))
BY_NAME(NAMES, int, -1, renameat, (int from_at, const char *from, int at, const char *path), at, (from_at, from, at, path))
BY_NAME(NAMES, int, -1, link, (const char *from, const char *path), AT_FDCWD, (from, path))
BY_NAME(NAMES, int, -1, symlink, (const char *from, const char *path), AT_FDCWD, (from, path))
BY_NAME(NAMES, int, -1, utimensat, (int at, const char *path, const struct timespec when[2], int flags), at, (at, path, when, flags))
BY_NAME(DELETES, int, -1, unlink, (const char *path), AT_FDCWD, (path))
BY_NAME(DELETES, int, -1, unlinkat, (int at, const char *path, int flags), at, (at, path, flags))
BY_NAME(DELETES, int, -1, rmdir, (const char *path), AT_FDCWD, (path))
BY_NAME(READS, DIR *, NULL, opendir, (const char *path), AT_FDCWD, (path))
