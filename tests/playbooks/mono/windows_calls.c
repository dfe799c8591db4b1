/* The calls of Windows that the C# makes, on the files and processes of Linux.
 *
 * They take and give what the headers of Windows say (structures, flags, handles, error codes), as
 * far as the C# relies on it, and end the process on anything else. So the C# behind the two seams
 * runs; what Windows itself does in its stead is not proven by it.
 *
 * MAPS_DRIVE is the folder that stands for C:. Beside it: MAPS_DRIVE.access/INODE, the security
 * descriptor of a file; MAPS_DRIVE.default, that of a file which came there otherwise;
 * MAPS_DRIVE.full, if the disk is full; MAPS_DRIVE.fat, if it keeps no descriptors; MAPS_DRIVE.open, if a
 * program has the document open; MAPS_DRIVE.busy, of one byte for each call that is to find its file in
 * use. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint16_t WCHAR;
typedef int32_t BOOL;
typedef uint32_t DWORD;
#define INVALID ((void *)-1)

enum { NOT_FOUND = 2, NO_PATH = 3, DENIED = 5, NO_MORE_FILES = 18, IN_USE = 32, EXISTS = 80,
       BROKEN_PIPE = 109, DISK_FULL = 112, ALREADY_EXISTS = 183, OTHER = 1117 };

typedef struct { DWORD length; void *descriptor; BOOL inherit; } SECURITY_ATTRIBUTES;
typedef struct {
  DWORD cb; WCHAR *reserved, *desktop, *title;
  DWORD x, y, width, height, columns, rows, fill, flags;
  uint16_t show, reserved2; void *reserved3; void *input, *output, *error;
} STARTUPINFOW;
typedef struct { void *process, *thread; DWORD process_id, thread_id; } PROCESS_INFORMATION;
typedef struct {
  DWORD attributes, times[6], size_high, size, reserved[2];
  WCHAR name[260], short_name[14];
} WIN32_FIND_DATAW;

typedef struct { enum { A_FILE, A_PIPE, A_JOB, A_PROCESS, A_THREAD } kind;
                 int fd, inherited, ended, code; pid_t pid, keeper; char path[4096]; } Handle;

static int inheritable; /* handles that a child would get */

static BOOL fault(int error) { errno = error; return 0; } /* Mono's GetLastWin32Error is errno */

static BOOL linux_fault(void) {
  switch (errno) {
    case ENOENT: return fault(NOT_FOUND);
    case EACCES: case EISDIR: case EPERM: return fault(DENIED);
    case EEXIST: return fault(ALREADY_EXISTS);
    case EWOULDBLOCK: return fault(IN_USE);
    default: return fault(OTHER);
  }
}

static void broken(const char *what) { fprintf(stderr, "not as documented: %s\n", what); abort(); }

static void narrow(const WCHAR *wide, char *text) {
  for (; *wide; wide++) {
    unsigned one = *wide;
    if (one < 0x80) *text++ = (char)one;
    else if (one < 0x800) { *text++ = (char)(0xc0 | one >> 6); *text++ = (char)(0x80 | (one & 63)); }
    else broken("a character that the tests have not");
  }
  *text = 0;
}

static char *beside(const char *ending) {
  static char place[4096];
  snprintf(place, sizeof place, "%s.%s", getenv("MAPS_DRIVE"), ending);
  return place;
}

/* \\?\C:\folder\file */
static void local(const WCHAR *wide, char *path) {
  char text[3000];
  narrow(wide, text);
  if (strncmp(text, "\\\\?\\C:\\", 7) != 0) broken(text);
  for (char *one = text; *one; one++) if (*one == '\\') *one = '/';
  sprintf(path, "%s%s", getenv("MAPS_DRIVE"), text + 6);
}

static int busy(void) {
  struct stat status;
  char *place = beside("busy");
  if (stat(place, &status) || status.st_size == 0) return 0;
  if (truncate(place, status.st_size - 1)) broken("busy");
  return status.st_size % 2 ? IN_USE : DENIED;
}

