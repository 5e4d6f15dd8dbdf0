import assert from 'node:assert/strict'
import test from 'node:test'
import { aDisk, alice, aServer, bob, type Desk, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { ResourceExtraInfo } from '../../contract/operations.gen.ts'
import type { VaultPatch } from '../../ports/catalog/vault.ts'
import type { ProtectableServer } from '../../ports/protectables.ts'
import { addVaultResource } from './add-vault-resource.ts'

interface Wanted {
  readonly id: string
  readonly type: string
  readonly extra_info?: ResourceExtraInfo
}

const add = (desk: Desk, vaultId: string, resources: readonly Wanted[], caller = alice) =>
  addVaultResource(desk.ports, caller, {
    path: { project_id: caller.projectId, vault_id: vaultId },
    query: {},
    body: { resources },
  })

const server = (id: string, extra_info?: ResourceExtraInfo): Wanted => ({
  id,
  type: 'OS::Nova::Server',
  ...(extra_info && { extra_info }),
})
const volume = (id: string): Wanted => ({ id, type: 'OS::Cinder::Volume' })

const inside = (desk: Desk, vaultId: string) => desk.catalog.read(({ resources }) => resources.of([vaultId]))

test('servers and disks go into vaults of their kind', async () => {
  await using desk = await openDesk()
  const [one, two] = [aServer(), aServer({ status: 'SHUTOFF' })]
  desk.servers.push(one, two)
  const { id } = await putVault(desk)
  assert.deepEqual(await add(desk, id, [server(one.id), server(two.id)]), { add_resource_ids: [one.id, two.id] })
  assert.deepEqual((await inside(desk, id)).map(resource => resource.id).toSorted(), [one.id, two.id].toSorted())
  const disk = aDisk({ name: 'data-7', status: 'IN-USE' })
  desk.disks.push(disk)
  const disks = await putVault(desk, { objectType: 'disk' })
  await add(desk, disks.id, [volume(disk.id)])
  const [resource] = await inside(desk, disks.id)
  assert.deepEqual(
    [resource?.name, resource?.sizeBytes, resource?.protectStatus],
    ['data-7', disk.sizeBytes, 'available'],
  )
})

test('adding again replaces the choice of disks and keeps all else', async () => {
  await using desk = await openDesk()
  const one = aServer()
  const [root, data] = one.disks.map(disk => disk.id)
  assert.ok(root && data)
  desk.servers.push(one)
  const { id } = await putVault(desk)
  await add(desk, id, [server(one.id, { exclude_volumes: [data] })])
  await desk.catalog.change(async ({ resources }) => {
    await resources.tally(id, one.id, 7, 1)
    await resources.setStatus(id, [one.id], 'protecting')
    await resources.setAutoProtect(id, [one.id], false)
  })
  const chosen = async () => {
    const [resource, ...others] = await inside(desk, id)
    assert.equal(others.length, 0)
    assert.deepEqual(
      [resource?.backupBytes, resource?.backupCount, resource?.protectStatus, resource?.autoProtect],
      [7, 1, 'protecting', false],
    )
    return [resource?.excludeVolumes, resource?.includeVolumes]
  }
  assert.deepEqual(await chosen(), [[data], []])
  await add(desk, id, [server(one.id, { exclude_volumes: [root, crypto.randomUUID()] })])
  assert.equal((await chosen())[0]?.length, 2)
  await add(desk, id, [server(one.id, { include_volumes: [{ id: data, os_version: 'Debian 13' }] })])
  assert.deepEqual(await chosen(), [[], [{ id: data, os_version: 'Debian 13' }]])
  await add(desk, id, [server(one.id)])
  assert.deepEqual(await chosen(), [[], []])
  await refused('9900', add(desk, id, [server(one.id, { exclude_volumes: [root, data] })]))
  await refused('9900', add(desk, id, [server(one.id, { include_volumes: [{ id: crypto.randomUUID() }] })]))
})

test('what does not exist, or not here', async () => {
  await using desk = await openDesk()
  const foreign = aServer({ projectId: bob.projectId })
  desk.servers.push(foreign)
  const servers = await putVault(desk)
  const disks = await putVault(desk, { objectType: 'disk' })
  const missing = crypto.randomUUID()
  await refused('6105', add(desk, missing, [server(foreign.id)]))
  await refused('6105', add(desk, servers.id, [server(foreign.id)], bob))
  for (const id of [missing, foreign.id, 'db-01', '\0']) await refused('7100', add(desk, servers.id, [server(id)]))
  await refused('7100', add(desk, servers.id, [{ id: missing, type: 'OS::Ironic::BareMetalServer' }]))
  await refused('7000', add(desk, disks.id, [volume(missing)]))
  await refused('6116', add(desk, disks.id, [{ id: missing, type: 'OS::Tape::Drive' }]))
  await refused('6102', add(desk, disks.id, [server(missing)]))
  await refused('6102', add(desk, servers.id, [{ id: missing, type: 'OS::Sfs::Turbo' }]))
  await refused('6104', add(desk, servers.id, [server(missing), server(missing)]))
})

test('states that allow no backup', async () => {
  await using desk = await openDesk()
  const shared = () => aDisk({ shareable: true })
  const states: readonly [Partial<ProtectableServer>, ErrorCode][] = [
    [{ status: 'ERROR' }, '7101'],
    [{ status: 'BUILD' }, '7101'],
    [{ disks: [] }, '7108'],
    [{ disks: Array.from({ length: 11 }, shared) }, '7107'],
  ]
  const { id } = await putVault(desk)
  for (const [given, code] of states) {
    const one = aServer(given)
    desk.servers.push(one)
    await refused(code, add(desk, id, [server(one.id)]))
  }
  const crowded = aServer({ disks: Array.from({ length: 11 }, shared) })
  desk.servers.push(crowded)
  await add(desk, id, [server(crowded.id, { exclude_volumes: crowded.disks.slice(0, 1).map(disk => disk.id) })])
  const disks = await putVault(desk, { objectType: 'disk' })
  for (const status of ['error', 'creating', 'restoring-backup', 'deleting']) {
    const disk = aDisk({ status })
    desk.disks.push(disk)
    await refused('7003', add(desk, disks.id, [volume(disk.id)]))
  }
})

test('vaults that take nothing', async () => {
  await using desk = await openDesk()
  const one = aServer()
  desk.servers.push(one)
  const vaults: readonly [VaultPatch, ErrorCode][] = [
    [{ status: 'deleting' }, '6112'],
    [{ status: 'error' }, '6112'],
    [{ status: 'frozen' }, '6112'],
    [{ status: 'lock' }, '6108'],
    [{ protectType: 'replication' }, '6124'],
  ]
  for (const [given, code] of vaults) {
    await refused(code, add(desk, (await putVault(desk, given)).id, [server(one.id)]))
  }
  await add(desk, (await putVault(desk, { locked: true, usedBytes: 2 ** 50 })).id, [server(one.id)])
})

test('a resource is in one vault; all or none of a call', async () => {
  await using desk = await openDesk()
  const [one, two] = [aServer(), aServer()]
  desk.servers.push(one, two)
  const [here, there] = [await putVault(desk), await putVault(desk)]
  await add(desk, here.id, [server(one.id)])
  await refused('6103', add(desk, there.id, [server(two.id), server(one.id)]))
  assert.deepEqual(await inside(desk, there.id), [])
  await desk.catalog.change(({ resources }) => resources.setStatus(here.id, [one.id], 'removing'))
  await refused('6134', add(desk, here.id, [server(one.id)]))
  await refused('6134', add(desk, there.id, [server(one.id)]))
})

test('a server whose disk is in a disk vault waits, unless that disk is left out', async () => {
  await using desk = await openDesk()
  const one = aServer()
  const [, data] = one.disks
  assert.ok(data)
  desk.servers.push(one)
  const disks = await putVault(desk, { objectType: 'disk' })
  await add(desk, disks.id, [volume(data.id)])
  const { id } = await putVault(desk)
  await refused('7006', add(desk, id, [server(one.id)]))
  await add(desk, id, [server(one.id, { exclude_volumes: [data.id] })])
})

test('servers that share a disk go into one vault', async () => {
  await using desk = await openDesk()
  const shared = aDisk({ shareable: true })
  const [one, two] = [aServer({ disks: [aDisk(), shared] }), aServer({ disks: [aDisk(), shared] })]
  desk.servers.push(one, two)
  const [here, there] = [await putVault(desk), await putVault(desk)]
  await add(desk, here.id, [server(one.id)])
  await refused('6137', add(desk, there.id, [server(two.id)]))
  await add(desk, there.id, [server(two.id, { exclude_volumes: [shared.id] })])
  await refused('6137', add(desk, there.id, [server(two.id)]))
  await add(desk, here.id, [server(one.id, { exclude_volumes: [shared.id] })])
  await add(desk, there.id, [server(two.id)])
})
