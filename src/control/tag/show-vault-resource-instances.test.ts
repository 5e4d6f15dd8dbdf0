import assert from 'node:assert/strict'
import test from 'node:test'
import { alice, type Desk, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { VaultResourceInstancesReq } from '../../contract/operations.gen.ts'
import { showVaultResourceInstances } from './show-vault-resource-instances.ts'

const ask = (desk: Desk, body: VaultResourceInstancesReq) =>
  showVaultResourceInstances(desk.ports, alice, { path: { project_id: alice.projectId }, query: {}, body })

const filter = (desk: Desk, body: Partial<VaultResourceInstancesReq>) => ask(desk, { action: 'filter', ...body })

/** gold: env=prod,tier=gold; silver: env=prod,tier=silver; test: env=test (a disk vault); bare: none. */
async function fourVaults(desk: Desk): Promise<void> {
  const tags: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    gold: { env: 'prod', tier: 'gold' },
    silver: { env: 'prod', tier: 'silver' },
    test: { env: 'test' },
    bare: {},
  }
  for (const [name, of] of Object.entries(tags)) {
    const { id: vaultId } = await putVault(desk, { name, objectType: name === 'test' ? 'disk' : 'server' })
    const rows = Object.entries(of).map(([key, value]) => ({ vaultId, key, value }))
    await desk.catalog.change(records => records.tags.put(rows, alice.projectId))
  }
}

test('conditions', async () => {
  await using desk = await openDesk()
  await fourVaults(desk)
  const of = (key: string, ...values: string[]) => ({ key, values })
  const cases: readonly [Partial<VaultResourceInstancesReq>, readonly string[]][] = [
    [{}, ['bare', 'gold', 'silver', 'test']],
    [{ tags: [] }, ['bare', 'gold', 'silver', 'test']],
    [{ tags: [of('env', 'prod')] }, ['gold', 'silver']],
    [{ tags: [of('env')] }, ['gold', 'silver', 'test']],
    [{ tags: [of('env', 'prod', 'test')] }, ['gold', 'silver', 'test']],
    [{ tags: [of('env', 'prod'), of('tier', 'gold')] }, ['gold']],
    [{ tags: [of('env', '*ro')] }, ['gold', 'silver']],
    [{ tags: [of('env', 'ro')] }, []],
    [{ tags_any: [of('env', 'test'), of('tier', 'gold')] }, ['gold', 'test']],
    [{ not_tags: [of('env', 'prod'), of('tier', 'gold')] }, ['bare', 'silver', 'test']],
    [{ not_tags_any: [of('env', 'test'), of('tier', 'gold')] }, ['bare', 'silver']],
    [{ tags: [of('env')], not_tags_any: [of('tier')] }, ['test']],
    [{ without_any_tag: true, tags: [of('env')] }, ['bare']],
    [{ without_any_tag: false, tags: [of('env', 'test')] }, ['test']],
    [{ matches: [{ key: 'resource_name', value: 'il' }] }, ['silver']],
    [{ matches: [{ key: 'resource_name', value: '' }] }, []],
    [{ object_type: 'disk' }, ['test']],
    [{ object_type: 'disk', tags: [of('env', 'prod')] }, []],
    [{ cloud_type: 'hybrid' }, []],
  ]
  for (const [body, expected] of cases) {
    const { resources, total_count: total } = await filter(desk, body)
    const names = resources?.map(resource => resource.resource_name).toSorted()
    assert.deepEqual([names, total], [expected, expected.length], JSON.stringify(body))
    assert.deepEqual(await ask(desk, { action: 'count', ...body }), { total_count: expected.length })
  }
})

test('a vault is shown in full, and pages are strings', async () => {
  await using desk = await openDesk()
  await fourVaults(desk)
  const { resources } = await filter(desk, { tags: [{ key: 'tier', values: ['gold'] }] })
  const [gold] = resources ?? []
  assert.ok(gold)
  assert.deepEqual(Object.keys(gold).toSorted(), ['resource_detail', 'resource_id', 'resource_name', 'tags'])
  assert.equal(gold.resource_detail.vault?.id, gold.resource_id)
  assert.deepEqual(gold.resource_detail.vault?.tags, gold.tags)
  const second = await filter(desk, { limit: '3', offset: '3' })
  assert.deepEqual([second.resources?.length, second.total_count], [1, 4])
  assert.equal((await filter(desk, { limit: '5000' })).resources?.length, 4)
  assert.deepEqual((await filter(desk, { offset: '4' })).resources, [])
})

test('a condition names a key once', async () => {
  await using desk = await openDesk()
  const twice = [
    { key: 'a', values: [] },
    { key: 'a', values: ['b'] },
  ]
  for (const field of ['tags', 'tags_any', 'not_tags', 'not_tags_any']) {
    await refused('9900', filter(desk, { [field]: twice }))
  }
})