static Handle *handle(int kind, int fd) {
  Handle *made = calloc(1, sizeof *made);
  made->kind = kind;
  made->fd = fd;
  return made;
}

/* -- security descriptors */

static DWORD sid_length(const uint8_t *sid) { return 8 + 4 * sid[1]; }
static DWORD acl_length(const uint8_t *acl) { return acl[2] | acl[3] << 8; }

DWORD GetSecurityDescriptorLength(const uint8_t *descriptor) {
  DWORD owner, list, end = 20;
  memcpy(&owner, descriptor + 4, 4);
  memcpy(&list, descriptor + 16, 4);
  if (owner && owner + sid_length(descriptor + owner) > end) end = owner + sid_length(descriptor + owner);
  if (list && list + acl_length(descriptor + list) > end) end = list + acl_length(descriptor + list);
  return end;
}

static FILE *access_file(const char *path, const char *mode) {
  struct stat status;
  char place[64];
  if (lstat(path, &status)) broken("access of nothing");
  sprintf(place, "access/%lu", (unsigned long)status.st_ino);
  return fopen(beside(place), mode);
}

static void set_access(const char *path, const void *descriptor) {
  FILE *file = access_file(path, "w");
  fwrite(descriptor, 1, GetSecurityDescriptorLength(descriptor), file);
  fclose(file);
}

static void born(const char *path, const SECURITY_ATTRIBUTES *attributes) {
  if (!attributes) return;
  if (attributes->length != sizeof *attributes) broken("SECURITY_ATTRIBUTES.nLength");
  if (attributes->descriptor && access(beside("fat"), F_OK) != 0) set_access(path, attributes->descriptor);
}

int GetSecurityInfo(Handle *file, int kind, DWORD about, void *owner, void *group, void *list,
                    void *audit, uint8_t **descriptor) {
  if (kind != 1 || about != 5 || owner || group || list || audit) broken("GetSecurityInfo");
  FILE *known = access_file(file->path, "r");
  if (!known) known = fopen(beside("default"), "r");
  *descriptor = calloc(1, 4096);
  if (!known || !fread(*descriptor, 1, 4096, known)) broken("no descriptor");
  fclose(known);
  return 0;
}

int SetSecurityInfo(Handle *file, int kind, DWORD about, void *owner, void *group, uint8_t *list,
                    void *audit) {
  if (kind != 1 || about != 0x80000004u || owner || group || audit) broken("SetSecurityInfo");
  uint8_t *before, after[4096] = {1, 0, 0x04, 0x90};
  DWORD place = 20, from;
  GetSecurityInfo(file, 1, 5, NULL, NULL, NULL, NULL, &before);
  memcpy(&from, before + 4, 4);
  if (from) {
    memcpy(after + 4, &place, 4);
    memcpy(after + place, before + from, sid_length(before + from));
    place += sid_length(before + from);
  }
  memcpy(after + 16, &place, 4);
  memcpy(after + place, list, acl_length(list));
  free(before);
  set_access(file->path, after);
  return 0;
}

void *LocalFree(void *memory) { free(memory); return NULL; }

/* -- files */

