/** The other listings against plain models. */
import { test } from 'node:test'
import fc from 'fast-check'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { MemberFilter, MemberRecord, MemberSortKey } from '../../ports/catalog/member.ts'
import type { OperationLogFilter, OperationLogRecord } from '../../ports/catalog/operation-log.ts'
import type { VaultFilter, VaultRecord } from '../../ports/catalog/vault.ts'
import { aBackup, aLog, aMember, anAudit, anImage, aProject, aResource, at, aVault } from './samples.ts'
import {
  checkPages,
  fits,
  given,
  keysOf,
  limits,
  maybe,
  moments,
  NAMES,
  NEWEST,
  type Of,
  orders,
  RUNS,
  seldom,
  sorted,
} from './suite-pages.ts'

export function listingTests(catalog: () => Catalog): void {
  test('members: by every filter, in every order, on every page', () =>
    fc.assert(
      fc.asyncProperty(memberCase, one => checkMembers(catalog(), one)),
      { numRuns: RUNS },
    ))
  test('vaults: by every filter, on every page', () =>
    fc.assert(
      fc.asyncProperty(vaultCase, one => checkVaults(catalog(), one)),
      { numRuns: RUNS },
    ))
  test('operation logs: by every filter, on every page', () =>
    fc.assert(
      fc.asyncProperty(logCase, one => checkLogs(catalog(), one)),
      { numRuns: RUNS },
    ))
  test('images and audits: on every page', () => checkOthers(catalog()))
}

const memberStatus = fc.constantFrom('pending', 'accepted', 'rejected')
const memberCase = fc.record({
  members: fc.array(
    given<Partial<MemberRecord>>({
      status: memberStatus,
      createdAt: moments,
      updatedAt: maybe(moments),
      imageId: maybe(fc.constantFrom('i1', 'i2')),
    }),
    { maxLength: 10 },
  ),
  filter: given<MemberFilter>({ status: seldom(memberStatus), imageId: seldom(fc.constantFrom('i1', 'i2')) }),
  recipient: seldom(fc.nat({ max: 9 })),
  order: orders<MemberSortKey>('created_at', 'updated_at', 'status', 'id', 'dest_project_id'),
  limit: limits,
})

async function checkMembers(catalog: Catalog, { members: fields, order, limit, ...asked }: Of<typeof memberCase>) {
  const vault = aVault(aProject())
  const [backup, another] = [aBackup(vault), aBackup(vault)]
  const members = fields.map(some => aMember(backup, some))
  await catalog.change(async records => {
    await records.vaults.insert(vault)
    await records.backups.insert([backup, another])
    await records.members.insert([...members, aMember(another)])
  })
  const destProjectId = asked.recipient === undefined ? undefined : members[asked.recipient]?.destProjectId
  const filter = { ...asked.filter, ...(destProjectId !== undefined && { destProjectId }) }
  await checkPages(
    page => catalog.read(records => records.members.list(backup.id, filter, order, page)),
    sorted(
      members.filter(member => fits(member, filter)),
      keysOf(order, member => member),
    ),
    limit,
    ({ id }) => id,
  )
}

const vaultCase = fc.record({
  vaults: fc.array(
    given<Partial<VaultRecord>>({
      name: fc.constantFrom(...NAMES),
      createdAt: moments,
      objectType: fc.constantFrom('server', 'disk'),
      status: fc.constantFrom('available', 'lock'),
      availabilityZone: maybe(fc.constantFrom('az-1', 'az-2')),
    }),
    { maxLength: 9 },
  ),
  resources: fc.array(fc.record({ vault: fc.nat({ max: 8 }), id: fc.constantFrom('r1', 'r2', 'r3') }), {
    maxLength: 6,
  }),
  filter: given<VaultFilter>({
    name: seldom(fc.constantFrom(...NAMES)),
    objectType: seldom(fc.constantFrom('server', 'disk')),
    protectType: seldom(fc.constantFrom('backup', 'hybrid')),
    cloudType: seldom(fc.constantFrom('public', 'hybrid')),
    status: seldom(fc.constantFrom('available', 'lock')),
    enterpriseProjectId: seldom(fc.constantFrom('0', '1')),
    availabilityZone: seldom(fc.constantFrom('az-1', 'az-2')),
    resourceIds: seldom(fc.subarray(['r1', 'r2', 'never'])),
  }),
  ids: seldom(fc.array(fc.nat({ max: 9 }), { maxLength: 4 })),
  limit: limits,
})

async function checkVaults(
  catalog: Catalog,
  { vaults: fields, resources, ids, limit, ...asked }: Of<typeof vaultCase>,
) {
  const project = aProject()
  const vaults = fields.map(some => aVault(project, some))
  const bound = resources.flatMap(({ vault, id }) => {
    const home = vaults[vault]
    return home ? [aResource(home, { id })] : []
  })
  await catalog.change(async records => {
    for (const vault of [...vaults, aVault(aProject())]) await records.vaults.insert(vault)
    for (const resource of bound) await records.resources.put(resource)
  })
  const filter: VaultFilter = { ...asked.filter, ...(ids && { ids: ids.map(n => vaults[n]?.id ?? 'never') }) }
  const { resourceIds, ids: wanted, ...equal } = filter
  const expected = vaults.filter(
    vault =>
      fits(vault, equal) &&
      (wanted?.includes(vault.id) ?? true) &&
      (resourceIds === undefined || bound.some(({ vaultId, id }) => vaultId === vault.id && resourceIds.includes(id))),
  )
  await checkPages(
    page => catalog.read(records => records.vaults.list(project, filter, page)),
    sorted(
      expected,
      keysOf(NEWEST, vault => vault),
    ),
    limit,
    ({ id }) => id,
  )
}

