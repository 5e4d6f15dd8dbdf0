/** The listing of backups against a plain model of semantics 5.5 and 8.6. */
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { GIB } from '../../contract/sizes.ts'
import type { BackupFilter, BackupRecord, BackupSortKey, VisibleBackup } from '../../ports/catalog/backup.ts'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { aBackup, aMember, aProject, at, aVault } from './samples.ts'
import {
  checkPages,
  fits,
  given,
  keysOf,
  limits,
  maybe,
  moments,
  NAMES,
  type Of,
  orders,
  RUNS,
  seldom,
  sorted,
} from './suite-pages.ts'

const STATUSES = ['available', 'error', 'restoring'] as const

export function backupListingTests(catalog: () => Catalog): void {
  test('backups: own, shared and both, by every filter, in every order, on every page', () =>
    fc.assert(
      fc.asyncProperty(fc.array(backupSpec, { maxLength: 16 }), backupQuestion, (specs, question) =>
        checkBackups(catalog(), specs, question),
      ),
      { numRuns: 3 * RUNS },
    ))
}

const backupSpec = fc.record({
  mine: fc.boolean(),
  vault: fc.integer({ min: 0, max: 1 }),
  child: fc.boolean(),
  share: fc.constantFrom(undefined, 'pending', 'accepted', 'rejected'),
  fields: given<Partial<BackupRecord>>({
    name: fc.constantFrom(...NAMES),
    status: fc.constantFrom(...STATUSES),
    imageType: fc.constantFrom('backup', 'replication'),
    resourceId: fc.constantFrom('r1', 'r2'),
    resourceName: fc.constantFrom('db-01', 'db-02'),
    checkpointId: fc.constantFrom('c1', 'c2'),
    createdAt: moments,
    updatedAt: moments,
    protectedAt: maybe(moments),
    expiredAt: maybe(moments),
    autoTrigger: fc.boolean(),
    incremental: fc.boolean(),
  }),
})

const backupQuestion = fc.record({
  limit: limits,
  order: orders<BackupSortKey>('created_at', 'updated_at', 'name', 'status', 'protected_at', 'id'),
  ofParent: seldom(fc.nat({ max: 3 })),
  ids: seldom(fc.array(fc.nat({ max: 15 }), { maxLength: 5 })),
  vault: seldom(fc.integer({ min: 0, max: 3 })),
  filter: given<BackupFilter>({
    ownType: fc.constantFrom('private', 'shared', 'all_granted'),
    memberStatus: seldom(fc.constantFrom('pending', 'accepted', 'rejected')),
    checkpointId: seldom(fc.constantFrom('c1', 'c2')),
    resourceId: seldom(fc.constantFrom('r1', 'r2')),
    resourceName: seldom(fc.constantFrom('db-01', 'db-02')),
    resourceType: seldom(fc.constantFrom('OS::Nova::Server', 'OS::Cinder::Volume')),
    resourceAz: seldom(fc.constantFrom('az-1', 'az-2')),
    enterpriseProjectId: seldom(fc.constantFrom('0', '1')),
    imageType: seldom(fc.constantFrom('backup', 'replication')),
    name: seldom(fc.constantFrom(...NAMES)),
    statuses: seldom(fc.subarray([...STATUSES])),
    createdFrom: seldom(moments),
    createdTo: seldom(moments),
    incremental: seldom(fc.boolean()),
    usedPercent: seldom(fc.constantFrom(1, 50, 51, 100)),
    keptByCount: seldom(fc.boolean()),
  }),
})

interface World {
  readonly project: string
  readonly vaults: readonly VaultRecord[]
  readonly backups: readonly BackupRecord[]
  readonly members: readonly MemberRecord[]
}