static void *opened(const char *path, DWORD access, DWORD share, const SECURITY_ATTRIBUTES *attributes,
                    DWORD disposition, DWORD flags) {
  struct stat status;
  int there = lstat(path, &status) == 0;
  if (!there && errno != ENOENT) return linux_fault(), INVALID;
  if (disposition == 1 && there) return fault(EXISTS), INVALID;
  if (disposition == 3 && !there) return fault(NOT_FOUND), INVALID;
  if (!(flags & 0x00200000)) broken("it would follow a link");
  if (there && S_ISDIR(status.st_mode) && !(flags & 0x02000000)) return fault(DENIED), INVALID;
  int how = access & 0x40000000 ? O_RDWR : O_RDONLY;
  if (there && !S_ISREG(status.st_mode)) how = O_PATH | O_NOFOLLOW;
  int fd = open(path, how | O_CLOEXEC | (there ? 0 : O_CREAT | O_EXCL), 0600);
  if (fd < 0) return linux_fault(), INVALID;
  if (!(share & 2) && !(how & O_PATH) && flock(fd, LOCK_EX | LOCK_NB)) return close(fd), fault(IN_USE), INVALID;
  if (!there) born(path, attributes);
  Handle *file = handle(A_FILE, fd);
  strcpy(file->path, path);
  return file;
}

void *CreateFileW(const WCHAR *name, DWORD access, DWORD share, const SECURITY_ATTRIBUTES *attributes,
                  DWORD disposition, DWORD flags, void *template) {
  char path[4096];
  narrow(name, path);
  if (strcmp(path, "NUL") == 0) {
    if (!attributes || !attributes->inherit || disposition != 3) broken("NUL for a child");
    Handle *nothing = handle(A_PIPE, open("/dev/null", O_RDONLY | O_CLOEXEC));
    inheritable += nothing->inherited = 1;
    return nothing;
  }
  if (template) broken("a template");
  int error = busy();
  if (error) return fault(error), INVALID;
  local(name, path);
  return opened(path, access, share, attributes, disposition, flags);
}

BOOL CloseHandle(Handle *closed) {
  if (closed->kind == A_FILE || closed->kind == A_PIPE || closed->kind == A_THREAD) close(closed->fd);
  inheritable -= closed->inherited;
  free(closed);
  return 1;
}

BOOL GetFileInformationByHandle(Handle *file, DWORD *information) {
  struct stat status;
  fstat(file->fd, &status);
  memset(information, 0xff, 52);
  information[0] = S_ISLNK(status.st_mode) ? 0x400 : S_ISDIR(status.st_mode) ? 0x10 : 0x80;
  return 1;
}

BOOL ReadFile(Handle *file, void *piece, DWORD length, DWORD *count, void *overlapped) {
  ssize_t found = read(file->fd, piece, length > 1000 ? 1000 : length);
  if (found < 0 || overlapped) return linux_fault();
  *count = (DWORD)found;
  return file->kind == A_PIPE && found == 0 ? fault(BROKEN_PIPE) : 1;
}

BOOL WriteFile(Handle *file, const void *data, DWORD length, DWORD *count, void *overlapped) {
  if (access(beside("full"), F_OK) == 0) return fault(DISK_FULL);
  ssize_t written = write(file->fd, data, length);
  if (written < 0 || overlapped) return linux_fault();
  *count = (DWORD)written;
  return 1;
}

BOOL SetFilePointerEx(Handle *file, int64_t distance, void *place, DWORD from) {
  if (place || from) broken("SetFilePointerEx");
  return lseek(file->fd, distance, SEEK_SET) == distance ? 1 : linux_fault();
}

BOOL SetEndOfFile(Handle *file) {
  return ftruncate(file->fd, lseek(file->fd, 0, SEEK_CUR)) == 0 ? 1 : linux_fault();
}

BOOL FlushFileBuffers(Handle *file) { return fsync(file->fd) == 0 ? 1 : linux_fault(); }

BOOL MoveFileExW(const WCHAR *name, const WCHAR *to, DWORD flags) {
  char path[4096], there[4096];
  int error = busy();
  if (error) return fault(error);
  if (flags != (0x1 | 0x8)) broken("MoveFileExW: replace, and write through");
  local(name, path);
  local(to, there);
  if (strstr(there, "/email-servers.json") && access(beside("open"), F_OK) == 0) return fault(DENIED);
  return rename(path, there) == 0 ? 1 : linux_fault();
}

