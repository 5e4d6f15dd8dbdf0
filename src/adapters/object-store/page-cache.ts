/**
 * Letting go of the memory that holds a file which is on the disk. Through `node:ffi`; a process that has none, or may not
 * use it, keeps what it writes in memory until the system wants it back.
 */
/** Takes a file descriptor; what is not on the disk yet, stays. */
export type Forget = (fd: number) => void

const FADV_DONTNEED = 4
const absent = new Set(['ERR_UNKNOWN_BUILTIN_MODULE', 'ERR_ACCESS_DENIED', 'ERR_FFI_CALL_FAILED'])

export async function findForget(): Promise<Forget> {
  if (process.platform !== 'linux') return () => undefined
  try {
    const { dlopen } = await import('node:ffi')
    const { functions: c } = dlopen(null, {
      posix_fadvise: { arguments: ['int32', 'int64', 'int64', 'int32'], return: 'int32' },
    })
    return fd => void c.posix_fadvise(fd, 0n, 0n, FADV_DONTNEED)
  } catch (error) {
    if (error instanceof Error && 'code' in error && absent.has(String(error.code))) return () => undefined
    throw error
  }
}
