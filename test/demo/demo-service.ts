/** The service of the demo: `bin/opencbr serve` as a child on a free port, with a configuration of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import type { DemoDisks } from './demo-disks.ts'

const program = fileURLToPath(new URL('../../bin/opencbr', import.meta.url))

export const passwords = { alice: 'alice-demo-secret', bob: 'bob-demo-secret' } as const

export interface DemoService {
  readonly url: string
  readonly configFile: string
  readonly dataFolder: string
  /** From the start of the process to its first line that says it listens. */
  readonly startMilliseconds: number
  /** All bytes that lie in the chunk store: packs, index and manifests. */
  storeBytes(): Promise<number>
  /** The last lines of its log, for when it did not do what it should. */
  said(): string
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>
}

export async function startService(folder: string, disks: DemoDisks): Promise<DemoService> {
  const configFile = join(folder, 'opencbr.yaml')
  await writeFile(configFile, stringify(configuration(disks)))
  const begun = performance.now()
  const child = spawn(process.execPath, [program, 'serve', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  const url = await listening(child, said)
  const dataFolder = join(folder, 'data')
  return {
    url,
    configFile,
    dataFolder,
    startMilliseconds: performance.now() - begun,
    said: () => said.join('\n'),
    storeBytes: () => bytesUnder(join(dataFolder, 'store')),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }
      return child.exitCode
    },
  }
}

function configuration({ system, data }: DemoDisks): object {
  const user = (name: 'alice' | 'bob', project: string) => ({
    name,
    password: passwords[name],
    roles: { [project]: ['CBR FullAccess'] },
  })
  return {
    listen: '127.0.0.1:0',
    dataDir: 'data',
    identity: {
      embedded: {
        domains: [
          {
            name: 'acme',
            projects: [
              { name: 'alpha', id: '0605767b5780d5762fc5c0118072a564' },
              { name: 'beta', id: '075e6035d300d48c2fd0c00b78b71ebf' },
            ],
            users: [user('alice', 'alpha'), user('bob', 'beta')],
          },
        ],
      },
    },
    resources: {
      local: {
        disks: [
          { project: 'alpha', name: 'db-01-root', path: system, format: 'raw' },
          { project: 'alpha', name: 'db-01-data', path: data, format: 'raw' },
        ],
        servers: [{ project: 'alpha', name: 'db-01', disks: ['db-01-root', 'db-01-data'] }],
      },
    },
  }
}

/** Its output is read to the end, so that it never waits for us; `said` keeps the last lines of it. */
function listening(child: ChildProcess, said: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', line => {
      const [, url] = /listening on (http:\/\/[\d.:]+)/.exec(line) ?? []
      if (url !== undefined) resolve(url)
      said.splice(0, said.length - 30, line)
    })
  }
  child.once('error', reject)
  child.once('exit', code => reject(new Error(`the service ended with ${code}:\n${said.join('\n')}`)))
  return promise
}

async function bytesUnder(folder: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sum += (await lstat(join(entry.parentPath, entry.name))).size
  return sum
}
