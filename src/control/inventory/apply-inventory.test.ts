import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict'
import { mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteCatalog } from '../../adapters/catalog/sqlite.ts'
import { localDisks } from '../../adapters/disks/local.ts'
import { localProtectables } from '../../adapters/protectables/local.ts'
import { isUuid } from '../../contract/ids.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { Fault } from '../../ports/fault.ts'
import { applyInventory, type InventoryPorts } from './apply-inventory.ts'
import type { Inventory, NamedDisk } from './inventory-rules.ts'
import { stableId } from './stable-id.ts'

const alpha = '0605767b5780d5762fc5c0118072a564'
const beta = '075e6035d300d48c2fd0c00b78b71ebf'
const day = (at: number) => new Date(Date.UTC(2026, 0, at))
const project = (id: string, name: string, domainName: string) =>
  ({ id, name, domainName, domainId: domainName, enabled: true, description: '' }) as const

async function setting(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'inventory-'))
  const catalog = await openSqliteCatalog({ file: ':memory:' })
  context.after(async () => {
    await catalog.close()
    await rm(folder, { recursive: true })
  })
  const warnings: object[] = []
  const ignore = () => undefined
  const log = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (facts: object) => warnings.push(facts),
    child: () => log,
  }
  let now = day(1)
  const ports: InventoryPorts = {
    catalog,
    identity: { projects: () => [project(alpha, 'alpha', 'acme'), project(beta, 'beta', 'acme')] },
    disks: localDisks(),
    now: () => now,
    log,
    settings: {
      region: 'local-1',
      availabilityZone: 'local-1a',
      mostVaults: 9,
      mostWebhooks: 9,
      smallestVaultGb: 1,
      disksFolder: join(folder, 'disks'),
      importsFolder: join(folder, 'imports'),
    },
  }
  const disk = async (name: string, bytes = 1000): Promise<NamedDisk> => {
    const path = join(folder, `${name}.raw`)
    await writeFile(path, '')
    await truncate(path, bytes)
    return { project: 'alpha', name, path, format: 'raw' }
  }
  const start = (inventory: Partial<Inventory>, at = day(1)) => {
    now = at
    return applyInventory(ports, { disks: [], servers: [], ...inventory })
  }
  return { folder, catalog, ports, disk, start, warnings, protectables: localProtectables(catalog) }
}

test('a server with its disks, and a disk of its own, are there with the ids they keep', async context => {
  const { disk, start, protectables } = await setting(context)
  const disks = [await disk('data', 2000), await disk('root', 3000), await disk('lone', 4000)]
  const servers = [{ project: 'acme/alpha', name: 'db-01', disks: ['root', 'data'] }]
  await start({ disks, servers })
  const first = [await protectables.servers(alpha), await protectables.disks(alpha)] as const
  const [server] = first[0]
  equal(server?.name, 'db-01')
  equal(server?.status, 'ACTIVE')
  deepEqual(
    server?.disks.map(it => [it.name, it.sizeBytes, it.status, it.device, it.bootable, it.serverId]),
    [
      ['root', 3000, 'in-use', '/dev/vda', true, server?.id],
      ['data', 2000, 'in-use', '/dev/vdb', false, server?.id],
    ],
  )
  const lone = first[1].find(it => it.name === 'lone')
  deepEqual([lone?.status, lone?.bootable, lone && 'device' in lone], ['available', false, false])
  for (const { id } of [...first[0], ...first[1]]) ok(isUuid(id))
  equal(new Set([...first[0], ...first[1]].map(({ id }) => id)).size, 4)

  await start({ disks: disks.toReversed(), servers }, day(2))
  const again = [await protectables.servers(alpha), await protectables.disks(alpha)] as const
  deepEqual(again, first)
  deepEqual(await protectables.server(alpha, server?.id ?? ''), server)
  deepEqual(await protectables.disk(alpha, lone?.id ?? ''), lone)
  deepEqual(await protectables.server(beta, server?.id ?? ''), undefined)
  deepEqual(await protectables.disks(beta), [])
})

