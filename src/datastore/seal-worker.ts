/** A worker thread: runs one job at a time and sends its result back. */
import { parentPort } from 'node:worker_threads'
import { threadJobs } from './thread-jobs.ts'
import type { ThreadReply, ThreadRequest } from './threads.ts'

if (parentPort === null) throw new Error('this module is the code of a worker thread')
const port = parentPort

port.on('message', (request: ThreadRequest) => {
  try {
    port.postMessage({ ticket: request.ticket, result: run(request) } satisfies ThreadReply)
  } catch (error) {
    port.postMessage({ ticket: request.ticket, error } satisfies ThreadReply)
  }
})

function run(request: ThreadRequest): object {
  switch (request.kind) {
    case 'hash':
      return threadJobs.hash(request.job)
    case 'name':
      return threadJobs.name(request.job)
    case 'seal':
      return threadJobs.seal(request.job)
    case 'open':
      return threadJobs.open(request.job)
  }
}
