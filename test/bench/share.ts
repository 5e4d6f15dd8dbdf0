/**
 * `npm run bench:share`: how fast is the seed's call? A real server process, embedded and durable, with 10, 10^4 and 10^6
 * backups in its catalog; each call shares a backup that nobody has shared before with ten projects. Beside each row the
 * limit of the machine in between: commits a second of a bare SQLite with full sync, one at a time, on the same
 * disk. (Changes that arrive together share a commit, so many clients can get beyond it.)
 *
 * SIZES=10,10000 CLIENTS=8 CALLS=2000 FOLDER=/mnt/disk narrow it down.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
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
/** Of each measurement, spread over the whole run. */
const SLICES = 10
const LIMIT_MS = 200
const TMPFS = 0x01021994

const ALPHA = '0605767b5780d5762fc5c0118072a564'
const recipients = Array.from({ length: 10 }, (_, at) => `${at}`.padStart(32, 'c'))
const body = JSON.stringify({ members: recipients })

/** One server, and what is measured on it with so many clients. */
interface Row {
  readonly backups: number
  readonly clients: number
  readonly latencies: number[]
  /** Spent on the calls. */
  seconds: number
  /** Of the server, all threads, in user and kernel mode. */
  cpuSeconds: number
  readonly commitsPerSecond: number[]
}

interface Stand extends AsyncDisposable {
  readonly size: number
  readonly url: string
  readonly token: string
  readonly dataDir: string
  readonly pid: number
  /** So many ids of backups that nobody has shared yet. */
  next(count: number): readonly string[]
}

/** In small slices, one server after the other, so that what else the machine does hits all of them alike. */
async function compared(folder: string): Promise<readonly Row[]> {
  await using stands = new AsyncDisposableStack()
  const all: Stand[] = []
  for (const size of SIZES) all.push(stands.use(await openStand(join(folder, String(size)), size)))
  const rows: Row[] = []
  for (const clients of CLIENTS) {
    const measured = all.map(({ size }) => ({
      backups: size,
      clients,
      latencies: [],
      seconds: 0,
      cpuSeconds: 0,
      commitsPerSecond: [],
    }))
    for (let slice = 0; slice < SLICES; slice += 1) {
      for (const [at, stand] of all.entries()) await measure(stand, callsOf(clients) / SLICES, measured[at])
    }
    rows.push(...measured)
    for (const row of measured) console.error(lineOf(row))
  }
  return rows
}

const callsOf = (clients: number): number => (clients === 1 ? CALLS / 4 : CALLS)

async function openStand(dataDir: string, size: number): Promise<Stand> {
  const calls = CLIENTS.reduce((sum, clients) => sum + callsOf(clients), WARM_UP)
  const fresh = await fill(dataDir, size, calls + SLICES * CLIENTS.length)
  const { process: server, url } = await startServer(dataDir)
  let used = 0
  const stand: Stand = {
    size,
    url,
    token: await signIn(url),
    dataDir,
    pid: server.pid ?? 0,
    next: (count: number) => {
      used += count
      return fresh.slice(used - count, used)
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM')
      await once(server, 'exit')
    },
  }
  await measure(stand, WARM_UP, {
    backups: size,
    clients: 8,
    latencies: [],
    seconds: 0,
    cpuSeconds: 0,
    commitsPerSecond: [],
  })
  return stand
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

/** So many calls from the row's connections, each of which waits for its answer; adds what it took to the row. */
async function measure(stand: Stand, calls: number, row: Row | undefined): Promise<void> {
  if (row === undefined) throw new Error('there is no row to measure for')
  row.commitsPerSecond.push(bareCommits(join(stand.dataDir, 'limit.db')))
  const headers = { 'x-auth-token': stand.token, 'content-type': 'application/json' }
  const queue = stand.next(Math.ceil(calls)).values()
  const cpuBefore = cpuSecondsOf(stand.pid)
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: row.clients }, async () => {
      const connection = new Client(stand.url)
      // All connections draw from the one queue, until it is empty.
      for (let next = queue.next(); !next.done; next = queue.next()) {
        const path = `/v3/${ALPHA}/backups/${next.value}/members`
        const sent = performance.now()
        const answer = await connection.request({ method: 'POST', path, headers, body })
        const text = await answer.body.text()
        row.latencies.push(performance.now() - sent)
        if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text}`)
      }
      await connection.close()
    }),
  )
  row.seconds += (performance.now() - begin) / 1000
  row.cpuSeconds += cpuSecondsOf(stand.pid) - cpuBefore
}

/** What a process has used so far; the kernel counts in hundredths. */
function cpuSecondsOf(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')
  const [user = 0, kernel = 0] = fields.split(' ').slice(11, 13).map(Number)
  return (user + kernel) / 100
}

/** What the disk allows: one small row a commit, for a moment. */
function bareCommits(file: string): number {
  using db = new DatabaseSync(file)
  db.exec('pragma journal_mode = wal; pragma synchronous = full; create table if not exists t (n integer)')
  const insert = db.prepare('insert into t values (?)')
  const begin = performance.now()
  let commits = 0
  for (; performance.now() - begin < LIMIT_MS; commits += 1) insert.run(commits)
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

function report(rows: readonly Row[]): void {
  const [processor] = cpus()
  const machine = `${cpus().length} x ${processor?.model.trim() ?? 'unknown'}`
  console.log(`${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.versions.node},`)
  console.log(`load ${loadavg()[1]?.toFixed(1)} at the end, \`npm run bench:share\`\n`)
  console.log(
    '| backups | clients | calls/s | p50 ms | p99 ms | CPU ms a call | bare commits/s | calls per bare commit |',
  )
  console.log('|---|---|---|---|---|---|---|---|')
  for (const row of rows) console.log(lineOf(row))
}

function lineOf(row: Row): string {
  const whole = (value: number) => Math.round(value).toLocaleString('en')
  const sorted = row.latencies.toSorted((a, b) => a - b)
  const percentile = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(2)
  const calls = row.latencies.length / row.seconds
  const commits = row.commitsPerSecond.reduce((sum, some) => sum + some, 0) / row.commitsPerSecond.length
  const cells = [
    whole(row.backups),
    row.clients,
    whole(calls),
    percentile(0.5),
    percentile(0.99),
    ((1000 * row.cpuSeconds) / row.latencies.length).toFixed(2),
    whole(commits),
    (calls / commits).toFixed(2),
  ]
  return `| ${cells.join(' | ')} |`
}

const folder = await mkdtemp(join(process.env.FOLDER ?? tmpdir(), 'opencbr-bench-'))
try {
  if ((await statfs(folder)).type === TMPFS) console.error(`${folder} is in memory: what is measured is not durable`)
  report(await compared(folder))
} finally {
  await rm(folder, { recursive: true, force: true })
}