/** Backups have the names that clients give them. */
const DETAILS: readonly OperationLogRecord['detail'][] = [
  {},
  { backup: { backup_id: 'b', backup_name: '"destination_region":"north-1"' } },
  ...['north_1', 'north-1'].flatMap(region =>
    ['p1', 'p2'].map(project => ({
      replication: {
        destination_backup_name: '","destination_project_id":"p2"',
        destination_project_id: project,
        destination_region: region,
        source_backup_id: 'b',
        source_project_id: 'p1',
        source_region: 'north-1',
      },
    })),
  ),
]
const logCase = fc.record({
  logs: fc.array(
    given<Partial<OperationLogRecord>>({
      type: fc.constantFrom('backup', 'replication'),
      status: fc.constantFrom('running', 'success'),
      createdAt: moments,
      startedAt: moments,
      endedAt: maybe(moments),
      providerId: maybe(fc.constantFrom('p1', 'p2')),
      vaultId: maybe(fc.constantFrom('v1', 'v2')),
      vaultName: maybe(fc.constantFrom(...NAMES)),
      resource: fc.constantFrom('r1', 'r2').map(id => ({ id, name: `name of ${id}`, type: 'OS::Nova::Server' })),
      detail: fc.constantFrom(...DETAILS),
    }),
    { maxLength: 12 },
  ),
  filter: given<OperationLogFilter>({
    type: seldom(fc.constantFrom('backup', 'replication')),
    status: seldom(fc.constantFrom('running', 'success')),
    providerId: seldom(fc.constantFrom('p1', 'p2')),
    vaultId: seldom(fc.constantFrom('v1', 'v2')),
    vaultName: seldom(fc.constantFrom(...NAMES)),
    enterpriseProjectId: seldom(fc.constantFrom('e1', 'e2', '0')),
    resourceId: seldom(fc.constantFrom('r1', 'r2')),
    resourceName: seldom(fc.constantFrom('name of r1', 'name of r2')),
    startedFrom: seldom(moments),
    endedTo: seldom(moments),
    destinationRegion: seldom(fc.constantFrom('north_1', 'north-1')),
    destinationProjectId: seldom(fc.constantFrom('p1', 'p2')),
  }),
  limit: limits,
})

async function checkLogs(catalog: Catalog, { logs: fields, filter: asked, limit }: Of<typeof logCase>) {
  const project = aProject()
  const vault = aVault(project, { enterpriseProjectId: 'e1' })
  // `v1` is there, `v2` is gone.
  const placed = <T extends { readonly vaultId?: string | undefined }>(some: T): T =>
    some.vaultId === 'v1' ? { ...some, vaultId: vault.id } : some
  const logs = fields.map(some => aLog(project, placed(some)))
  await catalog.change(async ({ vaults, operationLogs }) => {
    await vaults.insert(vault)
    await operationLogs.insert([...logs, aLog(aProject())])
  })
  const filter = placed(asked)
  const { resourceId, resourceName, startedFrom, endedTo, ...named } = filter
  const { destinationRegion, destinationProjectId, enterpriseProjectId, ...equal } = named
  const destination = { destination_region: destinationRegion, destination_project_id: destinationProjectId }
  const anyDestination = Object.values(destination).some(value => value !== undefined)
  const expected = logs.filter(
    log =>
      fits(log, equal) &&
      fits(log.resource, { id: resourceId, name: resourceName }) &&
      fits({ enterprise: log.vaultId === vault.id ? 'e1' : '0' }, { enterprise: enterpriseProjectId }) &&
      (!anyDestination || log.type === 'replication') &&
      fits(log.detail.replication ?? {}, destination) &&
      (startedFrom === undefined || log.startedAt >= startedFrom) &&
      (endedTo === undefined || (log.endedAt !== undefined && log.endedAt <= endedTo)),
  )
  await checkPages(
    page => catalog.read(({ operationLogs }) => operationLogs.list(project, filter, page)),
    sorted(
      expected,
      keysOf(NEWEST, log => log),
    ),
    limit,
    ({ id }) => id,
  )
}

async function checkOthers(catalog: Catalog): Promise<void> {
  const vault = aVault(aProject())
  const backups = Array.from({ length: 5 }, () => aBackup(vault))
  const images = backups.map((backup, n) => anImage(backup, { createdAt: at(n >> 1) }))
  const audits = backups.map((_, n) => anAudit(vault.projectId, { at: at(n >> 1) }))
  await catalog.change(async records => {
    await records.vaults.insert(vault)
    await records.backups.insert(backups)
    for (const image of images) await records.images.insert(image)
    for (const audit of audits) await records.audits.append(audit)
  })
  await checkPages(
    page => catalog.read(records => records.images.list(vault.projectId, {}, page)),
    sorted(
      images,
      keysOf(NEWEST, image => image),
    ),
    2,
    ({ id }) => id,
  )
  await checkPages(
    page => catalog.read(records => records.audits.list(vault.projectId, {}, page)),
    sorted(
      audits,
      keysOf([{ key: 'at', descending: true }], audit => audit),
    ),
    2,
    ({ id }) => id,
  )
}
