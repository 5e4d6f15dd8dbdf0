/**
 * The worker threads, started at the first job. A job goes to the thread with the fewest; callers bound how many there
 * are by the buffers they hold. A thread that dies fails its jobs (a bug, or out of memory) and is replaced at the next.
 */
import { Worker } from 'node:worker_threads'
import type { ThreadJobs } from './thread-jobs.ts'

type Kind = keyof ThreadJobs
type JobOf<K extends Kind> = Parameters<ThreadJobs[K]>[0]
type ResultOf<K extends Kind> = ReturnType<ThreadJobs[K]>

export type ThreadRequest = { [K in Kind]: { readonly ticket: number; readonly kind: K; readonly job: JobOf<K> } }[Kind]
export type ThreadReply =
  | { readonly ticket: number; readonly result: object }
  | { readonly ticket: number; readonly error: unknown }

export interface Threads {
  /** `transfer` lists the buffers of the job that the caller gives away. */
  run<K extends Kind>(kind: K, job: JobOf<K>, transfer?: readonly ArrayBuffer[]): Promise<ResultOf<K>>
  close(): Promise<void>
}

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, PromiseWithResolvers<object>>
}

export function workerThreads(count: number): Threads {
  const threads: (Thread | undefined)[] = Array.from({ length: count }, () => undefined)
  let lastTicket = 0
  let closed = false

  const idlest = (): Thread => {
    const load = threads.map(thread => thread?.waiting.size ?? 0)
    const at = load.indexOf(Math.min(...load))
    const thread =
      threads[at] ??
      startThread(() => {
        threads[at] = undefined
      })
    threads[at] = thread
    return thread
  }

  return {
    async run<K extends Kind>(kind: K, job: JobOf<K>, transfer: readonly ArrayBuffer[] = []) {
      if (closed) throw new Error('the datastore is closed')
      const { worker, waiting } = idlest()
      const ticket = ++lastTicket
      const reply = Promise.withResolvers<object>()
      if (waiting.size === 0) worker.ref()
      waiting.set(ticket, reply)
      worker.postMessage({ ticket, kind, job }, transfer)
      // The worker answers with what threadJobs[kind] returned: the message loses only the type.
      return (await reply.promise) as ResultOf<K>
    },
    async close() {
      closed = true
      await Promise.all(threads.map(thread => thread?.worker.terminate()))
    },
  }
}

function startThread(onGone: () => void): Thread {
  const worker = new Worker(new URL('./seal-worker.ts', import.meta.url))
  const waiting: Thread['waiting'] = new Map()
  worker.unref()
  worker.on('message', (reply: ThreadReply) => {
    const caller = waiting.get(reply.ticket)
    waiting.delete(reply.ticket)
    if (waiting.size === 0) worker.unref()
    if ('error' in reply) caller?.reject(reply.error)
    else caller?.resolve(reply.result)
  })
  let cause: unknown
  worker.on('error', error => {
    cause = error
  })
  worker.on('exit', () => {
    onGone()
    for (const caller of waiting.values()) caller.reject(new Error('a worker thread ended', { cause }))
    waiting.clear()
  })
  return { worker, waiting }
}
