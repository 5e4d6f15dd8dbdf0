import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../../ports/fault.ts'

/**
 * Holds a catalog's file for this process. The lock is the kernel's, on a file beside the catalog, taken through SQLite
 * since Node has no call for it: a killed process leaves the file and no lock. Fault `conflict` when another holds it.
 */
export function holdFile(file: string): Disposable {
  const lock = new DatabaseSync(`${file}.lock`, { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    throw new Fault('conflict', `another process serves ${file}; a SQLite catalog is for one process at a time`, {
      cause: error,
    })
  }
  return { [Symbol.dispose]: () => lock.close() }
}
