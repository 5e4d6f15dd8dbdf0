import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Fault } from '../../ports/fault.ts'
import { anAudit } from './samples.ts'
import { migrateSqlite, sqliteDialect } from './sqlite.ts'
import { openConnection, type SqliteConnection } from './sqlite-connection.ts'
import { openReader } from './sqlite-reader.ts'
import { openWriter, type SqliteWriter } from './sqlite-writer.ts'
import { openTransaction } from './transaction.ts'

interface Opened {
  readonly file: string
  readonly connection: SqliteConnection
  readonly writer: SqliteWriter
}

const openOver = (connection: SqliteConnection, sync = async () => undefined) =>
  openWriter({
    connection,
    open: () => openTransaction({ dialect: sqliteDialect(), writable: true, run: connection.run }),
    sync,
    pause: () => undefined,
  })

async function open(t: TestContext): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'opencbr-test-'))
  const file = join(folder, 'catalog.db')
  const connection = openConnection(file, { readOnly: false })
  t.after(() => {
    connection[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })
  connection.command('pragma journal_mode = wal')
  const writer = openOver(connection)
  await writer.change(({ session }) => migrateSqlite(session))
  return { file, connection, writer }
}

const append = (writer: SqliteWriter, bytes: number) =>
  writer.change(({ records }) => records.audits.append(anAudit('p', { userName: 'x'.repeat(bytes) })))

const audits = ({ connection }: Opened) =>
  Number(Object.values(connection.query('select count(*) from audit')[0] ?? {}))

test('a full disk is a Fault for all who share the commit, and nothing of theirs is kept', async t => {
  const opened = await open(t)
  const { connection, writer } = opened
  await append(writer, 1)
  const [pages] = connection.query('pragma page_count')
  connection.command(`pragma max_page_count = ${Object.values(pages ?? {})[0]}`)
  const results = await Promise.allSettled([append(writer, 1), append(writer, 500_000), append(writer, 1)])
  for (const result of results) {
    assert.ok(result.status === 'rejected' && result.reason instanceof Fault && result.reason.kind === 'full')
  }
  assert.equal(audits(opened), 1)
  connection.command('pragma max_page_count = 100000')
  await append(writer, 500_000)
  assert.equal(audits(opened), 2)
})

function watch(connection: SqliteConnection): { readonly watched: SqliteConnection; readonly commands: string[] } {
  const commands: string[] = []
  const watched: SqliteConnection = {
    ...connection,
    get inTransaction() {
      return connection.inTransaction
    },
    command(text) {
      commands.push(text)
      connection.command(text)
    },
  }
  return { watched, commands }
}

test('who is refused before it has written costs the others nothing', async t => {
  const opened = await open(t)
  const { watched, commands } = watch(opened.connection)
  const writer = openOver(watched)
  const refusal = new Error('no')
  const refused = writer.change(async ({ records }) => {
    await records.servers.find('p', 's')
    throw refusal
  })
  const results = await Promise.allSettled([append(writer, 1), refused, append(writer, 1)])
  assert.deepEqual(results[1], { status: 'rejected', reason: refusal })
  assert.equal(audits(opened), 2)
  assert.deepEqual(commands, ['begin immediate', 'commit'])
})

test('who waits together shares a commit; who throws after it has written is alone', async t => {
  const opened = await open(t)
  const { watched, commands } = watch(opened.connection)
  const writer = openOver(watched)
  const thrown = new Error('no')
  const failing = writer.change(async ({ records }) => {
    await records.audits.append(anAudit('p'))
    throw thrown
  })
  const doubled = anAudit('p')
  // SQLite itself undoes the statement that fails, and nothing before it.
  const twice = writer.change(async ({ records }) => {
    await records.audits.append(doubled)
    await records.audits.append(doubled)
  })
  const results = await Promise.allSettled([append(writer, 1), failing, twice, append(writer, 1)])
  assert.deepEqual(results[1], { status: 'rejected', reason: thrown })
  assert.match(String(results[2].status === 'rejected' && results[2].reason), /UNIQUE/)
  assert.deepEqual([results[0].status, results[3].status, audits(opened)], ['fulfilled', 'fulfilled', 2])
  assert.equal(commands.filter(text => text === 'commit').length, 1)
  const most = Array.from({ length: 200 }, () => append(writer, 1))
  await Promise.all(most)
  await writer.idle()
  assert.equal(audits(opened), 202)
})