test('an id that is given is taken; without one it hangs on project, kind and name', async context => {
  const { disk, start, protectables } = await setting(context)
  const id = '11111111-2222-4333-8444-555555555555'
  await start({
    disks: [
      { ...(await disk('a')), id },
      { ...(await disk('b')), project: alpha },
    ],
  })
  ok(await protectables.disk(alpha, id))
  ok(await protectables.disk(alpha, await stableId(alpha, 'disk', 'b')))
  equal(await stableId(alpha, 'disk', 'b'), '35fe5cc4-6e7d-54d3-888e-8e5efddb9090')
  notEqual(await stableId(beta, 'disk', 'b'), await stableId(alpha, 'disk', 'b'))
  notEqual(await stableId(alpha, 'server', 'b'), await stableId(alpha, 'disk', 'b'))
})

test('what changed in the configuration or on the disk is corrected, nothing else is touched', async context => {
  const { disk, start, catalog, protectables } = await setting(context)
  const root = await disk('root')
  const servers = [{ project: 'alpha', name: 'db-01', disks: ['root'] }]
  await start({ disks: [root], servers })
  const [before] = await catalog.read(({ disks }) => disks.ofProject(alpha))
  await start({ disks: [root], servers }, day(2))
  deepEqual(await catalog.read(({ disks }) => disks.ofProject(alpha)), [before])
  await truncate(root.path, 5000)
  await start({ disks: [root] }, day(3))
  const [after] = await catalog.read(({ disks }) => disks.ofProject(alpha))
  deepEqual([after?.sizeBytes, after?.status, after?.updatedAt, after?.createdAt], [5000, 'available', day(3), day(1)])
  ok(after && !('serverId' in after) && !('device' in after) && !after.bootable)
  deepEqual(await protectables.servers(alpha), [])
  await start({ disks: [root], servers }, day(4))
  const [server] = await protectables.servers(alpha)
  deepEqual(
    server?.disks.map(it => [it.name, it.status, it.device]),
    [['root', 'in-use', '/dev/vda']],
  )
})

test('a file that is missing is a warning and an error status, until it is back', async context => {
  const { disk, start, catalog, warnings } = await setting(context)
  const [here, away] = [await disk('here'), await disk('away', 7000)]
  const row = async (name: string) =>
    (await catalog.read(({ disks }) => disks.ofProject(alpha))).find(it => it.name === name)
  await rename(away.path, `${away.path}.away`)
  await start({ disks: [here, away] })
  equal(warnings.length, 1)
  equal((await row('here'))?.status, 'available')
  deepEqual([(await row('away'))?.status, (await row('away'))?.sizeBytes], ['error', 0])
  match((await row('away'))?.failure ?? '', /ENOENT/)
  await rename(`${away.path}.away`, away.path)
  await start({ disks: [here, away] }, day(2))
  const back = await row('away')
  deepEqual([back?.status, back?.sizeBytes, back && 'failure' in back], ['available', 7000, false])
  await rename(away.path, `${away.path}.away`)
  await start({ disks: [here, away] }, day(3))
  deepEqual([(await row('away'))?.status, (await row('away'))?.sizeBytes], ['error', 7000])
})

test('what a job has under way, or has left as an error, stays', async context => {
  const { disk, start, catalog } = await setting(context)
  const [busy, failed] = [await disk('busy'), await disk('failed')]
  await start({ disks: [busy, failed] })
  const ids = await Promise.all(['busy', 'failed'].map(name => stableId(alpha, 'disk', name)))
  await catalog.change(async ({ disks }) => {
    await disks.update(ids[0] ?? '', { status: 'restoring-backup' })
    await disks.update(ids[1] ?? '', { status: 'error', failure: 'a restore stopped half way' })
  })
  const before = await catalog.read(({ disks }) => disks.ofProject(alpha))
  await start({ disks: [busy, failed] }, day(2))
  deepEqual(await catalog.read(({ disks }) => disks.ofProject(alpha)), before)
  await start({}, day(3))
  deepEqual(
    (await catalog.read(({ disks }) => disks.ofProject(alpha))).map(({ status }) => status),
    ['restoring-backup'],
  )
})

