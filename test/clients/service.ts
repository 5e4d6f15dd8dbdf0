/**
 * `bin/opencbr serve` as a child. Every client has one to itself, so that each line of its access log belongs to that
 * client; the calls are kept in a file per client at the end, for the table of docs/clients.md.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Call, isCall, keepRecord } from './record.ts'

const program = fileURLToPath(new URL('../../bin/opencbr', import.meta.url))

export interface Service extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** What the service was asked so far. */
  readonly calls: readonly Call[]
  /** The last lines of its log, for when a client did not get what it wanted. */
  said(): string
}

/** In the folder lies `opencbr.yaml`, and there the service keeps its data. */
export async function startService(client: string | undefined, folder: string): Promise<Service> {
  const words = ['serve', '--config', 'opencbr.yaml', '--listen', '127.0.0.1:0']
  const child = spawn(process.execPath, [program, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const log: Log = { calls: [], last: [] }
  const url = await listening(child, log)
  return {
    url,
    calls: log.calls,
    said: () => log.last.join('\n'),
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      if (child.exitCode === null) await ended
      if (client !== undefined) await keepRecord(client, log.calls)
      if (child.exitCode !== 0) throw new Error(`the service ended with ${child.exitCode}:\n${log.last.join('\n')}`)
    },
  }
}

interface Log {
  readonly calls: Call[]
  readonly last: string[]
}

/** The output is read to its end, or the service would block on a full pipe. */
function listening(child: ChildProcess, { calls, last }: Log): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', line => {
      const [, url] = /listening on (http:\/\/[\d.:]+)/.exec(line) ?? []
      if (url !== undefined) resolve(url)
      const entry: unknown = line.startsWith('{') ? JSON.parse(line) : undefined
      if (isCall(entry))
        calls.push({ operation: entry.msg, method: entry.method, url: entry.url, status: entry.status })
      last.splice(0, last.length - 60, line)
    })
  }
  child.once('error', reject)
  child.once('exit', code => reject(new Error(`the service ended with ${code}:\n${last.join('\n')}`)))
  return promise
}
