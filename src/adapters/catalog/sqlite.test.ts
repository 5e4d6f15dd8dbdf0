/** What only the SQLite catalog promises: one process per file, errors of the file system, its schema. */
import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { anAudit } from './samples.ts'
import { sqliteSchema } from './schema.ts'
import { openSqliteCatalog } from './sqlite.ts'

function freshFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'opencbr-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'catalog.db')
}

const fault = (kind: FaultKind) => (error: unknown) => error instanceof Fault && error.kind === kind

/** Another process that commits audits, eight at a time, and prints each one's id when it is acknowledged. */
const COMMITTER = `
  const { openSqliteCatalog } = await import('${new URL('./sqlite.ts', import.meta.url)}')
  const { anAudit } = await import('${new URL('./samples.ts', import.meta.url)}')
  const catalog = await openSqliteCatalog({ file: process.argv[1] })
  console.log('open')
  const commit = async () => {
    for (;;) {
      const audit = anAudit('p')
      await catalog.change(({ audits }) => audits.append(audit))
      console.log(audit.id)
    }
  }
  await Promise.all(Array.from({ length: 8 }, commit))
`

type Committer = ChildProcessByStdio<null, Readable, null>
const startCommitter = (file: string): Committer =>
  spawn(process.execPath, ['--input-type=module', '-e', COMMITTER, file], { stdio: ['ignore', 'pipe', 'inherit'] })

test('whatever was acknowledged is there after a kill, and the next start is not in anybody’s way', async t => {
  const file = freshFile(t)
  const acknowledged = new Set<string>()
  for (const most of [1, 150, 400]) {
    const child = startCommitter(file)
    const exit = once(child, 'exit')
    let heard = 0
    for await (const line of createInterface(child.stdout)) {
      if (line === 'open') continue
      acknowledged.add(line)
      heard += 1
      if (heard === most) child.kill('SIGKILL')
    }
    assert.deepEqual(await exit, [null, 'SIGKILL'])
  }
  const catalog = await openSqliteCatalog({ file })
  const found = new Set<string>()
  for (let offset = 0; ; offset += 1000) {
    const { rows } = await catalog.read(({ audits }) => audits.list('p', {}, { limit: 1000, offset }))
    for (const { id } of rows) found.add(id)
    if (rows.length === 0) break
  }
  await catalog.close()
  assert.deepEqual(
    [...acknowledged].filter(id => !found.has(id)),
    [],
  )
})

test('a file belongs to one process, and there to one catalog', async t => {
  const file = freshFile(t)
  const child = startCommitter(file)
  await once(createInterface(child.stdout), 'line')
  await assert.rejects(openSqliteCatalog({ file }), fault('conflict'))
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
  const catalog = await openSqliteCatalog({ file })
  await assert.rejects(openSqliteCatalog({ file }), /another process serves/)
  await catalog.close()
  await (await openSqliteCatalog({ file })).close()
})

test('what was written is there after a close, and a close leaves no journal', async t => {
  const file = freshFile(t)
  const audit = anAudit('p')
  const first = await openSqliteCatalog({ file })
  await first.change(({ audits }) => audits.append(audit))
  await first.close()
  assert.deepEqual(readdirSync(join(file, '..')).sort(), ['catalog.db', 'catalog.db.lock'])
  const second = await openSqliteCatalog({ file })
  const { rows } = await second.read(({ audits }) => audits.list('p', {}, { limit: 1, offset: 0 }))
  await second.close()
  assert.deepEqual(rows, [audit])
})

test('a catalog in memory leaves nothing behind', async t => {
  // A folder of its own: those of other processes' catalogs come and go in the usual one meanwhile.
  const { TMPDIR: usual } = process.env
  process.env.TMPDIR = join(freshFile(t), '..')
  t.after(() => {
    if (usual === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = usual
  })
  const left = () => readdirSync(tmpdir())
  const before = left()
  const catalog = await openSqliteCatalog({ file: ':memory:' })
  await catalog.change(({ audits }) => audits.append(anAudit('p')))
  assert.deepEqual(left(), before)
  await catalog.close()
})

test('files that cannot be used are said to be so', async t => {
  const file = freshFile(t)
  await assert.rejects(openSqliteCatalog({ file: join(file, 'no', 'folder') }), fault('denied'))
  writeFileSync(file, 'nothing that SQLite ever wrote'.repeat(200))
  await assert.rejects(openSqliteCatalog({ file }), fault('corrupt'))
})

test('a catalog made by a newer version is left alone', async t => {
  const file = freshFile(t)
  await (await openSqliteCatalog({ file })).close()
  const database = new DatabaseSync(file)
  database.exec('insert into migration values (99)')
  database.close()
  await assert.rejects(openSqliteCatalog({ file }), /made by a newer version/)
})

test('schema.sqlite.sql is what the migrations make (npm run schema)', async t => {
  const file = freshFile(t)
  await (await openSqliteCatalog({ file })).close()
  assert.equal(readFileSync(new URL('./schema.sqlite.sql', import.meta.url), 'utf8'), sqliteSchema(file))
})
