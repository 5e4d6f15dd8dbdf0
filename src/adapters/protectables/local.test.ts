import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import { openSqliteCatalog } from '../catalog/sqlite.ts'
import { localProtectables } from './local.ts'

const at = new Date(Date.UTC(2026, 0, 1))
const server = { id: 's', projectId: 'alpha', name: 'db', status: 'SHUTOFF', availabilityZone: 'z', createdAt: at }

const disk = (id: string, more: Partial<DiskRecord>): DiskRecord => ({
  id,
  projectId: 'alpha',
  name: `disk ${id}`,
  description: '',
  sizeBytes: 10,
  path: `/disks/${id}`,
  format: 'raw',
  status: 'in-use',
  bootable: false,
  availabilityZone: 'z',
  volumeType: 'local',
  createdAt: at,
  updatedAt: at,
  managed: false,
  metadata: {},
  ...more,
})

test('a server has its own disks, the system disk first, then as they are attached', async () => {
  const catalog = await openSqliteCatalog({ file: ':memory:' })
  await catalog.change(async ({ disks, servers }) => {
    await servers.put(server)
    await servers.put({ ...server, id: 'empty' })
    await disks.insert(disk('27th', { serverId: 's', device: '/dev/vdaa' }))
    await disks.insert(disk('2nd', { serverId: 's', device: '/dev/vdb' }))
    await disks.insert(disk('root', { serverId: 's', device: '/dev/vdz', bootable: true }))
    await disks.insert(disk('lone', { status: 'available' }))
    await disks.insert(disk('other', { projectId: 'beta', serverId: 's', device: '/dev/vdc' }))
  })
  const protectables = localProtectables(catalog)
  const found = await protectables.server('alpha', 's')
  equal(found?.status, 'SHUTOFF')
  deepEqual(
    found?.disks.map(({ id }) => id),
    ['root', '2nd', '27th'],
  )
  deepEqual((await protectables.servers('alpha')).map(it => [it.id, it.disks.length]).sort(), [
    ['empty', 0],
    ['s', 3],
  ])
  deepEqual((await protectables.disks('alpha')).map(({ id }) => id).sort(), ['27th', '2nd', 'lone', 'root'])
  deepEqual(await protectables.disk('alpha', 'lone'), {
    id: 'lone',
    projectId: 'alpha',
    name: 'disk lone',
    sizeBytes: 10,
    status: 'available',
    bootable: false,
    encrypted: false,
    shareable: false,
    availabilityZone: 'z',
    createdAt: at,
  })
  await catalog.close()
})

test('what is not there, or is another project’s, is undefined', async () => {
  const catalog = await openSqliteCatalog({ file: ':memory:' })
  await catalog.change(async ({ disks, servers }) => {
    await servers.put(server)
    await disks.insert(disk('d', {}))
  })
  const protectables = localProtectables(catalog)
  equal(await protectables.server('alpha', 'none'), undefined)
  equal(await protectables.disk('alpha', 'none'), undefined)
  equal(await protectables.server('beta', 's'), undefined)
  equal(await protectables.disk('beta', 'd'), undefined)
  deepEqual([await protectables.servers('beta'), await protectables.disks('beta')], [[], []])
  await catalog.close()
})
