// Needs PG_URL.
/** What only the PostgreSQL catalog promises: lost servers and connections, killed processes, its schema. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { openPostgresCatalog } from './postgres.ts'
import { administer, freshSchema } from './postgres-place.ts'
import { anAudit, aProject } from './samples.ts'
import { postgresSchema } from './schema.ts'

const fault = (kind: FaultKind) => (error: unknown) => error instanceof Fault && error.kind === kind

async function fresh(t: TestContext) {
  const place = await freshSchema()
  t.after(place.remove)
  return place
}

test('a server that does not answer, refuses or lacks the database is a Fault', async t => {
  const { url } = await fresh(t)
  const changed = (change: (url: URL) => void) => {
    const other = new URL(url)
    change(other)
    return openPostgresCatalog({ url: other.href })
  }
  await assert.rejects(
    changed(other => Object.assign(other, { port: '1' })),
    fault('unavailable'),
  )
  await assert.rejects(
    changed(other => Object.assign(other, { password: 'wrong' })),
    fault('denied'),
  )
  await assert.rejects(
    changed(other => Object.assign(other, { pathname: '/no_such_database' })),
    fault('missing'),
  )
  const careless = changed(other => other.searchParams.set('options', '-c synchronous_commit=off'))
  await assert.rejects(careless, /synchronous_commit = off/)
})

test('a connection lost in a change is a Fault; nothing of it is kept, and the next one works', async t => {
  const { url, schema } = await fresh(t)
  const catalog = await openPostgresCatalog({ url })
  t.after(() => catalog.close())
  const project = aProject()
  const change = catalog.change(async ({ audits }) => {
    await audits.append(anAudit(project))
    await administer(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where state = 'idle in transaction' and query like '%"audit"%' and pid in
         (select pid from pg_locks where relation = '${schema}.audit'::regclass)`,
    )
    await audits.append(anAudit(project))
  })
  await assert.rejects(change, fault('unavailable'))
  await catalog.ready()
  await catalog.change(({ audits }) => audits.append(anAudit(project)))
  const { total } = await catalog.read(({ audits }) => audits.list(project, {}, { limit: 1, offset: 0 }))
  assert.equal(total, 1)
})

test('idle connections that the server ends do not end the process', async t => {
  const { url, schema } = await fresh(t)
  const catalog = await openPostgresCatalog({ url: `${url}&application_name=${schema}` })
  t.after(() => catalog.close())
  await Promise.all(Array.from({ length: 5 }, () => catalog.ready()))
  await administer(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${schema}'`)
  // Some ends have not been heard of yet: whoever gets such a connection is given another.
  await assert.doesNotReject(Promise.all(Array.from({ length: 5 }, () => catalog.ready())))
})

/** Another process that commits audits, four at a time, and prints each one's id when it is acknowledged. */
const COMMITTER = `
  const { openPostgresCatalog } = await import('${new URL('./postgres.ts', import.meta.url)}')
  const { anAudit } = await import('${new URL('./samples.ts', import.meta.url)}')
  const catalog = await openPostgresCatalog({ url: process.argv[1] })
  const commit = async () => {
    for (;;) {
      const audit = anAudit('p')
      await catalog.change(({ audits }) => audits.append(audit))
      console.log(audit.id)
    }
  }
  await Promise.all(Array.from({ length: 4 }, commit))
`

test('whatever a killed process was acknowledged is there', async t => {
  const { url } = await fresh(t)
  const child = spawn(process.execPath, ['--input-type=module', '-e', COMMITTER, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const acknowledged: string[] = []
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line)
    if (acknowledged.length === 300) child.kill('SIGKILL')
  }
  assert.deepEqual(await exit, [null, 'SIGKILL'])
  const catalog = await openPostgresCatalog({ url })
  t.after(() => catalog.close())
  const { rows } = await catalog.read(({ audits }) => audits.list('p', {}, { limit: 1000, offset: 0 }))
  const found = new Set(rows.map(({ id }) => id))
  assert.deepEqual(
    acknowledged.filter(id => !found.has(id)),
    [],
  )
})

test('schema.postgres.sql is what the migrations make (npm run schema)', async t => {
  const { url, schema } = await fresh(t)
  await (await openPostgresCatalog({ url })).close()
  const committed = readFileSync(new URL('./schema.postgres.sql', import.meta.url), 'utf8')
  assert.equal(committed, await postgresSchema(url, schema))
})
