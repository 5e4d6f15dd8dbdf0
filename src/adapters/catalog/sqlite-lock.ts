import { Fault } from '../../ports/fault.ts'
import { openConnection } from './sqlite-connection.ts'

/**
 * Holds a catalog's file for this process. The lock is the kernel's, on a file beside the catalog, taken through SQLite
 * since Node has no call for it: a killed process leaves the file and no lock. Fault `conflict` when another holds it.
 */
export function holdFile(file: string): Disposable {
  using opened = new DisposableStack()
  const lock = opened.use(openConnection(`${file}.lock`, { readOnly: false, busyMs: 0 }))
  try {
    lock.command('begin exclusive')
  } catch (error) {
    if (!(error instanceof Fault && error.kind === 'conflict')) throw error
    const words = `another process serves ${file}; a SQLite catalog is for one process at a time`
    throw new Fault('conflict', words, { cause: error })
  }
  return opened.move()
}