test('a commit that fails fails everyone, and the next group starts clean', async t => {
  const opened = await open(t)
  const { connection } = opened
  const broken = new Fault('unreadable', 'the sync failed')
  let failing = true
  const flaky: SqliteConnection = {
    ...connection,
    get inTransaction() {
      return connection.inTransaction
    },
    command(text) {
      if (text === 'commit' && failing) throw broken
      connection.command(text)
    },
  }
  const writer = openOver(flaky)
  const refused = writer.change(() => Promise.reject(new Error('a refusal')))
  for (const result of await Promise.allSettled([append(writer, 1), refused, append(writer, 1)])) {
    assert.deepEqual(result, { status: 'rejected', reason: broken })
  }
  failing = false
  await append(writer, 1)
  assert.equal(audits(opened), 1)
})

test('nobody is answered and nothing is read before the sync; a failed one ends all writing and reading', async t => {
  const { connection } = await open(t)
  const syncs: PromiseWithResolvers<undefined>[] = []
  const writer = openOver(connection, () => {
    const sync = Promise.withResolvers<undefined>()
    syncs.push(sync)
    return sync.promise
  })
  const events: string[] = []
  const first = append(writer, 1).then(() => events.push('first answered'))
  await eventually(() => syncs.length === 1)
  const second = append(writer, 1).then(() => events.push('second answered'))
  const look = writer.syncing()?.then(() => events.push('looked'))
  await new Promise(setImmediate)
  assert.deepEqual([events, syncs.length], [[], 1], 'the next group waits too')
  syncs[0]?.resolve(undefined)
  await Promise.all([first, look])
  await eventually(() => syncs.length === 2)
  const broken = new Fault('unreadable', 'the sync failed')
  syncs[1]?.reject(broken)
  await assert.rejects(second, broken)
  await assert.rejects(append(writer, 1), broken)
  await assert.rejects(writer.syncing() ?? Promise.resolve(), broken)
  assert.deepEqual([events.toSorted(), syncs.length], [['first answered', 'looked'], 2])
})

test('a read that comes in the same turn as a commit sees nothing of it before the sync', async t => {
  const { connection, file } = await open(t)
  using other = openConnection(file, { readOnly: true })
  // The work ends so many steps later that a read begins at each step around the commit.
  for (let steps = 0; steps < 40; steps += 1) {
    const sync = Promise.withResolvers<undefined>()
    const writer = openOver(connection, () => sync.promise)
    const reader = openReader({
      connection: other,
      open: () => openTransaction({ dialect: sqliteDialect(), writable: false, run: other.run }),
      syncing: writer.syncing,
    })
    const seen: number[] = []
    const look = async () => {
      const { total } = await reader.read(({ audits: rows }) => rows.list('p', {}, { limit: 1, offset: 0 }))
      seen.push(total)
    }
    const looks: Promise<void>[] = []
    const change = writer.change(async ({ records }) => {
      await records.audits.append(anAudit('p'))
      for (let read = 0; read < 20; read += 1) looks.push(look())
      for (let step = 0; step < steps; step += 1) await undefined
    })
    await eventually(() => writer.syncing() !== undefined)
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
    assert.deepEqual(new Set(seen), new Set(seen.length > 0 ? [steps] : []), `${steps} steps`)
    sync.resolve(undefined)
    await Promise.all([change, ...looks])
    assert.equal(seen.at(-1), steps + 1)
  }
})

async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate)
}
