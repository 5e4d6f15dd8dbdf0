import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { alice } from '../../test/desk.ts'
import { openWorkshop, type Workshop } from '../../test/workshop.ts'

const { projectId } = alice
const DAY = 24 * 60 * 60 * 1000

const packsOf = async ({ objectStore }: Workshop) => {
  const keys: string[] = []
  for await (const { key } of objectStore.list('realms/')) if (key.includes('/packs/')) keys.push(key)
  return keys
}

test('a round collects what no deletion asked for, and forgets tasks of more than thirty days ago', async () => {
  await using shop = await openWorkshop()
  const [one, two] = [await shop.disk('one'), await shop.disk('two')]
  const vault = await shop.vault([one, two], 'disk')
  const { backups } = await shop.checkpoint(vault)
  const runner = shop.start({ tidyEvery: 1e9 })
  await runner.idle()
  await runner.stop()
  const before = await packsOf(shop)
  // As a job would leave it that was given up half way, and whose request for a collection was too.
  const [gone = '', kept = ''] = backups
  await shop.ports.datastore.removeManifest({ realm: projectId, id: gone })
  await shop.ports.catalog.change(records => records.backups.update([gone], { status: 'error' }))
  shop.later(29 * DAY)
  const logs = () =>
    shop.ports.catalog.read(({ operationLogs }) => operationLogs.list(projectId, {}, { limit: 10, offset: 0 }))
  shop.start({ tidyEvery: 20 })
  while ((await packsOf(shop)).length >= before.length) await pause(10)
  assert.equal((await logs()).total, 2)
  shop.later(2 * DAY)
  while ((await logs()).total > 0) await pause(10)
  assert.deepEqual((await shop.ports.datastore.verify({ realm: projectId, id: kept }, {})).problems, [])
})