BOOL DeleteFileW(const WCHAR *name) {
  char path[4096];
  int error = busy();
  if (error) return fault(error);
  local(name, path);
  return unlink(path) == 0 ? 1 : linux_fault();
}

BOOL CreateDirectoryW(const WCHAR *name, const SECURITY_ATTRIBUTES *attributes) {
  char path[4096];
  local(name, path);
  if (mkdir(path, 0700)) return errno == ENOENT ? fault(NO_PATH) : linux_fault();
  born(path, attributes);
  return 1;
}

BOOL FindNextFileW(DIR *search, WIN32_FIND_DATAW *found) {
  struct dirent *entry = readdir(search);
  if (!entry) return fault(NO_MORE_FILES);
  memset(found, 0, sizeof *found);
  for (int place = 0; entry->d_name[place]; place++) found->name[place] = (uint8_t)entry->d_name[place];
  return 1;
}

void *FindFirstFileW(const WCHAR *pattern, WIN32_FIND_DATAW *found) {
  char path[4096];
  local(pattern, path);
  if (strcmp(path + strlen(path) - 2, "/*") != 0) broken("FindFirstFileW");
  path[strlen(path) - 2] = 0;
  DIR *search = opendir(path);
  if (!search) return linux_fault(), INVALID;
  FindNextFileW(search, found);
  return search;
}

BOOL FindClose(DIR *search) { return closedir(search) == 0; }

/* -- processes */

/* How a program reads its arguments: see parsing-c-command-line-arguments. */
static char **arguments_of(char *line) {
  char **argv = calloc(100, sizeof *argv), *to;
  int count = 0;
  if (*line++ != '"') broken("the program is not quoted");
  argv[count++] = line;
  line = strchr(line, '"');
  *line++ = 0;
  while (*line) {
    int quoted = 0;
    while (*line == ' ' || *line == '\t') line++;
    for (argv[count++] = to = line; *line && (quoted || (*line != ' ' && *line != '\t')); line++) {
      int backslashes = 0;
      for (; *line == '\\'; line++) backslashes++;
      int escapes = *line == '"';
      for (int left = escapes ? backslashes / 2 : backslashes; left > 0; left--) *to++ = '\\';
      if (escapes && backslashes % 2 == 0) quoted = !quoted;
      else if (*line && (quoted || escapes || (*line != ' ' && *line != '\t'))) *to++ = *line;
      else { line--; }
    }
    if (*line) line++;
    *to = 0;
  }
  return argv;
}

static int is_there(const char *program) {
  char place[4096], path[4096];
  if (strchr(program, '/')) return access(program, X_OK) == 0;
  snprintf(path, sizeof path, "%s", getenv("PATH"));
  for (char *folder = strtok(path, ":"); folder; folder = strtok(NULL, ":")) {
    snprintf(place, sizeof place, "%s/%s", folder, program);
    if (access(place, X_OK) == 0) return 1;
  }
  return 0;
}

DWORD GetOEMCP(void) { return 28591; } /* ISO 8859-1: the one that Mono always has */
DWORD GetACP(void) { return 28591; }

BOOL CreatePipe(Handle **read_end, Handle **write_end, const SECURITY_ATTRIBUTES *attributes, DWORD size) {
  int ends[2];
  if (!attributes || !attributes->inherit || size || pipe2(ends, O_CLOEXEC)) broken("CreatePipe");
  *read_end = handle(A_PIPE, ends[0]);
  *write_end = handle(A_PIPE, ends[1]);
  (*read_end)->inherited = (*write_end)->inherited = 1;
  inheritable += 2;
  return 1;
}

BOOL SetHandleInformation(Handle *changed, DWORD mask, DWORD flags) {
  if (mask != 1 || flags != 0) broken("SetHandleInformation");
  inheritable -= changed->inherited;
  changed->inherited = 0;
  return 1;
}

void *CreateJobObjectW(void *attributes, const WCHAR *name) {
  if (attributes || name) broken("CreateJobObjectW");
  return handle(A_JOB, -1);
}

