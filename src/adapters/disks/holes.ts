/**
 * What only the C library can ask of a file: where its holes are, and to make one. Through `node:ffi`; where the process
 * has none (or may not use it), or the C library lacks these, the answer is undefined and disks go without.
 */

/** Each takes a file descriptor. `size` and all offsets are bytes. */
export interface Holes {
  /** Where data begins at or behind `offset`; undefined when there is none up to the end of the file. */
  dataFrom(fd: number, offset: number): number | undefined
  /** Where the data at `offset` ends. */
  holeFrom(fd: number, offset: number, size: number): number
  /** Whether the run reads as zeros now, and its blocks are free. */
  punch(fd: number, offset: number, length: number): boolean
}

/** A process without this module answers with the first, one that may not use it, or whose C library lacks these, then. */
const absent = new Set(['ERR_UNKNOWN_BUILTIN_MODULE', 'ERR_ACCESS_DENIED', 'ERR_FFI_CALL_FAILED'])

// Linux's numbers, the same on all its machines.
const SEEK_DATA = 3
const SEEK_HOLE = 4
const ENXIO = 6
const KEEP_SIZE_AND_PUNCH_HOLE = 0x01 | 0x02

/** Asked once per `localDisks`. */
export async function findHoles(): Promise<Holes | undefined> {
  if (process.platform !== 'linux') return undefined
  try {
    return bind(await import('node:ffi'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && absent.has(String(error.code))) return undefined
    throw error
  }
}

function bind(ffi: typeof import('node:ffi')): Holes {
  const { functions: c } = ffi.dlopen(null, {
    lseek: { arguments: ['int32', 'int64', 'int32'], return: 'int64' },
    fallocate: { arguments: ['int32', 'int32', 'int64', 'int64'], return: 'int32' },
    __errno_location: { arguments: [], return: 'pointer' },
  })
  return {
    dataFrom(fd, offset) {
      const found = Number(c.lseek(fd, BigInt(offset), SEEK_DATA))
      if (found >= offset) return found
      // Only this one error means "none"; on any other, what is there has to be read to be known.
      return ffi.getInt32(c.__errno_location()) === ENXIO ? undefined : offset
    },
    holeFrom(fd, offset, size) {
      const found = Number(c.lseek(fd, BigInt(offset), SEEK_HOLE))
      return found > offset ? Math.min(found, size) : size
    },
    punch: (fd, offset, length) => c.fallocate(fd, KEEP_SIZE_AND_PUNCH_HOLE, BigInt(offset), BigInt(length)) === 0,
  }
}
