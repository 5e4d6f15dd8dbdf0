/** The thread of log-writeback.ts: one round for each message `round`; `end` closes its connection and lets it go. */
import { parentPort, workerData } from 'node:worker_threads'
import type { RoundEnd, WritebackOrder } from './log-writeback.ts'
import { openConnection } from './sqlite-connection.ts'

if (parentPort === null) throw new Error('this module is the code of a worker thread')
const port = parentPort
const { file } = workerData as { readonly file: string }
const connection = openConnection(file, { readOnly: false })

port.on('message', (order: WritebackOrder) => {
  if (order === 'round') port.postMessage(round())
  else {
    connection[Symbol.dispose]()
    port.close()
  }
})

/** `passive` waits for nobody: it copies what no reader still needs as it is, and syncs the log before and the file after. */
function round(): RoundEnd {
  try {
    connection.query('pragma wal_checkpoint(passive)')
    return {}
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}
