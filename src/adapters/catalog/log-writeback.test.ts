import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Fault } from '../../ports/fault.ts'
import { LONGEST_LOG_PAGES, type LogWriteback, logWriteback } from './log-writeback.ts'
import { openConnection, type SqliteConnection } from './sqlite-connection.ts'

const PAGE = 4_096
const MiB = 1024 ** 2

interface Ground {
  readonly file: string
  readonly connection: SqliteConnection
  /** Commits so many bytes, one MiB at a time, and tends between them as the writer does. */
  write(bytes: number, writeback: LogWriteback): Promise<void>
  logBytes(): number
}

async function ground(t: TestContext): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'opencbr-test-'))
  const file = join(folder, 'catalog.db')
  const connection = openConnection(file, { readOnly: false })
  t.after(() => {
    connection[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })
  for (const setting of ['journal_mode = wal', 'synchronous = normal', 'wal_autocheckpoint = 0']) {
    connection.query(`pragma ${setting}`)
  }
  connection.command('create table t (bytes blob)')
  return {
    file,
    connection,
    async write(bytes, writeback) {
      for (let written = 0; written < bytes; written += MiB) {
        await writeback.tend()
        connection.command(`insert into t values (zeroblob(${MiB}))`)
        await new Promise(setImmediate)
      }
    },
    logBytes: () => statSync(`${file}-wal`).size,
  }
}

/** Until the thread has had its rounds: pages in the log, and those not yet written back. */
async function settled({ connection }: Ground, writeback: LogWriteback): Promise<{ log: number; left: number }> {
  for (;;) {
    await writeback.tend()
    const [row] = connection.query('pragma wal_checkpoint(noop)') as { log: number; checkpointed: number }[]
    assert.ok(row)
    if (row.log === row.checkpointed || row.log < LONGEST_LOG_PAGES)
      return { log: row.log, left: row.log - row.checkpointed }
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

test('the log of a writer that never rests begins anew time and again', async t => {
  const stand = await ground(t)
  await using writeback = logWriteback(stand.file, stand.connection)
  await stand.write(200 * MiB, writeback)
  writeback.check()
  assert.ok(stand.logBytes() < 100 * MiB, `the log has ${stand.logBytes()} bytes`)
  await settled(stand, writeback)
  assert.ok(statSync(stand.file).size > 100 * MiB)
})

test('a short log is left alone', async t => {
  const stand = await ground(t)
  await using writeback = logWriteback(stand.file, stand.connection)
  await stand.write(8 * MiB, writeback)
  assert.equal(writeback.tend(), undefined)
  assert.equal(statSync(stand.file).size <= 2 * PAGE, true)
})

test('while somebody reads, the log grows and nobody waits for ever; afterwards it begins anew', async t => {
  const stand = await ground(t)
  await using writeback = logWriteback(stand.file, stand.connection)
  using reader = openConnection(stand.file, { readOnly: true })
  reader.command('begin')
  reader.query('select count(*) from t')
  await stand.write(48 * MiB, writeback)
  assert.ok(stand.logBytes() > 48 * MiB)
  reader.command('rollback')
  await stand.write(24 * MiB, writeback)
  const { log } = await settled(stand, writeback)
  await stand.write(MiB, writeback)
  const grown = stand.logBytes()
  assert.ok(log * PAGE <= grown && grown < 100 * MiB)
  writeback.check()
})

test('what hinders it is told until it is over, and no writer waits for it', async t => {
  const stand = await ground(t)
  await using writeback = logWriteback(join(stand.file, 'no such folder', 'catalog.db'), stand.connection)
  writeback.check()
  await stand.write(24 * MiB, writeback)
  for (;;) {
    try {
      writeback.check()
      await new Promise(resolve => setTimeout(resolve, 5))
    } catch (error) {
      assert.ok(error instanceof Fault && error.kind === 'unreadable')
      return
    }
  }
})
