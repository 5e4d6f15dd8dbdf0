import { close, fdatasync, open } from 'node:fs'
import { promisify } from 'node:util'
import { Fault } from '../../ports/fault.ts'

/** The log that SQLite commits into, as far as its durability is concerned. */
export interface WriteAheadLog extends AsyncDisposable {
  /** All that has been committed is on the disk when this resolves. Fault `unreadable` when the system cannot say so. */
  sync(): Promise<void>
}

const openFile = promisify(open)
const syncFile = promisify(fdatasync)

/**
 * The log of a catalog whose connections commit without syncing (`synchronous = normal`). The sync runs beside the event
 * loop, which meanwhile reads the requests whose changes will share the next one. SQLite keeps the one log file for as
 * long as any connection is open.
 */
export function writeAheadLog(file: string): WriteAheadLog {
  let descriptor: number | undefined
  return {
    async sync() {
      try {
        descriptor ??= await openFile(`${file}-wal`, 'r')
        await syncFile(descriptor)
      } catch (error) {
        throw new Fault('unreadable', 'the catalog could not be made durable', { cause: error })
      }
    },
    async [Symbol.asyncDispose]() {
      if (descriptor !== undefined) await promisify(close)(descriptor)
    },
  }
}
