import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../bin/opencbr', import.meta.url))

export interface Service {
  readonly url: string
  /** SIGKILL, and waits until the process is gone. */
  kill(): Promise<void>
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>
}

/** Starts `opencbr serve` on a free port and waits until it says that it listens. */
export async function startService(configFile: string): Promise<Service> {
  const child = spawn(process.execPath, [program, 'serve', '--config', configFile, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = await listening(child)
  return {
    url,
    kill: async () => {
      await ended(child, 'SIGKILL')
    },
    stop: () => ended(child, 'SIGTERM'),
  }
}

/** The output goes on being read after the line that matters, or the child would block on a full pipe. */
function listening(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', line => {
      const found = /listening on (http:\/\/[\d.:]+)/.exec(line)
      if (found?.[1]) resolve(found[1])
      if (said.length < 40) said.push(line)
    })
  }
  child.once('exit', code =>
    reject(new Error(`the service ended with ${code} before it listened:\n${said.join('\n')}`)),
  )
  return promise
}

async function ended(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
  return child.exitCode
}
