import type { Log } from '../ports/log.ts'
import type { JobPorts } from './job-ports.ts'

/** How often a job's progress is written. */
const EVERY_MS = 1000

export interface Progress {
  /** Marks the operation log as running. */
  begin(): Promise<void>
  readonly report: (percent: number) => void
  /** Resolves when no write is under way any more; reports after it are dropped. */
  close(): Promise<void>
}

/**
 * Writes a job's progress into its operation log, at most once a second and never two writes at a time. Progress is
 * a courtesy: failing to write it fails no job.
 */
export function openProgress(ports: Pick<JobPorts, 'catalog' | 'now'>, logId: string | undefined, log: Log): Progress {
  let written = 0
  let last = 0
  let writing: Promise<void> | undefined
  let closed = false

  const write = async (logId: string, progress: number) => {
    try {
      await ports.catalog.change(({ operationLogs }) =>
        operationLogs.update(logId, { progress, updatedAt: ports.now() }),
      )
    } catch (error) {
      log.warn({ err: error }, 'progress could not be written')
    }
  }

  return {
    async begin() {
      if (logId === undefined) return
      const at = ports.now()
      const start = { status: 'running', startedAt: at, updatedAt: at } as const
      await ports.catalog.change(({ operationLogs }) => operationLogs.update(logId, start))
    },
    report(percent) {
      const whole = Math.min(99, Math.max(0, Math.floor(percent)))
      const at = performance.now()
      if (logId === undefined || closed || writing || whole <= written || at - last < EVERY_MS) return
      written = whole
      last = at
      writing = write(logId, whole).finally(() => {
        writing = undefined
      })
    },
    async close() {
      closed = true
      await writing
    },
  }
}