test('what is named no longer goes, unless a vault has it; named again it is the same', async context => {
  const { disk, start, catalog, protectables } = await setting(context)
  const disks = [await disk('root'), await disk('kept'), await disk('free')]
  const servers = [{ project: 'alpha', name: 'db-01', disks: ['root'] }]
  await start({ disks, servers })
  const before = [await protectables.servers(alpha), await protectables.disks(alpha)]
  const [kept, server] = [await stableId(alpha, 'disk', 'kept'), await stableId(alpha, 'server', 'db-01')]
  const known = await catalog.read(it => it.disks.find(alpha, kept))
  ok(known)
  const volume = { ...known, id: crypto.randomUUID(), managed: true }
  await catalog.change(async records => {
    await records.vaults.insert(vault)
    await records.disks.insert(volume)
    for (const [id, type] of [
      [kept, 'OS::Cinder::Volume'],
      [server, 'OS::Nova::Server'],
    ] as const)
      await records.resources.put({ ...resource, id, type })
  })
  await start({}, day(2))
  await start({}, day(3))
  const left = await catalog.read(it => it.disks.ofProject(alpha))
  deepEqual(
    left.map(it => [it.id, it.status]).sort(),
    [
      [kept, 'error'],
      [volume.id, 'available'],
    ].sort(),
  )
  const row = left.find(({ id }) => id === kept)
  equal(row?.updatedAt.getTime(), day(2).getTime())
  match(row?.failure ?? '', /names it no longer/)
  deepEqual(
    (await protectables.servers(alpha)).map(it => [it.status, it.disks.length]),
    [['ERROR', 0]],
  )
  await start({ disks, servers }, day(4))
  await catalog.change(it => it.disks.remove(volume.id))
  const ids = (list: readonly { id: string; status: string }[]) => list.map(it => `${it.id} ${it.status}`).sort()
  deepEqual(ids(await protectables.servers(alpha)), ids(before[0] ?? []))
  deepEqual(ids(await protectables.disks(alpha)), ids(before[1] ?? []))
})

const vault: VaultRecord = {
  id: 'ba6a2c40-0c0b-4c0e-9e39-7f4d6f0d6a11',
  projectId: alpha,
  name: 'v',
  description: '',
  userId: 'u',
  createdAt: day(1),
  updatedAt: day(1),
  status: 'available',
  objectType: 'disk',
  protectType: 'backup',
  consistentLevel: 'crash_consistent',
  cloudType: 'public',
  chargingMode: 'post_paid',
  sizeGb: 100,
  usedBytes: 0,
  isMultiAz: false,
  autoBind: false,
  autoExpand: false,
  smnNotify: false,
  threshold: 80,
  locked: false,
  demandBilling: false,
  enterpriseProjectId: '0',
  bindTags: [],
}

const resource: Omit<ResourceRecord, 'id' | 'type'> = {
  vaultId: vault.id,
  projectId: alpha,
  name: 'r',
  sizeBytes: 1,
  protectStatus: 'available',
  autoProtect: false,
  excludeVolumes: [],
  includeVolumes: [],
  addedAt: day(1),
  backupBytes: 0,
  backupCount: 0,
}

test('mistakes are named all at once, and nothing has happened', async context => {
  const { disk, start, protectables } = await setting(context)
  const [a, b] = [await disk('a'), await disk('b')]
  const inventory = {
    disks: [a, a, { ...b, id: 'B' }, { ...b, name: 'c' }, { ...(await disk('d')), project: 'nobody' }],
    servers: [
      { project: 'alpha', name: 's', disks: ['a', 'none'] },
      { project: 'alpha', name: 't', disks: ['a'] },
    ],
  }
  await rejects(start(inventory), (error: unknown) => {
    ok(error instanceof Fault)
    for (const wanted of [
      /disk a .* named twice/,
      /disk b .* lower-case UUID/,
      /disk c .* another disk's/,
      /disk d .* no such project/,
      /server s .* no disk none/,
      /server t .* disk a is attached/,
    ])
      match(error.message, wanted)
    return true
  })
  deepEqual(await protectables.disks(alpha), [])
})

test('a name that several projects have has to be told apart', async context => {
  const { disk, start, ports, protectables } = await setting(context)
  const projects = () => [project(alpha, 'same', 'acme'), project(beta, 'same', 'other')]
  Object.assign(ports.identity, { projects })
  const named = await disk('a')
  await rejects(start({ disks: [{ ...named, project: 'same' }] }), /several projects/)
  await start({ disks: [{ ...named, project: 'other/same' }] })
  equal((await protectables.disks(beta)).length, 1)
})
