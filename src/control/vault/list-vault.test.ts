import assert from 'node:assert/strict'
import test from 'node:test'
import { aDisk, alice, bob, type Desk, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import { addVaultResource } from '../resource/add-vault-resource.ts'
import { batchUpdateVault } from './batch-update-vault.ts'
import { listExternalVault } from './list-external-vault.ts'
import { listVault } from './list-vault.ts'
import { showSummary } from './show-summary.ts'

const path = { project_id: alice.projectId }

const list = (desk: Desk, query: Operations['ListVault']['query'] = {}, caller = alice) =>
  listVault(desk.ports, caller, { path: { project_id: caller.projectId }, query, body: undefined })

const names = async (desk: Desk, query: Operations['ListVault']['query'] = {}) =>
  (await list(desk, query)).vaults?.map(vault => vault.name)

/** Four vaults, made one second after the other. */
async function four(desk: Desk) {
  const ids: string[] = []
  for (const [at, objectType] of (['server', 'disk', 'server', 'disk'] as const).entries()) {
    const { id } = await putVault(desk, { name: `v${at}`, objectType })
    ids.push(id)
  }
  return ids
}

test('pages by offset and by marker; count is the total', async () => {
  await using desk = await openDesk()
  await four(desk)
  const all = await list(desk)
  assert.deepEqual([all.count, all.limit, all.offset], [4, 1000, 0])
  const order = all.vaults?.map(vault => vault.id) ?? []
  const second = await list(desk, { limit: 2, offset: 2 })
  assert.deepEqual([second.count, second.limit, second.offset], [4, 2, 2])
  assert.deepEqual(
    second.vaults?.map(vault => vault.id),
    order.slice(2),
  )
  const after = await list(desk, { limit: 2, marker: order[1] ?? '' })
  assert.deepEqual(
    after.vaults?.map(vault => vault.id),
    order.slice(2),
  )
  assert.deepEqual((await list(desk, { offset: 4 })).vaults, [])
  assert.deepEqual((await list(desk, { marker: crypto.randomUUID() })).vaults, [])
  assert.deepEqual(await list(desk, {}, bob), { vaults: [], count: 0, limit: 1000, offset: 0 })
})

test('filters', async () => {
  await using desk = await openDesk()
  const [one = '', two = '', three = ''] = await four(desk)
  const disk = aDisk()
  desk.disks.push(disk)
  await addVaultResource(desk.ports, alice, {
    path: { ...path, vault_id: two },
    query: {},
    body: { resources: [{ id: disk.id, type: 'OS::Cinder::Volume' }] },
  })
  await desk.catalog.change(({ vaults }) =>
    vaults.update(three, { status: 'error', enterpriseProjectId: 'e1', availabilityZone: 'az-9' }),
  )
  const cases: readonly [Operations['ListVault']['query'], readonly string[]][] = [
    [{ id: [one, two] }, ['v0', 'v1']],
    [{ name: 'v3' }, ['v3']],
    [{ name: 'v' }, []],
    [{ object_type: 'disk' }, ['v1', 'v3']],
    [{ object_type: 'disk', name: 'v0' }, []],
    [{ protect_type: 'replication' }, []],
    [{ cloud_type: 'public' }, ['v0', 'v1', 'v2', 'v3']],
    [{ cloud_type: 'hybrid' }, []],
    [{ status: 'error' }, ['v2']],
    [{ enterprise_project_id: 'e1' }, ['v2']],
    [{ enterprise_project_id: '0' }, ['v0', 'v1', 'v3']],
    [{ enterprise_project_id: 'all_granted_eps' }, ['v0', 'v1', 'v2', 'v3']],
    [{ availability_zone: 'az-9' }, ['v2']],
    [{ resource_ids: `${crypto.randomUUID()}, ${disk.id}` }, ['v1']],
    [{ policy_id: crypto.randomUUID() }, []],
  ]
  for (const [query, expected] of cases) {
    assert.deepEqual((await names(desk, query))?.toSorted(), expected, JSON.stringify(query))
  }
})

test('the summary counts every vault of the project', async () => {
  await using desk = await openDesk()
  const summary = () => showSummary(desk.ports, alice, { path, query: {}, body: undefined })
  assert.deepEqual(await summary(), { size: 0, used_size: 0 })
  await putVault(desk, { sizeGb: 40, usedBytes: 2 ** 29 })
  await putVault(desk, { sizeGb: 60, usedBytes: 2 ** 30, status: 'deleting' })
  assert.deepEqual(await summary(), { size: 100, used_size: 2 })
})

test('a batch update reaches every vault that may be changed', async () => {
  await using desk = await openDesk()
  const ids = await four(desk)
  const [gone = ''] = ids
  await desk.catalog.change(({ vaults }) => vaults.update(gone, { status: 'deleting' }))
  const batch = (vault: { threshold?: number; smn_notify?: boolean }) =>
    batchUpdateVault(desk.ports, alice, { path, query: {}, body: { vault } })
  const { updated_vaults_id: updated } = await batch({ smn_notify: false, threshold: 60 })
  assert.deepEqual(updated?.toSorted(), ids.slice(1).toSorted())
  for (const vault of (await list(desk)).vaults ?? []) {
    assert.deepEqual([vault.threshold, vault.smn_notify], vault.id === gone ? [80, true] : [60, false])
  }
  await refused('9900', batch({}))
})

test('external vaults: of the caller’s own account, region and projects, and nobody else’s', async () => {
  await using desk = await openDesk()
  await putVault(desk, { objectType: 'disk' })
  const { id } = await putVault(desk)
  const region_id = 'local-1'
  const external_project_id = alice.projectId
  const external = (query: Operations['ListExternalVault']['query'], caller = bob) =>
    listExternalVault(desk.ports, caller, { path: { project_id: caller.projectId }, query, body: undefined })
  const none = { vaults: [], count: 0, limit: 1000, offset: 0 }
  assert.deepEqual(await external({ region_id, external_project_id }), none)
  const project = { id: alice.projectId, name: 'alpha', domainId: 'acme-id', domainName: 'acme' }
  desk.projects.push({ ...project, domainId: 'other-id', enabled: true, description: '' })
  assert.deepEqual(await external({ region_id, external_project_id }), none)
  desk.projects.push({ ...project, enabled: true, description: '' })
  assert.equal((await external({ region_id, external_project_id })).count, 2)
  assert.deepEqual(await external({ region_id: 'mars', external_project_id }), none)
  assert.equal((await external({ region_id, external_project_id, object_type: 'disk' })).count, 1)
  assert.equal((await external({ region_id, external_project_id, objcet_type: 'disk' })).count, 1)
  const one = await external({ region_id, external_project_id, vault_id: id, object_type: 'disk' })
  assert.deepEqual(
    one.vaults?.map(vault => vault.id),
    [id],
  )
  await refused('9900', external({ region_id }))
  await refused('9900', external({ external_project_id }))
})
