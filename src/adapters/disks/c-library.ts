/**
 * What only the C library can ask of a file: where its holes are, to make one, to keep it out of memory, and whether a
 * virtual machine has it.
 * Through `node:ffi`; where the process has none (or may not use it), or the C library lacks these, disks go without.
 */

/** Each takes a file descriptor. Offsets and lengths are bytes. */
export interface CLibrary {
  /** Where data begins at or behind `offset`; undefined when there is none up to the end of the file. */
  dataFrom(fd: number, offset: number): number | undefined
  /** Where the data at `offset` ends; `size` is the file's. */
  holeFrom(fd: number, offset: number, size: number): number
  /** Whether the run reads as zeros now, and its blocks are free. */
  punch(fd: number, offset: number, length: number): boolean
  /** Lets go of the memory that holds parts of the file which are on the disk; what is not yet, stays. */
  forget(fd: number): void
  /**
   * Takes the file for oneself until it is closed: false when a virtual machine, or another process that asked like
   * this, has it. QEMU marks every image it has open by locks on bytes from 100 and from 200 (its docs/devel, "image
   * locking"), and does not start a machine on an image where it cannot place them.
   */
  take(fd: number): boolean
}

/** A process without the module answers with the first, one that may not use it, or whose C library lacks these, then. */
const absent = new Set(['ERR_UNKNOWN_BUILTIN_MODULE', 'ERR_ACCESS_DENIED', 'ERR_FFI_CALL_FAILED'])

// Linux's numbers, the same on all its 64-bit machines.
const SEEK_DATA = 3
const SEEK_HOLE = 4
const EAGAIN = 11
const EACCES = 13
const ENXIO = 6
const KEEP_SIZE_AND_PUNCH_HOLE = 0x01 | 0x02
const FADV_DONTNEED = 4
const F_OFD_SETLK = 37
const F_WRLCK = 1
const firstMark = 100
const marks = 200

/** Asked once per `localDisks`. */
export async function findCLibrary(): Promise<CLibrary | undefined> {
  if (process.platform !== 'linux') return undefined
  try {
    return bind(await import('node:ffi'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && absent.has(String(error.code))) return undefined
    throw error
  }
}

function bind(ffi: typeof import('node:ffi')): CLibrary {
  const { functions: c } = ffi.dlopen(null, {
    lseek: { arguments: ['int32', 'int64', 'int32'], return: 'int64' },
    fallocate: { arguments: ['int32', 'int32', 'int64', 'int64'], return: 'int32' },
    posix_fadvise: { arguments: ['int32', 'int64', 'int64', 'int32'], return: 'int32' },
    fcntl: { arguments: ['int32', 'int32', 'buffer'], return: 'int32' },
    __errno_location: { arguments: [], return: 'pointer' },
  })
  const errno = (): number => ffi.getInt32(c.__errno_location())
  return {
    dataFrom(fd, offset) {
      const found = Number(c.lseek(fd, BigInt(offset), SEEK_DATA))
      if (found >= offset) return found
      // Only this one error means "none"; on any other, what is there has to be read to be known.
      return errno() === ENXIO ? undefined : offset
    },
    holeFrom(fd, offset, size) {
      const found = Number(c.lseek(fd, BigInt(offset), SEEK_HOLE))
      return found > offset ? Math.min(found, size) : size
    },
    punch: (fd, offset, length) => c.fallocate(fd, KEEP_SIZE_AND_PUNCH_HOLE, BigInt(offset), BigInt(length)) === 0,
    forget: fd => void c.posix_fadvise(fd, 0n, 0n, FADV_DONTNEED),
    take(fd) {
      if (c.fcntl(fd, F_OFD_SETLK, lockOf(F_WRLCK)) === 0) return true
      // A file system without locks answers with something else: there, nobody can be asked.
      const why = errno()
      return why !== EAGAIN && why !== EACCES
    },
  }
}

/** `struct flock`: type, whence (the file's start), first byte, length, process. */
function lockOf(type: number): Buffer {
  const lock = Buffer.alloc(32)
  lock.writeInt16LE(type, 0)
  lock.writeBigInt64LE(BigInt(firstMark), 8)
  lock.writeBigInt64LE(BigInt(marks), 16)
  return lock
}
