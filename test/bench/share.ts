/**
 * `npm run bench:share`: how fast is the seed's call? A real server process, embedded and durable, with 10, 10^4 and 10^6
 * backups in its catalog; each call shares a backup that nobody has shared before with ten projects. Beside each row the
 * limit of the machine just before and after, averaged: commits a second of a bare SQLite with full sync, one at a time, on the same
 * disk. (Changes that arrive together share a commit, so many clients can get beyond it.)
 *
 * SIZES=10,10000 CLIENTS=8 CALLS=2000 FOLDER=/mnt/disk narrow it down.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'undici'
import { openSqliteCatalog } from '../../src/adapters/catalog/sqlite.ts'
import { fillCatalog, filledBackupId } from './fill-catalog.ts'

const numbers = (given: string | undefined, usual: readonly number[]): readonly number[] =>
  given === undefined ? usual : given.split(',').map(Number)

const SIZES = numbers(process.env.SIZES, [10, 10_000, 1_000_000])
const CLIENTS = numbers(process.env.CLIENTS, [1, 8, 32])
/** Of each measurement; a single client makes a quarter of them. */
const CALLS = Number(process.env.CALLS ?? 12_000)
const WARM_UP = 1_000
const TMPFS = 0x01021994

const ALPHA = '0605767b5780d5762fc5c0118072a564'
const recipients = Array.from({ length: 10 }, (_, at) => `${at}`.padStart(32, 'c'))
const body = JSON.stringify({ members: recipients })

interface Row {
  readonly backups: number
  readonly clients: number
  readonly callsPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly commitsPerSecond: number
}

const rows: Row[] = []
const folder = await mkdtemp(join(process.env.FOLDER ?? tmpdir(), 'opencbr-bench-'))
try {
  if ((await statfs(folder)).type === TMPFS) console.error(`${folder} is in memory: what is measured is not durable`)
  for (const size of SIZES) rows.push(...(await measureSize(join(folder, String(size)), size)))
} finally {
  await rm(folder, { recursive: true, force: true })
}
report(rows)

