import assert from 'node:assert/strict'
import test from 'node:test'
import { aDisk, alice, aServer, bob, type Desk, NOW, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import { addVaultResource } from '../resource/add-vault-resource.ts'
import { listProtectable } from './list-protectable.ts'
import { showProtectable } from './show-protectable.ts'

const list = async (desk: Desk, type: string, query: Operations['ListProtectable']['query'] = {}, caller = alice) => {
  const path = { project_id: caller.projectId, protectable_type: type }
  const answer = await listProtectable(desk.ports, caller, { path, query, body: undefined })
  assert.deepEqual(Object.keys(answer), ['instances'])
  return answer.instances ?? []
}

const show = async (desk: Desk, type: string, id: string, caller = alice) => {
  const path = { project_id: caller.projectId, protectable_type: type, instance_id: id }
  return (await showProtectable(desk.ports, caller, { path, query: {}, body: undefined })).instance
}

const put = async (desk: Desk, id: string, type: string) => {
  const vault = await putVault(desk, { objectType: type === 'OS::Cinder::Volume' ? 'disk' : 'server' })
  const path = { project_id: alice.projectId, vault_id: vault.id }
  await addVaultResource(desk.ports, alice, { path, query: {}, body: { resources: [{ id, type }] } })
  return vault.id
}

test('a server with its disks, as Nova and Cinder know them', async () => {
  await using desk = await openDesk()
  const server = aServer({ name: 'db-01' })
  desk.servers.push(server)
  const instance = await show(desk, 'server', server.id)
  assert.ok(instance)
  assert.deepEqual(await list(desk, 'server'), [instance])
  const { detail, children, ...rest } = instance
  assert.deepEqual(rest, {
    id: server.id,
    name: 'db-01',
    type: 'OS::Nova::Server',
    size: 50,
    status: 'ACTIVE',
    protectable: { result: true, code: '', reason: '' },
  })
  assert.equal(detail?.['OS-EXT-SRV-ATTR:root_device_name'], '/dev/vda')
  assert.equal(detail?.created, '2026-11-23T14:15:54Z')
  const [root, data] = children
  assert.deepEqual([root?.type, root?.size, root?.status, root?.children], ['OS::Cinder::Volume', 40, 'in-use', []])
  const about = data?.detail as Readonly<Record<string, unknown>>
  assert.deepEqual(
    [about.size, about.bootable, about.created_at, about['os-vol-tenant-attr:tenant_id']],
    [10, 'false', '2026-11-23T14:15:54.210000', alice.projectId],
  )
  assert.deepEqual(about.attachments, [
    { id: data?.id, attachment_id: data?.id, volume_id: data?.id, server_id: server.id, device: '/dev/vdb' },
  ])
})

test('what is in a vault says which, in full', async () => {
  await using desk = await openDesk()
  const server = aServer()
  desk.servers.push(server)
  const vaultId = await put(desk, server.id, 'OS::Nova::Server')
  const { protectable } = (await show(desk, 'server', server.id)) ?? {}
  assert.deepEqual([protectable?.result, protectable?.code], [false, 'BackupService.6103'])
  assert.ok(protectable?.reason?.includes(vaultId))
  assert.equal(protectable?.vault?.id, vaultId)
  assert.equal(protectable?.vault?.resources[0]?.id, server.id)
  assert.equal(protectable?.vault?.updated_at, '2026-11-23T14:15:54.210+00:00')
})

test('what else keeps a resource out of a vault', async () => {
  await using desk = await openDesk()
  const [split, broken, empty] = [aServer(), aServer({ status: 'ERROR' }), aServer({ disks: [] })]
  const busy = aDisk({ status: 'restoring-backup' })
  desk.servers.push(split, broken, empty)
  desk.disks.push(busy)
  await put(desk, split.disks[1]?.id ?? '', 'OS::Cinder::Volume')
  const codes = new Map((await list(desk, 'server')).map(one => [one.id, one.protectable.code]))
  assert.equal(codes.get(split.id), 'BackupService.7006')
  assert.equal(codes.get(broken.id), 'BackupService.7101')
  assert.equal(codes.get(empty.id), 'BackupService.7108')
  assert.equal((await show(desk, 'disk', busy.id))?.protectable.code, 'BackupService.7003')
  assert.equal((await show(desk, 'disk', split.disks[0]?.id ?? ''))?.protectable.result, true)
})

test('filters and pages; at most fifty', async () => {
  await using desk = await openDesk()
  const server = aServer({ name: 'db-01', createdAt: new Date(NOW.getTime() + 1) })
  desk.servers.push(server)
  const [root, data] = server.disks.map(disk => disk.id)
  const disks = Array.from({ length: 60 }, (_, at) =>
    aDisk({ name: `disk-${at}`, createdAt: new Date(NOW.getTime() - 1000 * (at + 1)) }),
  )
  desk.disks.push(...disks)
  const ids = async (query: Operations['ListProtectable']['query']) =>
    (await list(desk, 'disk', query)).map(instance => instance.id)
  const first = await ids({})
  assert.equal(first.length, 50)
  assert.deepEqual(first.slice(0, 2).toSorted(), [root, data].toSorted())
  assert.equal((await ids({ limit: 500 })).length, 50)
  assert.deepEqual(await ids({ limit: 2, offset: 3 }), first.slice(3, 5))
  assert.equal((await ids({ marker: first.at(-1) ?? '' })).length, 12)
  assert.deepEqual(await ids({ offset: 62 }), [])
  assert.deepEqual(await ids({ marker: crypto.randomUUID() }), [])
  assert.deepEqual(await ids({ name: 'disk-7' }), [disks[7]?.id])
  assert.deepEqual(await ids({ id: disks[9]?.id ?? '' }), [disks[9]?.id])
  assert.deepEqual((await ids({ server_id: server.id })).toSorted(), [root, data].toSorted())
  assert.equal((await ids({ status: 'IN-USE' })).length, 2)
  assert.deepEqual(await ids({ enterprise_project_id: crypto.randomUUID() }), [])
  assert.equal((await ids({ enterprise_project_id: '0' })).length, 50)
  assert.deepEqual(
    (await list(desk, 'server', { status: 'active' })).map(one => one.id),
    [server.id],
  )
  assert.deepEqual(await list(desk, 'server', {}, bob), [])
})

test('types and instances that do not exist', async () => {
  await using desk = await openDesk()
  const server = aServer()
  desk.servers.push(server)
  for (const type of ['turbo', 'workspace', 'workspace_v2']) assert.deepEqual(await list(desk, type), [])
  await refused('6302', show(desk, 'disk', server.id))
  await refused('6302', show(desk, 'server', server.id, bob))
  await refused('6302', show(desk, 'turbo', server.id))
  await refused('6302', show(desk, 'server', 'db-01'))
})
