// Needs PG_URL.
/** Several processes over one PostgreSQL: what is due is begun once, and limits hold. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPolicyStage } from '../../test/policy-stage.ts'
import { openPostgresCatalog } from '../adapters/catalog/postgres.ts'
import { freshSchema } from '../adapters/catalog/postgres-place.ts'

const skip = process.env.PG_URL === undefined && 'PG_URL names no database'

async function twoProcesses() {
  const { url, remove } = await freshSchema()
  const one = await openPolicyStage({ catalog: await openPostgresCatalog({ url }) })
  const other = await openPolicyStage({ catalog: await openPostgresCatalog({ url }) })
  return {
    one,
    other,
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
      await remove()
    },
  }
}

test('two schedules and two runners race for every due time of many vaults', { skip }, async () => {
  await using processes = await twoProcesses()
  const { one, other } = processes
  const { id } = await one.calls.create({ operation_definition: { max_backups: 3 } })
  const vaults: string[] = []
  for (let count = 0; count < 15; count += 1) {
    const vault = await one.vault([await one.disk()])
    await one.calls.apply(vault, id)
    vaults.push(vault)
  }
  for (let night = 24; night <= 29; night += 1) {
    const at = new Date(Date.UTC(2026, 10, night, 2))
    one.setClock(at)
    other.setClock(at)
    await Promise.all([one.schedule.look(), other.schedule.look(), one.schedule.sweep(), other.schedule.look()])
    await Promise.all([one.work(), other.work()])
    await Promise.all([one.work(), other.work()])
    for (const vault of vaults) {
      const made = (await one.backups(vault)).map(({ createdAt }) => createdAt.getUTCDate())
      assert.deepEqual(
        made,
        [night - 2, night - 1, night].filter(day => day >= 24),
      )
    }
  }
  const logs = await Promise.all(vaults.map(vault => one.logs(vault)))
  assert.ok(logs.every(all => all.filter(({ type, status }) => type === 'backup' && status === 'success').length === 6))
  assert.deepEqual([...one.complaints, ...other.complaints], [])
})

test('32 policies of a type, whoever makes them', { skip }, async () => {
  await using processes = await twoProcesses()
  const { one, other } = processes
  const making = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? one : other).calls.create())
  const made = (await Promise.allSettled(making)).filter(({ status }) => status === 'fulfilled')
  assert.equal(made.length, 32)
  assert.equal((await one.calls.list()).count, 32)
})