async function measureSize(dataDir: string, size: number): Promise<readonly Row[]> {
  const counts = CLIENTS.map(clients => (clients === 1 ? Math.ceil(CALLS / 4) : CALLS))
  const fresh = await fill(dataDir, size, WARM_UP + counts.reduce((sum, count) => sum + count, 0))
  const { process: server, url } = await startServer(dataDir)
  try {
    const token = await signIn(url)
    const next = fresh[Symbol.iterator]()
    const paths = (count: number) => Array.from(next.take(count), id => `/v3/${ALPHA}/backups/${id}/members`)
    await measure(url, token, 8, paths(WARM_UP))
    const measured: Row[] = []
    for (const [at, clients] of CLIENTS.entries()) {
      const before = bareCommits(join(dataDir, `before-${clients}.db`))
      const times = await measure(url, token, clients, paths(counts[at] ?? 0))
      const after = bareCommits(join(dataDir, `after-${clients}.db`))
      measured.push({ backups: size, clients, commitsPerSecond: (before + after) / 2, ...times })
      console.error(measured.at(-1))
    }
    return measured
  } finally {
    server.kill('SIGTERM')
    await once(server, 'exit')
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Before the server starts: so many backups, and as many more to be shared, which lie spread among them. Their ids. */
async function fill(dataDir: string, size: number, fresh: number): Promise<readonly string[]> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const catalog = await openSqliteCatalog({ file: join(dataDir, 'catalog.db') })
  const vaultId = crypto.randomUUID()
  await fillCatalog(catalog, { projectId: ALPHA, vaultId, backups: size + fresh, newest: new Date() })
  await catalog.close()
  const step = (size + fresh) / fresh
  return Array.from({ length: fresh }, (_, at) => filledBackupId(vaultId, Math.floor(at * step)))
}

/** Calls each path once, from so many connections, each of which waits for its answer. */
async function measure(url: string, token: string, clients: number, paths: readonly string[]) {
  const headers = { 'x-auth-token': token, 'content-type': 'application/json' }
  const latencies: number[] = []
  const queue = paths[Symbol.iterator]()
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const connection = new Client(url)
      for (const path of queue) {
        const sent = performance.now()
        const answer = await connection.request({ method: 'POST', path, headers, body })
        const text = await answer.body.text()
        latencies.push(performance.now() - sent)
        if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text}`)
      }
      await connection.close()
    }),
  )
  const seconds = (performance.now() - begin) / 1000
  latencies.sort((a, b) => a - b)
  const percentile = (part: number) => latencies[Math.floor(latencies.length * part)] ?? 0
  return { callsPerSecond: paths.length / seconds, p50: percentile(0.5), p99: percentile(0.99) }
}

/** What the disk allows: one small row a commit, for half a second. */
function bareCommits(file: string): number {
  using db = new DatabaseSync(file)
  db.exec('pragma journal_mode = wal; pragma synchronous = full; create table t (n integer)')
  const insert = db.prepare('insert into t values (?)')
  const begin = performance.now()
  let commits = 0
  for (; performance.now() - begin < 500; commits += 1) insert.run(commits)
  return commits / ((performance.now() - begin) / 1000)
}

async function startServer(dataDir: string): Promise<{ readonly process: ChildProcess; readonly url: string }> {
  const file = join(dataDir, 'config.yaml')
  const projects = [{ name: 'alpha', id: ALPHA }, ...recipients.map((id, at) => ({ name: `r${at}`, id }))]
  const users = [{ name: 'alice', password: 'alice-secret', roles: { alpha: ['CBR FullAccess'] } }]
  const settings = {
    listen: '127.0.0.1:0',
    dataDir,
    logLevel: 'info',
    identity: { embedded: { domains: [{ name: 'acme', projects, users }] } },
  }
  await writeFile(file, JSON.stringify(settings))
  const opencbr = resolve(import.meta.dirname, '../../bin/opencbr')
  const server = spawn(process.execPath, [opencbr, 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await listeningUrl(server)
  return { process: server, url }
}

/** The log is read on, and thrown away, as an operator's log collector would. */
async function listeningUrl(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('the server has no output')
  const found = Promise.withResolvers<string>()
  createInterface({ input: server.stdout }).on('line', line => {
    const [, url] = /listening on (http:\/\/[\d.]+:\d+)/.exec(line) ?? []
    if (url !== undefined) found.resolve(url)
  })
  server.once('exit', code => found.reject(new Error(`the server ended with ${code}`)))
  return found.promise
}

async function signIn(url: string): Promise<string> {
  const domain = { name: 'acme' }
  const user = { name: 'alice', domain, password: 'alice-secret' }
  const answer = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: { identity: { methods: ['password'], password: { user } }, scope: { project: { id: ALPHA } } },
    }),
  })
  return answer.headers.get('x-subject-token') ?? Promise.reject(new Error(`no token: ${await answer.text()}`))
}

function report(measured: readonly Row[]): void {
  const whole = (value: number) => Math.round(value).toLocaleString('en')
  const table = measured.map(row =>
    [
      whole(row.backups),
      row.clients,
      whole(row.callsPerSecond),
      row.p50.toFixed(2),
      row.p99.toFixed(2),
      whole(row.commitsPerSecond),
      (row.callsPerSecond / row.commitsPerSecond).toFixed(2),
    ].join(' | '),
  )
  const [processor] = cpus()
  console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${processor?.model.trim() ?? 'unknown'}, `)
  console.log(`Node ${process.versions.node}, \`npm run bench:share\`\n`)
  console.log('| backups | clients | calls/s | p50 ms | p99 ms | bare commits/s | calls per commit |')
  console.log('|---|---|---|---|---|---|---|')
  for (const line of table) console.log(`| ${line} |`)
}