/** Mine and theirs; what is theirs may be shared to me, what is mine to them. */
function worldOf(specs: readonly Of<typeof backupSpec>[]): World {
  const [project, theirs] = [aProject(), aProject()]
  const used = [0, 50 * GIB, 100 * GIB, 51 * GIB]
  const vaults = used.map((usedBytes, n) => aVault(n < 2 ? project : theirs, { usedBytes }))
  const backups: BackupRecord[] = []
  const members: MemberRecord[] = []
  for (const { mine, vault, child, share, fields } of specs) {
    const home = vaults[mine ? vault : 2 + vault] as VaultRecord
    const parent = child ? backups.find(one => one.projectId === home.projectId && !one.parentId) : undefined
    const backup = aBackup(home, { ...fields, ...(parent && { parentId: parent.id }) })
    backups.push(backup)
    if (!share || parent) continue
    const accepting = vaults[mine ? 2 + vault : vault] as VaultRecord
    const answered = share === 'accepted' ? { vaultId: accepting.id } : {}
    members.push(aMember(backup, { destProjectId: mine ? theirs : project, status: share, ...answered }))
  }
  return { project, vaults, backups, members }
}

/** Semantics 5.5 and 8.6, plainly. */
function expectedBackups({ project, vaults, backups, members }: World, filter: BackupFilter): readonly VisibleBackup[] {
  const seen: VisibleBackup[] = []
  for (const backup of backups) {
    const share = members.find(one => one.backupId === (backup.parentId ?? backup.id) && one.destProjectId === project)
    if (backup.projectId === project && filter.ownType !== 'shared') seen.push({ backup })
    if (!share || filter.ownType === 'private') continue
    const wanted = filter.memberStatus ? share.status === filter.memberStatus : share.status !== 'rejected'
    const member = { status: share.status, ...(share.vaultId && { vaultId: share.vaultId }) }
    if (wanted) seen.push({ backup, member })
  }
  const { checkpointId, resourceId, resourceName, resourceType, resourceAz, imageType, name, incremental } = filter
  const equal = { checkpointId, resourceId, resourceName, resourceType, resourceAz, imageType, name, incremental }
  return seen.filter(({ backup, member }) => {
    const vaultId = member ? member.vaultId : backup.vaultId
    const vault = vaults.find(one => one.id === vaultId)
    return (
      fits(backup, { ...equal, enterpriseProjectId: filter.enterpriseProjectId }) &&
      backup.parentId === filter.parentId &&
      (filter.ids?.includes(backup.id) ?? true) &&
      (filter.statuses?.includes(backup.status) ?? true) &&
      (filter.vaultId === undefined || vaultId === filter.vaultId) &&
      backup.createdAt >= (filter.createdFrom ?? at(-1)) &&
      backup.createdAt <= (filter.createdTo ?? at(99)) &&
      (filter.usedPercent === undefined ||
        (vault && vault.usedBytes / vault.sizeGb / GIB >= filter.usedPercent / 100)) &&
      (filter.keptByCount === undefined ||
        (backup.autoTrigger && (backup.expiredAt === undefined) === filter.keptByCount))
    )
  })
}

async function checkBackups(
  catalog: Catalog,
  specs: Parameters<typeof worldOf>[0],
  question: Of<typeof backupQuestion>,
): Promise<void> {
  const world = worldOf(specs)
  await catalog.change(async records => {
    for (const vault of world.vaults) await records.vaults.insert(vault)
    await records.backups.insert(world.backups)
    await records.members.insert(world.members)
  })
  const parents = world.backups.filter(backup => !backup.parentId)
  const parentId = question.ofParent === undefined ? undefined : parents[question.ofParent]?.id
  const vaultId = question.vault === undefined ? undefined : world.vaults[question.vault]?.id
  const filter: BackupFilter = {
    ...question.filter,
    ...(parentId !== undefined && { parentId }),
    ...(vaultId !== undefined && { vaultId }),
    ...(question.ids && { ids: question.ids.map(n => world.backups[n]?.id ?? randomUUID()) }),
  }
  const expected = sorted(
    expectedBackups(world, filter),
    keysOf(question.order, ({ backup }) => backup),
  )
  await checkPages(
    page => catalog.read(({ backups }) => backups.list(world.project, filter, question.order, page)),
    expected,
    question.limit,
    ({ backup }) => backup.id,
  )
}
