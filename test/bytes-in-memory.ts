/** How much of a file the page cache holds, for tests of what shall not stay there. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Bytes; undefined where the program that tells is missing. */
export async function bytesInMemory(path: string): Promise<number | undefined> {
  try {
    return Number((await promisify(execFile)('fincore', ['--bytes', '--noheadings', '--output', 'RES', path])).stdout)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