BOOL CreateProcessW(const WCHAR *program, WCHAR *wide, void *process_attributes, void *thread_attributes,
                    BOOL inherits, DWORD flags, void *environment, const WCHAR *folder,
                    const STARTUPINFOW *startup, PROCESS_INFORMATION *created) {
  static char line[200000];
  int gate[2];
  if (program || process_attributes || thread_attributes || !inherits || environment || folder ||
      flags != (0x4 | 0x08000000) || startup->cb != sizeof *startup || startup->flags != 0x100)
    broken("CreateProcessW");
  if (inheritable != 2) broken("a child gets what it is given, and nothing else");
  narrow(wide, line);
  char **argv = arguments_of(line);
  if (!is_there(argv[0])) return free(argv), fault(NOT_FOUND);
  if (pipe2(gate, O_CLOEXEC)) broken("pipe2");
  pid_t pid = fork();
  if (pid == 0) {
    char one;
    setsid();
    dup2(((Handle *)startup->input)->fd, 0);
    dup2(((Handle *)startup->output)->fd, 1);
    dup2(((Handle *)startup->error)->fd, 2);
    if (read(gate[0], &one, 1) == 1) execvp(argv[0], argv);
    _exit(99);
  }
  free(argv);
  close(gate[0]);
  Handle *process = handle(A_PROCESS, -1), *thread = handle(A_THREAD, gate[1]);
  process->pid = thread->pid = pid;
  *created = (PROCESS_INFORMATION){process, thread, (DWORD)pid, (DWORD)pid};
  return 1;
}

void *GetCurrentProcess(void) { return INVALID; }

/* The handle of the other process, which is closed when that ends, and which its children do not get. */
BOOL DuplicateHandle(void *own, Handle *file, Handle *process, void **copy, DWORD access, BOOL inherited,
                     DWORD options) {
  if (own != INVALID || file->kind != A_FILE || process->kind != A_PROCESS || access || inherited ||
      options != 2)
    broken("DuplicateHandle");
  int end = (int)syscall(SYS_pidfd_open, process->pid, 0);
  if (end < 0) broken("pidfd_open");
  process->keeper = fork();
  if (process->keeper == 0) {
    struct pollfd ended = {end, POLLIN, 0};
    setsid();
    for (int fd = 0; fd < 4096; fd++) if (fd != end && fd != file->fd) close(fd);
    while (poll(&ended, 1, -1) != 1) {}
    _exit(0);
  }
  close(end);
  *copy = file;
  return 1;
}

BOOL AssignProcessToJobObject(Handle *job, Handle *process) { job->pid = process->pid; return 1; }

DWORD ResumeThread(Handle *thread) { return write(thread->fd, "x", 1) == 1 ? 1 : (DWORD)-1; }

BOOL TerminateJobObject(Handle *job, DWORD code) {
  if (!job->pid || !code) broken("TerminateJobObject");
  return kill(-job->pid, SIGKILL) == 0 ? 1 : linux_fault();
}

BOOL TerminateProcess(Handle *process, DWORD code) { return kill(process->pid, SIGKILL) == 0 && code; }

DWORD WaitForSingleObject(Handle *process, DWORD milliseconds) {
  struct timespec pause = {0, 5000000};
  int status;
  for (DWORD waited = 0; !process->ended; waited += 5) {
    pid_t found = waitpid(process->pid, &status, WNOHANG);
    if (found == process->pid) {
      process->ended = 1;
      if (process->keeper) waitpid(process->keeper, NULL, 0);
      process->code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    } else if (waited >= milliseconds) return 0x102;
    else nanosleep(&pause, NULL);
  }
  return 0;
}

BOOL GetExitCodeProcess(Handle *process, DWORD *code) {
  *code = process->ended ? (DWORD)process->code : 259;
  return 1;
}
